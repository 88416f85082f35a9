import type { AnswerCache, CachedAnswer } from "#core/cache/answer-cache.ts";
import { costPicoUsd as listCostPicoUsd } from "#core/catalog/cost.ts";
import { resolveModel } from "#core/catalog/resolve.ts";
import type { TokenUsage } from "#core/catalog/token-usage.ts";
import type { RequestContext } from "#core/context.ts";
import type { AttemptRecord } from "#core/db/usage-events.ts";
import { type GatewayError, toGatewayError } from "#core/errors.ts";
import { increment } from "#core/observability/metrics.ts";
import { toOpenAiUsage } from "#core/providers/openai/usage.ts";
import { ProviderFailure, type ProviderOutcome } from "#core/providers/provider.ts";
import { failureToError } from "#core/routing/failure-to-error.ts";
import { type AttemptsResult, runAttempts, type Target } from "#core/routing/run-attempts.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";
import { allEnded } from "#core/usage/end-of-request.ts";
import { coveredCharacters } from "#core/usage/estimate.ts";
import type { Meter } from "#core/usage/meter.ts";
import { metered } from "#core/usage/settlement.ts";
import { answerFrames, completionFrames, doneFrame, only, usageFrame } from "./answer-frames.ts";
import { answerHeaders } from "./answer-headers.ts";
import { replayCompletion, replayFrames, toCachedAnswer } from "./cached-answer.ts";
import { ableChoices, checkChatRequest } from "./check-request.ts";
import { inputCharacters } from "./input-size.ts";
import { reportGeneration, reportLateError } from "./report.ts";
import { type ChatCaller, requestParts } from "./request-parts.ts";
import type { RequestScope } from "./request-scope.ts";
import { secondRound } from "./second-round.ts";
import { type Choice, resolveChoices } from "./targets.ts";

/** What the caller gets: a whole completion, or a stream that has begun. */
export interface ChatAnswer {
  readonly headers: Readonly<Record<string, string>>;
  readonly completion?: unknown;
  readonly frames?: AsyncIterable<Buffer | string>;
}

/** Tokens of an answer and what they cost. */
export interface ChatBill {
  readonly usage: TokenUsage;
  /** Undefined for an unknown price. */
  readonly costPicoUsd: bigint | undefined;
}

const defaultRetries = 2;

/** One chat completion from request to settled usage. One is made for each request and used once. */
export class ChatCompletion {
  readonly #call: RequestContext;
  readonly #userId: string;
  readonly #providerKeySlug: string | undefined;
  readonly #request: ChatRequest;
  readonly #choices: readonly [Choice, ...Choice[]];
  readonly #cache: AnswerCache | undefined;
  readonly #scope: RequestScope;
  readonly #meter: Meter;
  readonly #inputCharacters: number;
  readonly #attempts: AttemptRecord[] = [];
  /** The target that was meant to answer. */
  #primary: Target | undefined;
  #result: AttemptsResult | undefined;
  #hit: CachedAnswer | undefined;
  #outcome: ProviderOutcome | undefined;
  #firstTokenAt: number | undefined;
  #error: GatewayError | undefined;
  #ended = false;

  /** @throws GatewayError 400 for what no provider should be asked. */
  constructor(call: RequestContext, request: ChatRequest, caller: ChatCaller) {
    const { principal, providerKeySlug } = caller;
    const { userId } = principal;
    this.#call = call;
    this.#userId = userId;
    this.#providerKeySlug = providerKeySlug;
    this.#request = request;
    this.#inputCharacters = inputCharacters(request);
    const choices = resolveChoices(request, this.#inputCharacters, { userId, providerKeySlug });
    checkChatRequest(request);
    this.#choices = ableChoices(request, choices);
    const facts = { call, request, caller, choices: this.#choices, inputCharacters: this.#inputCharacters };
    const { scope, meter, cache } = requestParts(facts);
    this.#scope = scope;
    this.#meter = meter;
    this.#cache = cache;
    // Runs after the answer has ended, however it ended, and is awaited before the function returns.
    call.afterwards.push(() => this.#settle());
  }

  get signal(): AbortSignal {
    return this.#scope.signal;
  }

  /** What the answer has used until now, as it is metered: nothing for a stored one. An unknown price is undefined. */
  get bill(): ChatBill {
    const usage = metered(this.#outcome, this.#inputCharacters);
    if (this.#hit !== undefined) return { usage, costPicoUsd: 0n };
    return { usage, costPicoUsd: listCostPicoUsd(this.#result?.target.model.catalog, usage) };
  }

  /** Round 2, then the provider. Resolves with the whole answer or the first content. @throws GatewayError */
  async run(): Promise<ChatAnswer> {
    try {
      const { targets, hit } = await secondRound({
        userId: this.#userId,
        providerKeySlug: this.#providerKeySlug,
        choices: this.#choices,
        scope: this.#scope,
        meter: this.#meter,
        cache: this.#cache,
      });
      this.#hit = hit;
      this.#primary = targets[0];
      if (this.#hit !== undefined) return this.#fromCache(this.#hit);
      this.#result = await runAttempts({
        targets,
        request: this.#request,
        retries: this.#request.retries ?? defaultRetries,
        completionId: `chatcmpl-${this.#call.requestId.slice(4)}`,
        signal: this.#scope.signal,
        abortReason: () => this.#scope.reason,
        remainingMs: () => this.#scope.remainingMs(),
        inputCharacters: this.#inputCharacters,
        onAttempt: (attempt) => this.#attempts.push(attempt),
      });
      this.#outcome = this.#result.reply.outcome;
      this.#firstTokenAt = performance.now();
      return this.#toAnswer(this.#result);
    } catch (error) {
      throw this.#note(error);
    }
  }

  /** Whether the stream tells its usage before its end. */
  get #tellsUsage(): boolean {
    return this.#request.stream_options?.include_usage === true;
  }

  /** Resolves once a stream has begun. @throws GatewayError */
  async start(): Promise<Required<Pick<ChatAnswer, "frames" | "headers">>> {
    const { frames, headers } = await this.run();
    if (frames === undefined) throw new Error("A streamed request was answered with a body");
    return { frames, headers };
  }

  /**
   * The output guardrails ended the answer before the provider did: it counts as whole, and is never stored. Returns the
   * frames that close it.
   */
  endBlocked(): string {
    this.#ended = true;
    if (this.#outcome === undefined) return doneFrame;
    this.#outcome.finishReason = "content_filter";
    const usage = metered(this.#outcome, this.#inputCharacters);
    return (
      (this.#tellsUsage ? usageFrame(this.#facts(this.#choices[0].model.id), toOpenAiUsage(usage)) : "") + doneFrame
    );
  }

  /** Notes a failure for the usage event and turns it into what the caller sees. */
  #note(thrown: unknown): GatewayError {
    this.#error ??= this.#toError(thrown);
    return this.#error;
  }

  /** The same for a failure after the status line. */
  readonly fail = (thrown: unknown): GatewayError => {
    const error = this.#note(thrown);
    if (error.code === "INTERNAL_ERROR") reportLateError(this.#call, error.cause ?? thrown);
    return error;
  };

  #toError(thrown: unknown): GatewayError {
    if (this.#scope.signal.aborted) return this.#scope.reason;
    if (!(thrown instanceof ProviderFailure)) return toGatewayError(thrown);
    // A stream that broke after its first content: nothing else is tried.
    increment("ProviderFailures");
    return failureToError(thrown, {
      byok: this.#result?.target.byok ?? false,
      attempts: this.#attempts.slice(-1),
      fellBack: false,
      hasTools: false,
    });
  }

  /** A stored answer, in the form that the caller asks for. */
  #fromCache(hit: CachedAnswer): ChatAnswer {
    this.#ended = true;
    const { startedAt } = this.#call;
    const { model, provider, simulated } = hit;
    const facts = { startedAt, providerMs: 0, model, provider, simulated, cache: this.#cacheState } as const;
    const headers = answerHeaders({ ...facts, attempts: 0, warnings: [] });
    if (this.#request.stream !== true) return { headers, completion: replayCompletion(hit) };
    return { headers, frames: only(replayFrames(hit, this.#tellsUsage)) };
  }

  #facts(model: string): { readonly id: string; readonly created: number; readonly model: string } {
    return {
      id: `chatcmpl-${this.#call.requestId.slice(4)}`,
      created: Math.floor(this.#call.startedAtMs / 1_000),
      model,
    };
  }

  #toAnswer(result: AttemptsResult): ChatAnswer {
    const { reply, target, attempts, providerMs } = result;
    const { startedAt } = this.#call;
    const { id: model, provider } = target.model;
    const { simulated, warnings } = reply;
    const served = { startedAt, providerMs, model, provider, simulated, cache: this.#cacheState } as const;
    const headers = answerHeaders({ ...served, attempts: attempts.length, warnings });
    if (this.#request.stream !== true) {
      if (reply.kind !== "completion") throw new Error("An unstreamed request was answered with a stream");
      this.#ended = true;
      return { headers, completion: reply.completion };
    }
    const facts = this.#facts(target.model.id);
    if (reply.kind === "completion") {
      this.#ended = true;
      const own = { ...facts, id: reply.completion.id };
      const body = completionFrames(reply.completion, own);
      const told = reply.completion.usage ?? toOpenAiUsage(metered(this.#outcome, this.#inputCharacters));
      const usage = this.#tellsUsage ? usageFrame(own, told) : "";
      return { headers, frames: only(body + usage + doneFrame) };
    }
    const { catalog } = target.model;
    return {
      headers,
      frames: answerFrames({
        stream: reply,
        facts,
        includeUsage: this.#tellsUsage,
        usage: () => metered(this.#outcome, this.#inputCharacters),
        coveredCharacters: target.byok
          ? Number.POSITIVE_INFINITY
          : coveredCharacters(catalog, this.#meter.reservedPicoUsd),
        extend: async () =>
          (await this.#meter.extend()) ? coveredCharacters(catalog, this.#meter.reservedPicoUsd) : undefined,
        onPart: this.#cache === undefined ? undefined : (part) => this.#cache?.collect(part),
        onEnd: () => {
          this.#ended = true;
        },
      }),
    };
  }

  /** What the cache did for this request. */
  get #cacheState(): "HIT" | "MISS" | "BYPASS" {
    if (this.#hit !== undefined) return "HIT";
    return this.#cache === undefined ? "BYPASS" : "MISS";
  }

  /** What may be stored: a whole answer of the model that was asked for, never a fallback's. */
  #toCache(usage: TokenUsage): Parameters<AnswerCache["finish"]>[0] {
    const result = this.#result;
    if (result === undefined || !this.#ended || this.#error !== undefined) return "free";
    if (result.target !== this.#primary) return "unstorable";
    return toCachedAnswer({ result, usage, frames: this.#cache?.collected, choices: this.#request.n ?? 1 });
  }

  async #settle(): Promise<void> {
    this.#scope.close();
    const asked = this.#choices[0].model;
    const served = this.#result?.target.model ?? (this.#hit === undefined ? asked : resolveModel(this.#hit.model));
    const usage = metered(this.#outcome, this.#inputCharacters);
    const whole = this.#ended && this.#error === undefined;
    const status = whole ? "ok" : this.#scope.wasCancelled ? "cancelled" : "error";
    const sinceStart = (at: number): number => at - this.#call.startedAt;
    const timeToFirstTokenMs = this.#firstTokenAt === undefined ? undefined : sinceStart(this.#firstTokenAt);
    const byok = this.#result?.target.byok ?? false;
    const cacheHit = this.#hit !== undefined;
    const [total] = await allEnded([
      this.#meter.settle({
        status,
        code: this.#error?.code,
        usage,
        served,
        byok,
        cacheHit,
        attempts: this.#attempts,
        latencyMs: sinceStart(performance.now()),
        timeToFirstTokenMs,
      }),
      this.#cache?.finish(this.#toCache(usage)),
    ]);
    if (this.#error !== undefined) this.#call.errorCode = this.#error.code;
    reportGeneration(this.#call, {
      operation: "chat",
      asked,
      served,
      outcome: this.#outcome,
      usage: total.usage,
      status,
      costPicoUsd: total.costPicoUsd,
      streamed: this.#request.stream === true,
      cache: this.#cacheState,
      byok,
      attempts: this.#attempts,
      timeToFirstTokenMs,
    });
  }
}

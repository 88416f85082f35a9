import type { KeyPrincipal } from "#core/auth/principal.ts";
import { toUsd } from "#core/catalog/cost.ts";
import type { RequestContext } from "#core/context.ts";
import type { AttemptRecord } from "#core/db/usage-events.ts";
import { type GatewayError, toGatewayError } from "#core/errors.ts";
import { increment } from "#core/observability/metrics.ts";
import { ProviderFailure, type ProviderOutcome } from "#core/providers/provider.ts";
import { failureToError } from "#core/routing/failure-to-error.ts";
import { type AttemptsResult, runAttempts } from "#core/routing/run-attempts.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";
import { coveredCharacters, estimatePicoUsd } from "#core/usage/estimate.ts";
import { Meter } from "#core/usage/meter.ts";
import { metered } from "#core/usage/settlement.ts";
import { answerFrames, completionFrames, doneFrame } from "./answer-frames.ts";
import { checkChatRequest } from "./check-request.ts";
import { inputCharacters } from "./input-size.ts";
import { RequestScope } from "./request-scope.ts";
import { resolveModels, toTargets } from "./targets.ts";

/** What the caller gets: a whole completion, or a stream that has begun. */
export interface ChatAnswer {
  readonly headers: Readonly<Record<string, string>>;
  readonly completion?: unknown;
  readonly frames?: AsyncIterable<Buffer | string>;
}

const defaultTimeoutMs = 60_000;
const defaultRetries = 2;

/** One chat completion from request to settled usage. One is made for each request and used once. */
export class ChatCompletion {
  readonly #call: RequestContext;
  readonly #request: ChatRequest;
  readonly #models: ReturnType<typeof resolveModels>;
  readonly #scope: RequestScope;
  readonly #meter: Meter;
  readonly #inputCharacters: number;
  readonly #attempts: AttemptRecord[] = [];
  #result: AttemptsResult | undefined;
  #outcome: ProviderOutcome | undefined;
  #firstTokenAt: number | undefined;
  #error: GatewayError | undefined;
  #ended = false;

  /** @throws GatewayError 400 for what no provider should be asked. */
  constructor(call: RequestContext, request: ChatRequest, principal: KeyPrincipal) {
    this.#call = call;
    this.#request = request;
    this.#models = resolveModels(request);
    const [model] = this.#models;
    checkChatRequest(request, model);
    this.#inputCharacters = inputCharacters(request);
    const { requestId, startedAtMs, lambdaDeadlineMs } = call;
    this.#scope = new RequestScope({
      userId: principal.userId,
      requestId,
      timeoutMs: request.timeout ?? defaultTimeoutMs,
      startedAtMs,
      lambdaDeadlineMs,
    });
    const maxOutput = request.max_completion_tokens ?? request.max_tokens ?? undefined;
    this.#meter = new Meter({
      userId: principal.userId,
      keyId: principal.keyId,
      requestId,
      generation: 0,
      route: call.route.id,
      model,
      byok: false,
      streamed: request.stream === true,
      reservePicoUsd: estimatePicoUsd(model.catalog, this.#inputCharacters, maxOutput),
      startedAtMs,
      untilMs: lambdaDeadlineMs,
    });
    // Runs after the answer has ended, however it ended, and is awaited before the function returns.
    call.afterwards.push(() => this.#settle());
  }

  get signal(): AbortSignal {
    return this.#scope.signal;
  }

  /** Round 2, then the provider. Resolves with the whole answer or the first content. @throws GatewayError */
  async run(): Promise<ChatAnswer> {
    try {
      await this.#meter.open();
      this.#result = await runAttempts({
        targets: toTargets(this.#models),
        request: this.#request,
        retries: this.#request.retries ?? defaultRetries,
        completionId: `chatcmpl-${this.#call.requestId.slice(4)}`,
        signal: this.#scope.signal,
        abortReason: () => this.#scope.reason,
        remainingMs: () => this.#scope.remainingMs(),
        onAttempt: (attempt) => this.#attempts.push(attempt),
      });
      this.#outcome = this.#result.reply.outcome;
      this.#firstTokenAt = performance.now();
      return this.#toAnswer(this.#result);
    } catch (error) {
      throw this.fail(error);
    }
  }

  /** Resolves once a stream has begun. @throws GatewayError */
  async start(): Promise<{
    readonly frames: AsyncIterable<Buffer | string>;
    readonly headers: Readonly<Record<string, string>>;
  }> {
    const { frames, headers } = await this.run();
    if (frames === undefined) throw new Error("A streamed request was answered with a body");
    return { frames, headers };
  }

  /** Notes a failure for the usage event and turns it into what the caller sees. */
  readonly fail = (thrown: unknown): GatewayError => {
    this.#error ??= this.#toError(thrown);
    return this.#error;
  };

  #toError(thrown: unknown): GatewayError {
    if (this.#scope.signal.aborted) return this.#scope.reason;
    if (!(thrown instanceof ProviderFailure)) return toGatewayError(thrown);
    // A stream that broke after its first content: nothing else is tried.
    increment("ProviderFailures");
    return failureToError(thrown, {
      byok: this.#result?.target.credential?.byok ?? false,
      attempts: this.#attempts.slice(-1),
      fellBack: false,
      hasTools: false,
    });
  }

  #toAnswer(result: AttemptsResult): ChatAnswer {
    const { reply, target } = result;
    const headers = this.#headers(result);
    if (this.#request.stream !== true) {
      if (reply.kind !== "completion") throw new Error("An unstreamed request was answered with a stream");
      this.#ended = true;
      return { headers, completion: reply.completion };
    }
    const facts = {
      id: `chatcmpl-${this.#call.requestId.slice(4)}`,
      created: Math.floor(this.#call.startedAtMs / 1_000),
      model: target.model.id,
    };
    if (reply.kind === "completion") {
      this.#ended = true;
      const text = completionFrames(reply.completion, { ...facts, id: reply.completion.id }) + doneFrame;
      return { headers, frames: only(text) };
    }
    const { catalog } = target.model;
    return {
      headers,
      frames: answerFrames({
        stream: reply,
        facts,
        includeUsage: this.#request.stream_options?.include_usage === true,
        coveredCharacters:
          target.credential?.byok === true
            ? Number.POSITIVE_INFINITY
            : coveredCharacters(catalog, this.#meter.reservedPicoUsd),
        extend: async () =>
          (await this.#meter.extend()) ? coveredCharacters(catalog, this.#meter.reservedPicoUsd) : undefined,
        onEnd: () => {
          this.#ended = true;
        },
      }),
    };
  }

  #headers({ target, reply, attempts, providerMs }: AttemptsResult): Record<string, string> {
    const { model } = target;
    this.#call.metricModel = model.catalog?.id ?? "other";
    this.#call.metricProvider = model.provider;
    const overheadMs = performance.now() - this.#call.startedAt - providerMs;
    increment("GatewayOverheadMs", Math.round(overheadMs));
    return {
      "x-model-used": model.id,
      "x-provider-used": reply.simulated ? `${model.provider} (simulated)` : model.provider,
      "x-attempts": String(attempts.length),
      "x-gateway-overhead-ms": overheadMs.toFixed(1),
      ...(reply.warnings.length === 0 ? {} : { "x-warnings": reply.warnings.join(", ") }),
    };
  }

  async #settle(): Promise<void> {
    this.#scope.close();
    const served = this.#result?.target.model ?? this.#models[0];
    const usage = metered(this.#outcome, this.#inputCharacters);
    const whole = this.#ended && this.#error === undefined;
    const status = whole ? "ok" : this.#scope.wasCancelled ? "cancelled" : "error";
    const sinceStart = (at: number): number => at - this.#call.startedAt;
    const timeToFirstTokenMs = this.#firstTokenAt === undefined ? undefined : sinceStart(this.#firstTokenAt);
    const { costPicoUsd } = await this.#meter.settle({
      status,
      code: this.#error?.code,
      usage,
      served,
      byok: this.#result?.target.credential?.byok ?? false,
      attempts: this.#attempts,
      latencyMs: sinceStart(performance.now()),
      timeToFirstTokenMs,
    });
    if (this.#error !== undefined) this.#call.errorCode = this.#error.code;
    increment("Attempts", this.#attempts.length);
    increment("InputTokens", usage.inputTokens);
    increment("OutputTokens", usage.outputTokens);
    if (timeToFirstTokenMs !== undefined) increment("TimeToFirstTokenMs", Math.round(timeToFirstTokenMs));
    if (costPicoUsd === undefined) increment("UnpricedRequests");
    else increment("CostMicroUsd", Number(costPicoUsd / 1_000_000n));
    Object.assign(this.#call.log, {
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": served.provider,
      "gen_ai.request.model": this.#models[0].id,
      "gen_ai.response.model": this.#outcome?.responseModel?.slice(0, 200),
      "gen_ai.response.finish_reasons":
        this.#outcome?.finishReason === undefined ? undefined : [this.#outcome.finishReason],
      "gen_ai.usage.input_tokens": usage.inputTokens,
      "gen_ai.usage.output_tokens": usage.outputTokens,
      "gen_ai.usage.cache_read.input_tokens": usage.cachedInputTokens,
      "gen_ai.usage.reasoning.output_tokens": usage.reasoningTokens,
      usage_status: status,
      usage_estimated: usage.estimated,
      cost_usd: costPicoUsd === undefined ? null : toUsd(costPicoUsd),
      streamed: this.#request.stream === true,
      attempts: this.#attempts.map(({ provider, result }) => `${provider}:${result}`),
      time_to_first_token_ms: timeToFirstTokenMs === undefined ? undefined : Math.round(timeToFirstTokenMs),
    });
  }
}

async function* only(text: string): AsyncGenerator<string> {
  yield text;
}

import { AnswerCache, type CachedAnswer } from "#core/cache/answer-cache.ts";
import { cacheKey } from "#core/cache/cache-key.ts";
import type { CacheSettings } from "#core/cache/cache-settings.ts";
import { isOwnKeyOnly } from "#core/catalog/provider-ids.ts";
import { type ResolvedModel, resolveModel } from "#core/catalog/resolve.ts";
import { noTokens, type TokenUsage } from "#core/catalog/token-usage.ts";
import type { RequestContext } from "#core/context.ts";
import type { GatewayError } from "#core/errors.ts";
import type { Caller } from "#core/generation/caller.ts";
import type { GenerationEnd, KeepContent } from "#core/generation/generation-parts.ts";
import { type MeteredRequest, meteredRequest, openRequest, settleRequest } from "#core/generation/metered-request.ts";
import { meteredUsage } from "#core/generation/metered-usage.ts";
import { mostExpensive, mostTokens } from "#core/generation/reservation.ts";
import type { AttemptsResult } from "#core/generation/run-attempts.ts";
import { type DialectName, maySpeakDialect, type NativeAnswer, type NativeRequest } from "#core/providers/native.ts";
import { toReportedUsage } from "#core/providers/openai/usage.ts";
import { prepareProvider } from "#core/providers/registry.ts";
import type { Target } from "#core/routing/target.ts";
import { noteThroughput } from "#core/routing/target-stats.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";
import { answerFrames, type ChunkFacts, completionFrames, doneFrame, only, usageFrame } from "./answer-frames.ts";
import { type BegunStream, type ChatReply, callChat } from "./call-provider.ts";
import { type ChatSize, chatSize, reservedSize } from "./call-size.ts";
import { checkChatRequest, longestTimeoutMs, supportedCandidates } from "./check-request.ts";
import { type ChatChoices, resolveChoices } from "./choices.ts";
import { inputCharacters } from "./input-size.ts";

export interface ChatCaller extends Caller {
  /** How the client asked, where it could have asked otherwise. */
  readonly dialect?: DialectName | undefined;
  /** Undefined when the cache is not to be used. */
  readonly cache: CacheSettings | undefined;
  /** Canonical text of the guardrails in force, for the cache's key. */
  readonly guardrailsKey: string;
  /** Id and version of the prompt template, for the cache's key. */
  readonly promptVersion: string | undefined;
  /** The request in the dialect in which it came, where it may reach a provider so. */
  readonly native?: NativeRequest | undefined;
  /** The model's hosts in the order that the request prefers. */
  readonly hosts?: readonly [ResolvedModel, ...ResolvedModel[]] | undefined;
}

/** What the caller gets: a whole completion, or a stream that has begun. */
export interface ChatAnswer {
  readonly headers: Readonly<Record<string, string>>;
  readonly completion?: unknown;
  readonly frames?: AsyncIterable<Buffer | string>;
  /** Set where `frames`, or its body, are in the dialect of the request. */
  readonly native?: NativeAnswer | undefined;
}

/** Tokens of an answer and what they cost. */
export interface ChatBill {
  readonly usage: TokenUsage;
  /** Undefined for an unknown price. */
  readonly costPicoUsd: bigint | undefined;
}

/** What is known of a chat completion before it is admitted. */
interface ChatPlan {
  readonly call: RequestContext;
  readonly request: ChatRequest;
  readonly caller: ChatCaller;
  readonly choices: ChatChoices;
  /** The models that money is reserved for. */
  readonly priced: readonly ResolvedModel[];
  /** Only callers' own keys serve. */
  readonly byok: boolean;
  readonly size: ChatSize;
  readonly completionId: string;
}

const leastMeasuredTokens = 16;
const defaultRetries = 2;
const defaultTimeoutMs = 60_000;

/** How long a request may take, ms. */
export const chatTimeoutMs = ({ timeout }: ChatRequest): number => timeout ?? defaultTimeoutMs;

/** Without the models that cannot be asked what only the dialect's own provider takes. @throws GatewayError where none is left */
const speaking = (choices: ChatChoices, native: NativeRequest | undefined): ChatChoices => {
  if (native?.untranslatable === undefined) return choices;
  const [first, ...others] = choices.filter(({ model }) => maySpeakDialect(model, native.dialect));
  if (first === undefined) throw native.untranslatable;
  return [first, ...others];
};

const planOf = async (call: RequestContext, request: ChatRequest, caller: ChatCaller): Promise<ChatPlan> => {
  const characters = inputCharacters(request);
  const spoken = speaking(resolveChoices(request, characters, caller, caller.hosts), caller.native);
  await checkChatRequest(request);
  const choices = supportedCandidates(request, spoken);
  const models = choices.map(({ model }) => model);
  const payable = models.filter((model) => !isOwnKeyOnly(model));
  // A budget may count it all the same. The prices of a custom provider's models are with its key, which is not read yet.
  const priced = payable.length === 0 ? models.filter(({ provider }) => provider !== "custom") : payable;
  return {
    call,
    request,
    caller,
    choices,
    priced,
    byok: payable.length === 0,
    size: await reservedSize(chatSize(request, caller.native?.body), priced),
    completionId: `chatcmpl-${call.requestId.slice(4)}`,
  };
};

const meteredChat = ({ call, request, caller, choices, priced, byok, size }: ChatPlan): MeteredRequest => {
  const models = choices.map(({ model }) => model);
  return meteredRequest({
    call,
    caller,
    operation: "chat",
    dialect: caller.dialect,
    asked: choices[0].model,
    askedModel: request.model,
    streamed: request.stream === true,
    // What only callers' own keys serve is never paid with the platform's money.
    reserve: mostExpensive(priced, size),
    ...(byok ? { byok } : {}),
    tokens: () => mostTokens(models, size),
    timeoutMs: chatTimeoutMs(request),
    settableMs: longestTimeoutMs(request),
  });
};

const cacheOf = ({ call, request, caller, choices }: ChatPlan, deadlineMs: number): AnswerCache | undefined => {
  const { principal, providerKeySlug, cache, guardrailsKey, promptVersion, native } = caller;
  if (cache === undefined) return undefined;
  const { userId } = principal;
  const [{ model, slug }] = choices;
  const digest = cacheKey({
    userId,
    model,
    request,
    providerKeySlug: slug ?? providerKeySlug,
    guardrails: guardrailsKey,
    promptVersion,
    // What a translation leaves out may change the answer of the dialect's own provider.
    native: native !== undefined && maySpeakDialect(model, native.dialect) ? native.body : undefined,
  });
  return new AnswerCache({ userId, digest, requestId: call.requestId, ttlSeconds: cache.ttlSeconds, deadlineMs });
};

/** One chat completion on top of a generation: its cache and the form of its answer. Used once. */
export class ChatGeneration {
  readonly #plan: ChatPlan;
  readonly #metered: MeteredRequest;
  readonly #cache: AnswerCache | undefined;
  /** The target that was meant to answer. */
  #primary: Target | undefined;
  #result: AttemptsResult<ResolvedModel, ChatReply> | undefined;
  #hit: CachedAnswer | undefined;
  #ended = false;
  /** When its first content was here. */
  #begunAt = 0;

  /** @throws GatewayError 400 for a request that no provider should receive */
  static async of(call: RequestContext, request: ChatRequest, caller: ChatCaller): Promise<ChatGeneration> {
    return new ChatGeneration(await planOf(call, request, caller));
  }

  private constructor(plan: ChatPlan) {
    this.#plan = plan;
    this.#metered = meteredChat(plan);
    this.#cache = cacheOf(plan, this.#metered.scope.deadlineMs);
    // Runs after the answer has ended, however it ended, and is awaited before the function returns.
    plan.call.deferred.push(() => this.#settle());
  }

  get signal(): AbortSignal {
    return this.#metered.scope.signal;
  }

  /** What the answer has used so far, as it is metered: nothing for a stored one. */
  get bill(): ChatBill {
    const { costPicoUsd } = this.#metered.generation.costOf(this.#end);
    return { usage: this.#usage, costPicoUsd };
  }

  /** Notes how it is kept, of a key that records content. */
  record(keep: KeepContent): void {
    this.#metered.generation.record(keep);
  }

  /** Round 2, then the provider. Resolves with the whole answer or the first content. @throws GatewayError */
  async run(): Promise<ChatAnswer> {
    const { choices, caller, request, completionId, size } = this.#plan;
    const cache = this.#cache;
    const findAnswer = cache === undefined ? undefined : (signal: AbortSignal) => cache.find(signal);
    try {
      prepareProvider(choices[0].model.provider, request.stream === true, caller.providerKeySlug !== undefined);
      const { targets, hit } = await openRequest(this.#metered, caller, choices, findAnswer);
      this.#primary = targets[0];
      this.#hit = hit;
      if (hit !== undefined) return await this.#fromCache(hit);
      this.#result = await this.#metered.generation.attempt({
        targets,
        call: callChat(request, size, completionId, caller.native),
        money: { size, purse: this.#metered.admission },
        retries: request.retries ?? defaultRetries,
        namedFallbacks: request.fallback?.length ?? 0,
        hasTools: (request.tools?.length ?? 0) > 0,
      });
      return this.#toAnswer(this.#result.reply, this.#result.target);
    } catch (error) {
      throw this.#metered.generation.fail(error);
    }
  }

  /** Resolves once a stream has begun. @throws GatewayError */
  async start(): Promise<Required<Pick<ChatAnswer, "frames" | "headers">> & Pick<ChatAnswer, "native">> {
    const { frames, headers, native } = await this.run();
    if (frames === undefined) throw new Error("A streamed request was answered with a body");
    return { frames, headers, native };
  }

  /** Notes a failure after the status line and turns it into what the caller sees. */
  fail(thrown: unknown): GatewayError {
    return this.#metered.generation.failLate(thrown);
  }

  /**
   * The output guardrails ended the answer before the provider did: it counts as whole, and is never stored. Returns the
   * frames that close it.
   */
  endBlocked(): string {
    this.#ended = true;
    const outcome = this.#result?.reply.outcome;
    if (outcome === undefined) return doneFrame;
    // Counted before the end is noted: the provider has reported the usage of the beginning at most.
    outcome.usage = this.#usage;
    outcome.finishReason = "content_filter";
    return this.#usageFrame(this.#facts(this.#plan.choices[0].model.id), this.#reportedUsage) + doneFrame;
  }

  get #usage(): TokenUsage {
    const result = this.#result;
    if (result === undefined) return noTokens;
    const { size } = this.#plan;
    const { model } = result.target;
    return meteredUsage(result.reply.outcome, size.inputTokens(model), size.audioTokens?.(model));
  }

  /** The usage that the caller sees. */
  get #reportedUsage(): unknown {
    return toReportedUsage(this.#result?.reply.outcome.reportedUsage, this.#usage);
  }

  /** Why `auto:rated` chose as `auto` does. */
  get #ratedWarnings(): readonly string[] {
    const { caller, choices } = this.#plan;
    return caller.rated?.warnings(choices[0].model.id) ?? [];
  }

  /** What the cache did for this request. */
  get #cacheState(): "HIT" | "MISS" | "BYPASS" {
    if (this.#hit !== undefined) return "HIT";
    return this.#cache === undefined ? "BYPASS" : "MISS";
  }

  get #end(): GenerationEnd {
    return {
      whole: this.#ended,
      usage: this.#usage,
      cache: this.#cacheState,
      servedFromCache: this.#hit === undefined ? undefined : resolveModel(this.#hit.model),
      outcome: this.#result?.reply.outcome,
    };
  }

  /** The usage frame, when the caller asked for usage. */
  #usageFrame(facts: ChunkFacts, usage: unknown): string {
    return this.#plan.request.stream_options?.include_usage === true ? usageFrame(facts, usage) : "";
  }

  #facts(model: string): ChunkFacts {
    const { call, completionId: id } = this.#plan;
    return { id, created: Math.floor(call.startedAtMs / 1_000), model };
  }

  /** A stored answer, in the form that the caller asks for. */
  async #fromCache(hit: CachedAnswer): Promise<ChatAnswer> {
    const { replayCompletion, replayFrames, replayWarnings } = await import("./cached-answer.ts");
    this.#ended = true;
    const { request } = this.#plan;
    const { simulated } = hit;
    const headers = this.#metered.generation.headers({
      simulated,
      warnings: [...this.#ratedWarnings, ...replayWarnings(hit, request)],
      cache: "HIT",
      fromCache: resolveModel(hit.model),
    });
    if (request.stream !== true) return { headers, completion: replayCompletion(hit) };
    return { headers, frames: only(replayFrames(hit, request.stream_options?.include_usage === true)) };
  }

  #toAnswer(reply: ChatReply, target: Target): ChatAnswer {
    const { simulated, warnings, native } = reply;
    const headers = this.#metered.generation.headers({
      simulated,
      warnings: [...this.#ratedWarnings, ...warnings],
      cache: this.#cacheState,
    });
    this.#begunAt = performance.now();
    if (reply.kind === "stream") return { headers, frames: this.#streamed(reply, target), native };
    this.#ended = true;
    this.#noteThroughput();
    const { completion } = reply;
    if (this.#plan.request.stream !== true) return { headers, completion, native };
    const facts = { ...this.#facts(target.model.id), id: completion.id };
    const usage = this.#usageFrame(facts, completion.usage ?? this.#reportedUsage);
    return { headers, frames: only(completionFrames(completion, facts) + usage + doneFrame) };
  }

  #streamed(stream: BegunStream, { model }: Target): AsyncIterable<Buffer | string> {
    const isNative = stream.native !== undefined;
    return answerFrames({
      stream,
      facts: this.#facts(model.id),
      includeUsage: this.#plan.request.stream_options?.include_usage === true,
      usage: () => this.#usage,
      onPart: this.#cache === undefined || isNative ? undefined : (part) => this.#cache?.collect(part),
      onEnd: () => {
        this.#ended = true;
        this.#noteThroughput();
      },
      native: isNative,
    });
  }

  /** What may be stored: a whole answer of the model that was asked for, never a fallback's. */
  async #toCache(): Promise<Parameters<AnswerCache["finish"]>[0]> {
    const result = this.#result;
    if (result === undefined || !this.#ended || this.#metered.generation.error !== undefined) return "free";
    if (result.target !== this.#primary) return "unstorable";
    const choices = this.#plan.request.n ?? 1;
    const { toCachedAnswer } = await import("./cached-answer.ts");
    return toCachedAnswer({ result, usage: this.#usage, frames: this.#cache?.collected, choices });
  }

  /** A whole answer says how fast its target is. A few tokens say more of its latency. */
  #noteThroughput(): void {
    const result = this.#result;
    const tokens = this.#usage.outputTokens;
    if (result === undefined || tokens < leastMeasuredTokens) return;
    noteThroughput(result.target.name, (tokens / (result.providerMs + performance.now() - this.#begunAt)) * 1_000);
  }

  async #settle(): Promise<void> {
    await settleRequest(this.#metered, this.#end, { alongside: this.#cache?.finish(await this.#toCache()) });
  }
}

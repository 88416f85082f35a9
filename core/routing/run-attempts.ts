import type { ResolvedModel } from "#core/catalog/resolve.ts";
import type { AttemptRecord } from "#core/db/usage-events.ts";
import { GatewayError } from "#core/errors.ts";
import { increment } from "#core/observability/metrics.ts";
import {
  type CompletionReply,
  type ProviderCredential,
  ProviderFailure,
  type StreamReply,
  withOutcome,
} from "#core/providers/provider.ts";
import { chatProvider } from "#core/providers/registry.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";
import { unusedGeneration } from "#core/usage/unused.ts";
import { failureToError } from "./failure-to-error.ts";
import { type Patience, patienceWith } from "./patience.ts";
import { isPassing, pause, retryDelayMs } from "./retry.ts";
import { isResting, noteFailure, noteSuccess } from "./target-stats.ts";

/** A model and with whose key it is called. */
export interface Target {
  readonly model: ResolvedModel;
  /** What this environment's statistics know it by. */
  readonly name: string;
  /** Paid by the caller's own provider key. */
  readonly byok: boolean;
  /** The key, opened when it is this target's turn. Undefined when nobody has one for its provider. */
  readonly credential: () => Promise<ProviderCredential | undefined>;
}

/** A stream that has begun: its first content is here, and no other target will be tried. */
export interface BegunStream extends StreamReply {
  readonly head: readonly (Buffer | string)[];
  readonly rest: AsyncIterator<Buffer | string>;
}

export interface AttemptsResult {
  readonly target: Target;
  readonly reply: CompletionReply | BegunStream;
  readonly attempts: readonly AttemptRecord[];
  /** Time that the provider took until its answer or its first content, ms. */
  readonly providerMs: number;
}

export interface AttemptsRequest {
  readonly targets: readonly Target[];
  readonly request: ChatRequest;
  readonly retries: number;
  readonly completionId: string;
  readonly signal: AbortSignal;
  /** Why the signal fired, as the caller sees it. */
  readonly abortReason: () => GatewayError;
  readonly remainingMs: () => number;
  /** For an estimate where a provider told no usage. */
  readonly inputCharacters?: number;
  /** Told of each attempt as it ends, so that a request that is cut off later still knows them. */
  readonly onAttempt: (attempt: AttemptRecord) => void;
}

/** Until the headers of a stream, ms: providers open one at once and think afterwards. */
const streamHeadersMs = 60_000;
/** Between two reads of a stream, ms. */
const streamIdleMs = 120_000;

/** Reads a stream until its first content, so that an early failure can still be another attempt. */
const begin = async (reply: StreamReply): Promise<BegunStream> => {
  const rest = reply.frames[Symbol.asyncIterator]();
  const head: (Buffer | string)[] = [];
  try {
    while (!reply.outcome.contentStarted) {
      const next = await rest.next();
      if (next.done === true) break;
      head.push(next.value);
    }
  } catch (error) {
    throw withOutcome(error, reply.outcome);
  }
  return { ...reply, head, rest };
};

const attempt = async (
  target: Target,
  all: AttemptsRequest,
  signal: AbortSignal,
): Promise<CompletionReply | BegunStream> => {
  const { model } = target;
  const credential = await target.credential();
  if (credential === undefined) {
    throw new ProviderFailure(model.provider, "auth", `There is no key for ${model.provider}`);
  }
  const provider = await chatProvider(model.provider);
  const remainingMs = all.remainingMs();
  const streamed = all.request.stream === true;
  const reply = await provider.chat({
    provider: model.provider,
    model: model.providerModel,
    request: all.request,
    credential,
    completionId: all.completionId,
    signal,
    timeouts: {
      headersMs: streamed ? Math.min(remainingMs, streamHeadersMs) : remainingMs,
      idleMs: streamed ? Math.min(remainingMs, streamIdleMs) : remainingMs,
    },
  });
  return reply.kind === "stream" ? begin(reply) : reply;
};

const record = (
  { model, byok }: Target,
  startedAt: number,
  failure: ProviderFailure | undefined,
  inputCharacters = 0,
): AttemptRecord => {
  const unused = unusedGeneration(failure?.outcome, { catalog: model.catalog, byok, inputCharacters });
  return {
    model: model.id,
    provider: model.provider,
    result: failure?.kind ?? "ok",
    status: failure === undefined ? 200 : (failure.status ?? null),
    latencyMs: Math.round(performance.now() - startedAt),
    ...(unused === undefined ? {} : { unused }),
  };
};

/** How near to the end of the request's own time a timeout is that end, ms: two timers for one moment. */
const sameMomentMs = 50;

/** The caller's short `timeout` ran out: that says nothing of the target. */
const isOwnTimeout = ({ kind }: ProviderFailure, { remainingMs }: AttemptsRequest): boolean =>
  kind === "timeout" && remainingMs() < sameMomentMs;

/** A refusal of the request by one model, before any call: another model may take it. */
const isRefusal = (error: unknown): error is GatewayError => error instanceof GatewayError && error.status === 400;

/** Resting targets are left out, unless every target rests. */
const withoutResting = (targets: readonly Target[]): readonly Target[] => {
  const now = Date.now();
  const awake = targets.filter(({ name }) => !isResting(name, now));
  return awake.length === 0 ? targets : awake;
};

interface Failed {
  readonly failure: ProviderFailure;
  readonly target: Target;
}

/** Tries one target until it answers, fails for good, or its retries or time are used up. */
const tryTarget = async (
  target: Target,
  all: AttemptsRequest,
  attempts: AttemptRecord[],
  patience: Patience,
): Promise<AttemptsResult | Failed> => {
  for (let tryNumber = 0; ; tryNumber++) {
    if (all.signal.aborted) throw all.abortReason();
    const startedAt = performance.now();
    try {
      const reply = await patience.until(target.model.provider, (signal) => attempt(target, all, signal));
      const providerMs = performance.now() - startedAt;
      const made = record(target, startedAt, undefined);
      attempts.push(made);
      all.onAttempt(made);
      noteSuccess(target.name, providerMs);
      return { target, reply, attempts, providerMs };
    } catch (error) {
      if (!(error instanceof ProviderFailure)) throw all.signal.aborted ? all.abortReason() : error;
      const made = record(target, startedAt, error, all.inputCharacters);
      attempts.push(made);
      all.onAttempt(made);
      if (all.signal.aborted) throw all.abortReason();
      increment("ProviderFailures");
      const failed = { failure: error, target };
      const passing = isPassing(error);
      const wasSlow = all.request.stream !== true && error.kind === "timeout" && patience.ranOut();
      noteFailure(target.name, Date.now(), passing && !wasSlow && !isOwnTimeout(error, all));
      if (!passing) return failed;
      const delayMs = tryNumber >= all.retries ? undefined : retryDelayMs(error, tryNumber, patience.remainingMs());
      if (delayMs === undefined) return failed;
      await pause(delayMs, all.signal);
    }
  }
};

/**
 * Tries the targets in order, each with retries, inside one time budget. Ends with the first answer or first content;
 * nothing is tried after that.
 * @throws GatewayError
 */
export const runAttempts = async (all: AttemptsRequest): Promise<AttemptsResult> => {
  const attempts: AttemptRecord[] = [];
  let last: Failed | undefined;
  let refusal: GatewayError | undefined;
  const targets = withoutResting(all.targets);
  const whole = { streamed: all.request.stream === true, signal: all.signal, remainingMs: all.remainingMs };
  // What `auto` or a balance holds beside its choice is no wish for a fallback that a slow model should be cut off for.
  const named = whole.streamed ? targets.length : (all.request.fallback?.length ?? 0);
  for (const [index, target] of targets.entries()) {
    if (index > 0) increment("Fallbacks");
    const followers = Math.min(targets.length - index - 1, named);
    try {
      const result = await tryTarget(target, all, attempts, patienceWith(whole, followers));
      if ("reply" in result) return result;
      last = result;
    } catch (error) {
      if (all.signal.aborted || !isRefusal(error)) throw error;
      refusal ??= error;
    }
  }
  if (last === undefined) throw refusal ?? new GatewayError("INTERNAL_ERROR", "There was no model to try");
  // The last try's timer may fire a moment before the request's own: it is the same end, told in the same words.
  if (isOwnTimeout(last.failure, all)) throw all.abortReason();
  throw failureToError(last.failure, {
    byok: last.target.byok,
    attempts,
    fellBack: all.targets.length > 1,
    hasTools: (all.request.tools?.length ?? 0) > 0,
  });
};

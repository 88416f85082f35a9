import type { ResolvedModel } from "#core/catalog/resolve.ts";
import type { AttemptRecord } from "#core/db/usage-events.ts";
import { GatewayError } from "#core/errors.ts";
import { increment } from "#core/observability/metrics.ts";
import {
  type CompletionReply,
  type ProviderCredential,
  ProviderFailure,
  type StreamReply,
} from "#core/providers/provider.ts";
import { chatProvider } from "#core/providers/registry.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";
import { failureToError } from "./failure-to-error.ts";
import { isPassing, pause, retryDelayMs } from "./retry.ts";

/** A model and with whose key it is called. */
export interface Target {
  readonly model: ResolvedModel;
  /** Undefined when nobody has a key for its provider. */
  readonly credential: ProviderCredential | undefined;
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
  while (!reply.outcome.contentStarted) {
    const next = await rest.next();
    if (next.done === true) break;
    head.push(next.value);
  }
  return { ...reply, head, rest };
};

const attempt = async (target: Target, all: AttemptsRequest): Promise<CompletionReply | BegunStream> => {
  const { model, credential } = target;
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
    signal: all.signal,
    timeouts: {
      headersMs: streamed ? Math.min(remainingMs, streamHeadersMs) : remainingMs,
      idleMs: streamed ? Math.min(remainingMs, streamIdleMs) : remainingMs,
    },
  });
  return reply.kind === "stream" ? begin(reply) : reply;
};

const record = (target: Target, startedAt: number, failure: ProviderFailure | undefined): AttemptRecord => ({
  model: target.model.id,
  provider: target.model.provider,
  result: failure?.kind ?? "ok",
  status: failure === undefined ? 200 : (failure.status ?? null),
  latencyMs: Math.round(performance.now() - startedAt),
});

/**
 * Tries the targets in order, each with retries, inside one time budget. Ends with the first answer or first content;
 * nothing is tried after that.
 * @throws GatewayError
 */
export const runAttempts = async (all: AttemptsRequest): Promise<AttemptsResult> => {
  const attempts: AttemptRecord[] = [];
  let last: { readonly failure: ProviderFailure; readonly target: Target } | undefined;
  for (const [index, target] of all.targets.entries()) {
    if (index > 0) increment("Fallbacks");
    for (let tryNumber = 0; ; tryNumber++) {
      if (all.signal.aborted) throw all.abortReason();
      const startedAt = performance.now();
      try {
        const reply = await attempt(target, all);
        const made = record(target, startedAt, undefined);
        attempts.push(made);
        all.onAttempt(made);
        return { target, reply, attempts, providerMs: performance.now() - startedAt };
      } catch (error) {
        if (all.signal.aborted) throw all.abortReason();
        if (!(error instanceof ProviderFailure)) throw error;
        const made = record(target, startedAt, error);
        attempts.push(made);
        all.onAttempt(made);
        increment("ProviderFailures");
        last = { failure: error, target };
        if (!isPassing(error) || tryNumber >= all.retries) break;
        const delayMs = retryDelayMs(error, tryNumber, all.remainingMs());
        if (delayMs === undefined) break;
        await pause(delayMs, all.signal);
      }
    }
  }
  if (last === undefined) throw new GatewayError("INTERNAL_ERROR", "There was no model to try");
  throw failureToError(last.failure, {
    byok: last.target.credential?.byok ?? false,
    attempts,
    fellBack: all.targets.length > 1,
    hasTools: (all.request.tools?.length ?? 0) > 0,
  });
};

import type { AttemptRecord } from "#core/db/usage-events.ts";
import { GatewayError } from "#core/errors.ts";
import { increment } from "#core/observability/metrics.ts";
import { type ProviderCredential, ProviderFailure, withoutKeyOf } from "#core/providers/provider.ts";
import { pause } from "#core/values/pause.ts";
import { type AttemptBudget, attemptBudget } from "./attempt-budget.ts";
import { isTransient, retryDelayMs } from "./retry.ts";
import type { Target, TargetModel } from "./target.ts";
import { isResting, noteFailure, noteSuccess } from "./target-stats.ts";

/** One attempt at one target. */
export interface Attempt<Model extends TargetModel> {
  readonly target: Target<Model>;
  readonly credential: ProviderCredential;
  /** Fires when the request ends or this target's share of the time is used up. */
  readonly signal: AbortSignal;
  /** Of the whole request, ms. */
  readonly remainingMs: number;
}

/** How a list of targets is tried. */
export interface TargetTries<Model extends TargetModel, Reply> {
  readonly targets: readonly Target<Model>[];
  /** Makes one call to the provider. @throws ProviderFailure, or GatewayError 400 when this model cannot take the request */
  readonly call: (attempt: Attempt<Model>) => Promise<Reply>;
  /** Attempts at one target after the first. */
  readonly retries: number;
  /** Whether a failure may be retried on the same target; transient ones by default. */
  readonly mayRetry?: (failure: ProviderFailure) => boolean;
  /** The answer begins before it is complete: silence says more about a target. */
  readonly streamed: boolean;
  /**
   * The targets at the end of the list for which a slow, unstreamed target is cut off: the fallbacks that the caller named.
   * Other alternatives (`auto`, a balanced list) are no reason to give up on a slow answer.
   */
  readonly namedFallbacks: number;
  readonly signal: AbortSignal;
  /** Why the signal fired, as the caller sees it. */
  readonly abortReason: () => GatewayError;
  readonly remainingMs: () => number;
  /** Called as each attempt ends, so that a request that is cut off later still has the records. */
  readonly onAttempt: (attempt: AttemptRecord, target: Target<Model>, failure: ProviderFailure | undefined) => void;
}

export interface TargetReply<Model extends TargetModel, Reply> {
  readonly target: Target<Model>;
  readonly reply: Reply;
  /** How long the last attempt took, ms. */
  readonly providerMs: number;
}

/** Every target failed. */
export interface TargetsFailed<Model extends TargetModel> {
  /** The last failure, and its target. */
  readonly failure: ProviderFailure;
  readonly target: Target<Model>;
}

const record = <Model extends TargetModel>(
  { model }: Target<Model>,
  startedAt: number,
  failure: ProviderFailure | undefined,
): AttemptRecord => ({
  model: model.id,
  provider: model.provider,
  result: failure?.kind ?? "ok",
  status: failure === undefined ? 200 : (failure.status ?? null),
  latencyMs: Math.round(performance.now() - startedAt),
});

/** A timeout this close to the end of the request's own time is that end, ms: two timers fire for one moment. */
const sameMomentMs = 50;

/** The caller's own short `timeout` ran out, which says nothing about the target. */
export const isOwnTimeout = ({ kind }: ProviderFailure, remainingMs: () => number): boolean =>
  kind === "timeout" && remainingMs() < sameMomentMs;

/** One model refused the request before any call: another model may take it. */
const isRefusal = (error: unknown): error is GatewayError => error instanceof GatewayError && error.status === 400;

/** Leaves out resting targets, unless every target rests. */
const withoutResting = <Model extends TargetModel>(targets: readonly Target<Model>[]): readonly Target<Model>[] => {
  const now = Date.now();
  const awake = targets.filter(({ name }) => !isResting(name, now));
  return awake.length === 0 ? targets : awake;
};

const attempt = async <Model extends TargetModel, Reply>(
  target: Target<Model>,
  { call, remainingMs }: TargetTries<Model, Reply>,
  signal: AbortSignal,
): Promise<Reply> => {
  const { provider } = target.model;
  const credential = await target.credential(signal);
  if (credential === undefined) throw new ProviderFailure(provider, "auth", `There is no key for ${provider}`);
  try {
    return await call({ target, credential, signal, remainingMs: remainingMs() });
  } catch (error) {
    throw withoutKeyOf(error, credential);
  }
};

/** Tries one target until it answers, fails for good, or has used up its retries or its time. */
const tryTarget = async <Model extends TargetModel, Reply>(
  target: Target<Model>,
  tries: TargetTries<Model, Reply>,
  budget: AttemptBudget,
): Promise<TargetReply<Model, Reply> | TargetsFailed<Model>> => {
  const { mayRetry = isTransient } = tries;
  for (let tryNumber = 0; ; tryNumber++) {
    if (tries.signal.aborted) throw tries.abortReason();
    const startedAt = performance.now();
    try {
      const reply = await budget.until(target.model.provider, (signal) => attempt(target, tries, signal));
      const providerMs = performance.now() - startedAt;
      tries.onAttempt(record(target, startedAt, undefined), target, undefined);
      noteSuccess(target.name, providerMs);
      return { target, reply, providerMs };
    } catch (error) {
      if (!(error instanceof ProviderFailure)) throw tries.signal.aborted ? tries.abortReason() : error;
      tries.onAttempt(record(target, startedAt, error), target, error);
      if (tries.signal.aborted) throw tries.abortReason();
      increment("ProviderFailures");
      const transient = isTransient(error);
      const wasSlow = !tries.streamed && error.kind === "timeout" && budget.ranOut();
      noteFailure(target.name, Date.now(), transient && !wasSlow && !isOwnTimeout(error, tries.remainingMs));
      const isLast = !mayRetry(error) || tryNumber >= tries.retries;
      const delayMs = isLast ? undefined : retryDelayMs(error, tryNumber, budget.remainingMs());
      if (delayMs === undefined) return { failure: error, target };
      await pause(delayMs, tries.signal);
    }
  }
};

/** The context that a request has outgrown, tokens; undefined for a failure of another kind. 0 where it is not known. */
const outgrown = <Model extends TargetModel>({ failure, target }: TargetsFailed<Model>): number | undefined =>
  failure.reason === "context_length_exceeded" ? (target.model.catalog?.contextTokens ?? 0) : undefined;

/** Whether a model is known to have no more context than a request has outgrown. */
const isTooSmall = ({ catalog }: TargetModel, outgrownTokens: number): boolean =>
  catalog !== undefined && catalog.contextTokens <= outgrownTokens;

/**
 * Tries the targets in order, each with retries, within one time budget. Ends with the first reply; nothing is tried after
 * it. Resolves to the last failure when every target failed.
 * @throws GatewayError when the request ended, or when every model refused the request before any call
 */
export const tryTargets = async <Model extends TargetModel, Reply>(
  tries: TargetTries<Model, Reply>,
): Promise<TargetReply<Model, Reply> | TargetsFailed<Model>> => {
  const { streamed, signal, remainingMs } = tries;
  const targets = withoutResting(tries.targets);
  const named = streamed ? targets.length : tries.namedFallbacks;
  let last: TargetsFailed<Model> | undefined;
  let refusal: GatewayError | undefined;
  let outgrownTokens = 0;
  for (const [index, target] of targets.entries()) {
    if (isTooSmall(target.model, outgrownTokens)) continue;
    if (index > 0) increment("Fallbacks");
    const followers = Math.min(targets.length - index - 1, named);
    try {
      const result = await tryTarget(target, tries, attemptBudget({ streamed, signal, remainingMs }, followers));
      if ("reply" in result) return result;
      last = result;
      outgrownTokens = Math.max(outgrownTokens, outgrown(result) ?? 0);
    } catch (error) {
      if (signal.aborted || !isRefusal(error)) throw error;
      refusal ??= error;
    }
  }
  if (last === undefined) throw refusal ?? new GatewayError("INTERNAL_ERROR", "There was no model to try");
  return last;
};

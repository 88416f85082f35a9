import type { ProviderId } from "#core/catalog/provider-ids.ts";
import { ProviderFailure, withOutcome } from "#core/providers/provider.ts";

/** How long one target may take, retries included. */
export interface AttemptBudget {
  readonly remainingMs: () => number;
  /** Whether this target's share of the time is used up, although the request has time left. */
  readonly ranOut: () => boolean;
  /** Makes one attempt. @throws ProviderFailure `timeout` when this target's share ran out */
  readonly until: <Reply>(provider: ProviderId, make: (signal: AbortSignal) => Promise<Reply>) => Promise<Reply>;
}

/** The request's own time, which its targets share. */
export interface RequestTime {
  readonly streamed: boolean;
  readonly signal: AbortSignal;
  readonly remainingMs: () => number;
}

/** The time that an unstreamed target leaves to each target after it, ms. Most answers take less. */
const keptForEachMs = 20_000;

const shareOf = (leftMs: number, streamed: boolean, followers: number): number =>
  streamed ? leftMs / 2 : Math.max(leftMs / 2, leftMs - followers * keptForEachMs);

/**
 * A silent target must leave time to the targets after it. A stream may use half of the remaining time until its first
 * content. An unstreamed answer is silent until it is complete, so a slow target looks like a stalled one: it may use all
 * but 20 s for each follower, and at least half. The last target may use all of it. See docs/decisions/0006.
 */
export const attemptBudget = ({ streamed, signal, remainingMs }: RequestTime, followers: number): AttemptBudget => {
  if (followers === 0) return { remainingMs, ranOut: () => false, until: (_, make) => make(signal) };
  const endsAt = performance.now() + shareOf(remainingMs(), streamed, followers);
  const shareMs = (): number => Math.max(0, endsAt - performance.now());
  // A timer of whole milliseconds may fire a moment before the clock reaches its end.
  let silenced = false;
  return {
    remainingMs: shareMs,
    ranOut: () => silenced || shareMs() === 0,
    until: async (provider, make) => {
      const silence = new AbortController();
      const timer = setTimeout(() => {
        silenced = true;
        silence.abort();
      }, shareMs());
      try {
        return await make(AbortSignal.any([signal, silence.signal]));
      } catch (error) {
        if (!silence.signal.aborted || signal.aborted || !(error instanceof ProviderFailure)) throw error;
        const silent = new ProviderFailure(
          provider,
          "timeout",
          `${provider} did not respond within its share of the time`,
        );
        silent.handedOver = error.handedOver;
        throw error.outcome === undefined ? silent : withOutcome(silent, error.outcome);
      } finally {
        clearTimeout(timer);
      }
    },
  };
};

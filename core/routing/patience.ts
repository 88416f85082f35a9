import type { ChatProviderId } from "#core/catalog/provider-ids.ts";
import { ProviderFailure, withOutcome } from "#core/providers/provider.ts";

/** How long one target may take, retries and all. */
export interface Patience {
  readonly remainingMs: () => number;
  /** Whether this target's own part of the time is over, though the request's is not. */
  readonly ranOut: () => boolean;
  /** Makes one try. @throws ProviderFailure `timeout` when this target's time ran out */
  readonly until: <Reply>(provider: ChatProviderId, make: (signal: AbortSignal) => Promise<Reply>) => Promise<Reply>;
}

/** What of the request's own time its targets share. */
export interface WholeRequest {
  readonly streamed: boolean;
  readonly signal: AbortSignal;
  readonly remainingMs: () => number;
}

/** What an answer in one piece leaves to each target that follows, ms: most answers take less. */
const keptForEachMs = 20_000;

/** The part of the time that is left which a target may take when others follow. */
const shareOf = (leftMs: number, streamed: boolean, followers: number): number =>
  streamed ? leftMs / 2 : Math.max(leftMs / 2, leftMs - followers * keptForEachMs);

/**
 * A target that stays silent must leave time to those that follow. A stream may take half of what is left until its first
 * content. An answer in one piece is silent until it is whole, so nothing tells a slow one from a stalled one: it may take
 * all but 20 s for each that follows, at least half. The last target may take all. Why so: docs/decisions/0006.
 */
export const patienceWith = ({ streamed, signal, remainingMs }: WholeRequest, followers: number): Patience => {
  if (followers === 0) return { remainingMs, ranOut: () => false, until: (_, make) => make(signal) };
  const endsAt = performance.now() + shareOf(remainingMs(), streamed, followers);
  const shareMs = (): number => Math.max(0, endsAt - performance.now());
  // A timer of whole milliseconds may fire a moment before the end that the clock tells.
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
        const silent = new ProviderFailure(provider, "timeout", `${provider} was silent for its share of the time`);
        throw error.outcome === undefined ? silent : withOutcome(silent, error.outcome);
      } finally {
        clearTimeout(timer);
      }
    },
  };
};

import { type ChatProviderId, ProviderFailure, withOutcome } from "#core/providers/provider.ts";

/** How long one target may take, retries and all. */
export interface Patience {
  readonly remainingMs: () => number;
  /** Makes one try. @throws ProviderFailure `timeout` when this target's time ran out */
  readonly until: <Reply>(provider: ChatProviderId, make: (signal: AbortSignal) => Promise<Reply>) => Promise<Reply>;
}

/** What of the request's own time its targets share. */
export interface WholeRequest {
  readonly streamed: boolean;
  readonly signal: AbortSignal;
  readonly remainingMs: () => number;
}

/**
 * A stream that stays silent must leave time to the targets that follow: it may take half of what is left until its
 * first content. An answer in one piece is silent until it is whole, so nothing tells a slow one from a stalled one: it
 * may take all the time, as the last target may.
 */
export const patienceWith = ({ streamed, signal, remainingMs }: WholeRequest, followers: number): Patience => {
  if (followers === 0 || !streamed) return { remainingMs, until: (_, make) => make(signal) };
  const endsAt = performance.now() + remainingMs() / 2;
  const shareMs = (): number => Math.max(0, endsAt - performance.now());
  return {
    remainingMs: shareMs,
    until: async (provider, make) => {
      const silence = new AbortController();
      const timer = setTimeout(() => silence.abort(), shareMs());
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

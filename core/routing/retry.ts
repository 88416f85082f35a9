import type { FailureKind, ProviderFailure } from "#core/providers/provider.ts";

/** Failures that a later attempt may not meet. A refusal of the request, the key or the account is not one. */
const transient: ReadonlySet<FailureKind> = new Set(["network", "timeout", "rate-limit", "server", "malformed"]);

export const isTransient = (failure: ProviderFailure): boolean => transient.has(failure.kind);

const baseDelayMs = 400;
const maxDelayMs = 8_000;

/**
 * How long to wait before the next try, ms: what the provider asked for, else exponential with jitter. Undefined when
 * that would use up the time that is left.
 */
export const retryDelayMs = (
  failure: ProviderFailure,
  tryNumber: number,
  remainingMs: number,
  random: () => number = Math.random,
): number | undefined => {
  const backoff = Math.min(maxDelayMs, baseDelayMs * 2 ** tryNumber);
  const delay = failure.retryAfterMs ?? backoff / 2 + (random() * backoff) / 2;
  return delay < remainingMs ? delay : undefined;
};

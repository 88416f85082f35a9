/** When a delivery is tried again: after growing delays, for a day. */

/** After each failed attempt, ms; the last delay repeats. */
const delaysMs = [60, 300, 900, 1_800, 3_600, 7_200, 14_400].map((seconds) => seconds * 1_000);

/** How long a delivery is tried, ms. The last attempt is at the end of it. */
export const deliverForMs = 86_400_000;

/** Jitter over the last quarter, so that deliveries that failed together are not retried together. */
const jittered = (delayMs: number): number => delayMs * (0.75 + Math.random() / 4);

export interface FailedAttempt {
  /** Attempts so far, this one included. */
  readonly tries: number;
  /** Unix ms. */
  readonly createdAt: number;
  readonly nowMs: number;
  /** What the receiver asked for. */
  readonly retryAfterMs: number | undefined;
}

/** Unix ms of the next attempt; undefined when the day is over. */
export const nextTryMs = ({ tries, createdAt, nowMs, retryAfterMs = 0 }: FailedAttempt): number | undefined => {
  const endMs = createdAt + deliverForMs;
  if (nowMs >= endMs) return undefined;
  const delayMs = delaysMs[Math.min(tries, delaysMs.length) - 1] ?? 0;
  return Math.ceil(Math.min(endMs, nowMs + Math.max(retryAfterMs, jittered(delayMs))));
};

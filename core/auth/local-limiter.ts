/**
 * A sliding-window limiter in the memory of one environment. It stands in for Unkey's while that is out of reach: each
 * environment counts for itself, so it bounds a flood rather than keeping the limit exactly.
 */

interface Window {
  start: number;
  current: number;
  previous: number;
}

const maxWindows = 10_000;
const windows = new Map<string, Window>();

export interface LimiterState {
  readonly allowed: boolean;
  readonly limit: number;
  readonly remaining: number;
  /** Unix ms. */
  readonly reset: number;
}

/** Counts one request of `name` against `limit` in a sliding window. */
export const countLocally = (name: string, limit: number, durationMs: number, nowMs: number): LimiterState => {
  const start = nowMs - (nowMs % durationMs);
  let window = windows.get(name);
  if (window === undefined) {
    if (windows.size >= maxWindows) windows.clear();
    window = { start, current: 0, previous: 0 };
    windows.set(name, window);
  }
  if (window.start !== start) {
    window.previous = window.start === start - durationMs ? window.current : 0;
    window.current = 0;
    window.start = start;
  }
  const weight = 1 - (nowMs - start) / durationMs;
  const used = window.current + Math.floor(window.previous * weight);
  const allowed = used < limit;
  if (allowed) window.current += 1;
  return { allowed, limit, remaining: Math.max(0, limit - used - (allowed ? 1 : 0)), reset: start + durationMs };
};

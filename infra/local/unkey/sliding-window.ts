/** A limit to check: `cost` of at most `limit` within `durationMs`, counted by `counter`. */
export interface LimitCheck {
  readonly counter: string;
  readonly limit: number;
  readonly durationMs: number;
  readonly cost: number;
}

export interface LimitVerdict {
  readonly exceeded: boolean;
  readonly remaining: number;
  /** Unix milliseconds at which the current window ends. */
  readonly resetMs: number;
}

interface Counter {
  window: number;
  current: number;
  previous: number;
  readonly durationMs: number;
}

const sweepEvery = 10_000;

/**
 * Rate limits over a sliding window: what this window used, and of the one before the share that still lies within the
 * last `durationMs`. In memory, and the counters of finished windows are forgotten.
 */
export class SlidingWindows {
  readonly #counters = new Map<string, Counter>();
  #untilSweep = sweepEvery;

  /** All or nothing: when one limit is exceeded, none is charged. `charge: false` only looks. */
  check(checks: readonly LimitCheck[], nowMs: number, charge = true): LimitVerdict[] {
    const states = checks.map((limitCheck) => ({ limitCheck, counter: this.#counterOf(limitCheck, nowMs) }));
    const used = states.map(({ counter }) => usedOf(counter, nowMs));
    const exceeded = states.map(({ limitCheck }, index) => (used[index] ?? 0) + limitCheck.cost > limitCheck.limit);
    const charged = charge && !exceeded.includes(true);
    return states.map(({ limitCheck, counter }, index) => {
      if (charged) counter.current += limitCheck.cost;
      const after = (used[index] ?? 0) + (charged ? limitCheck.cost : 0);
      return {
        exceeded: exceeded[index] ?? false,
        remaining: Math.max(0, limitCheck.limit - after),
        resetMs: (counter.window + 1) * counter.durationMs,
      };
    });
  }

  #counterOf({ counter: name, durationMs }: LimitCheck, nowMs: number): Counter {
    const window = Math.floor(nowMs / durationMs);
    const id = `${durationMs} ${name}`;
    const found = this.#counters.get(id);
    if (found === undefined) {
      const counter: Counter = { window, current: 0, previous: 0, durationMs };
      if (--this.#untilSweep <= 0) this.#sweep(nowMs);
      this.#counters.set(id, counter);
      return counter;
    }
    if (found.window !== window) {
      found.previous = found.window === window - 1 ? found.current : 0;
      found.current = 0;
      found.window = window;
    }
    return found;
  }

  #sweep(nowMs: number): void {
    this.#untilSweep = sweepEvery;
    for (const [id, counter] of this.#counters) {
      if ((counter.window + 2) * counter.durationMs <= nowMs) this.#counters.delete(id);
    }
  }
}

const usedOf = ({ current, previous, durationMs }: Counter, nowMs: number): number => {
  const shareOfPrevious = 1 - (nowMs % durationMs) / durationMs;
  return current + Math.floor(previous * shareOfPrevious);
};

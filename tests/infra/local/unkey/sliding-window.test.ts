import { describe, expect, it } from "vitest";
import { SlidingWindows } from "#infra/local/unkey/sliding-window.ts";
import { fc } from "#tests/support/property.ts";

const step = fc.record({ waitMs: fc.nat(1_500), cost: fc.nat(4) });

describe("SlidingWindows", () => {
  it("never admits more than the limit within one window, whatever comes when", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 10 }), (steps, limit) => {
        const windows = new SlidingWindows();
        const admitted = new Map<number, number>();
        let nowMs = 1_000_000;
        for (const { waitMs, cost } of steps) {
          nowMs += waitMs;
          const [verdict] = windows.check([{ counter: "c", limit, durationMs: 1_000, cost }], nowMs);
          const window = Math.floor(nowMs / 1_000);
          if (verdict?.exceeded === false) admitted.set(window, (admitted.get(window) ?? 0) + cost);
          expect(verdict?.remaining).toBeGreaterThanOrEqual(0);
          expect(verdict?.resetMs).toBeGreaterThan(nowMs);
        }
        expect(Math.max(0, ...admitted.values())).toBeLessThanOrEqual(limit);
      }),
    );
  });

  it("only looks when not to charge", () => {
    const windows = new SlidingWindows();
    const check = { counter: "c", limit: 2, durationMs: 1_000, cost: 1 };
    windows.check([check], 0, false);
    expect(windows.check([check], 0)).toEqual([{ exceeded: false, remaining: 1, resetMs: 1_000 }]);
  });

  it("keeps counters of another duration apart", () => {
    const windows = new SlidingWindows();
    windows.check([{ counter: "c", limit: 1, durationMs: 1_000, cost: 1 }], 0);
    const [verdict] = windows.check([{ counter: "c", limit: 1, durationMs: 2_000, cost: 1 }], 0);
    expect(verdict?.exceeded).toBe(false);
  });
});

import { describe, expect, it } from "vitest";
import { balance, type Candidate, type Strategy } from "#core/routing/balance.ts";
import { fc, runs } from "#tests/support/property.ts";

const candidate = (value: string, facts: Partial<Candidate<string>> = {}): Candidate<string> => ({
  value,
  weight: 1,
  latencyMs: undefined,
  cost: undefined,
  ...facts,
});

/** Numbers in [0, 1) that look random and are the same in each run (mulberry32). */
const seeded = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
};

const still = { turn: 0, random: () => 0 };
const strategies: readonly Strategy[] = ["weighted", "round_robin", "latency", "cost"];

const anyCandidates = fc
  .array(
    fc.record({
      weight: fc.double({ min: 0, max: 1_000_000, noNaN: true }),
      latencyMs: fc.option(fc.double({ min: 0, max: 1e6, noNaN: true }), { nil: undefined }),
      cost: fc.option(fc.double({ min: 0, max: 1e9, noNaN: true }), { nil: undefined }),
    }),
    { maxLength: 16 },
  )
  .map((facts) => facts.map((each, index) => ({ ...each, value: String(index) })));

describe("balance", () => {
  it.each(strategies)("tries every target exactly once (%s)", (strategy) => {
    fc.assert(
      fc.property(
        anyCandidates,
        fc.nat(),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (candidates, turn, point) => {
          const order = balance(strategy, candidates, { turn, random: () => point });
          expect([...order].sort()).toEqual(candidates.map(({ value }) => value).sort());
        },
      ),
      { numRuns: runs(300) },
    );
  });

  describe("weighted", () => {
    const drawn = (weights: readonly number[], draws: number) => {
      const random = seeded(20_261_120);
      const candidates = weights.map((weight, index) => candidate(String(index), { weight }));
      const firsts = weights.map(() => 0);
      const seconds = weights.map(() => 0);
      for (let draw = 0; draw < draws; draw++) {
        const [first = "", second = ""] = balance("weighted", candidates, { turn: draw, random });
        firsts[Number(first)] = (firsts[Number(first)] ?? 0) + 1;
        seconds[Number(second)] = (seconds[Number(second)] ?? 0) + 1;
      }
      return { firsts, seconds };
    };

    it("puts each target first as often as its weight says (chi-square, 3 degrees of freedom, p > 0.001)", () => {
      const weights = [1, 2, 3, 4];
      const draws = 20_000;
      const { firsts } = drawn(weights, draws);
      const chiSquare = weights.reduce((sum, weight, index) => {
        const expected = (draws * weight) / 10;
        return sum + ((firsts[index] ?? 0) - expected) ** 2 / expected;
      }, 0);
      expect(chiSquare).toBeLessThan(16.27);
    });

    it("takes the second of those that are left by their weights too", () => {
      const { seconds } = drawn([8, 1, 1], 20_000);
      // First is 0 in 8 of 10 draws; then 1 and 2 are equal. Else 0 follows in 8 of 9.
      expect((seconds[1] ?? 0) / 20_000).toBeCloseTo(0.8 * 0.5 + 0.1 * (1 / 9), 1);
      expect((seconds[0] ?? 0) / 20_000).toBeCloseTo(0.2 * (8 / 9), 1);
    });

    it("never puts a target of weight 0 before one that has weight", () => {
      const { firsts } = drawn([0, 1, 0, 3], 2_000);
      expect([firsts[0], firsts[2]]).toEqual([0, 0]);
    });

    it("divides the range by weight, each target from its start to just before the next one", () => {
      const candidates = [candidate("a", { weight: 1 }), candidate("b", { weight: 3 })];
      const first = (point: number) => balance("weighted", candidates, { turn: 0, random: () => point })[0];
      expect([0, 0.249, 0.25, 0.999].map(first)).toEqual(["a", "a", "b", "b"]);
    });

    it("keeps the caller's order where nothing has weight", () => {
      const candidates = ["a", "b", "c"].map((value) => candidate(value, { weight: 0 }));
      expect(balance("weighted", candidates, still)).toEqual(["a", "b", "c"]);
    });
  });

  it("begins one further with each request (round_robin), so that each target is first equally often", () => {
    const candidates = ["a", "b", "c"].map((value) => candidate(value));
    const orders = [0, 1, 2, 3].map((turn) => balance("round_robin", candidates, { ...still, turn }).join(""));
    expect(orders).toEqual(["abc", "bca", "cab", "abc"]);
    expect(balance("round_robin", [], still)).toEqual([]);
  });

  it("takes the fastest first (latency), but one that was never tried before all others", () => {
    const candidates = [
      candidate("slow", { latencyMs: 900 }),
      candidate("broken", { latencyMs: Number.POSITIVE_INFINITY }),
      candidate("fast", { latencyMs: 100 }),
      candidate("new"),
    ];
    expect(balance("latency", candidates, still)).toEqual(["new", "fast", "slow", "broken"]);
    const instant = candidate("instant", { latencyMs: 0 });
    expect(balance("latency", [instant, candidate("new")], still)).toEqual(["new", "instant"]);
  });

  it("takes the cheapest first (cost), and an unknown price last rather than for free", () => {
    const candidates = [
      candidate("unknown"),
      candidate("dear", { cost: 9_000 }),
      candidate("free", { cost: 0 }),
      candidate("cheap", { cost: 10 }),
    ];
    expect(balance("cost", candidates, still)).toEqual(["free", "cheap", "dear", "unknown"]);
  });

  it.each(["latency", "cost"] as const)("keeps the caller's order among equals (%s)", (strategy) => {
    const candidates = ["a", "b", "c"].map((value) => candidate(value, { latencyMs: 5, cost: 5 }));
    expect(balance(strategy, candidates, still)).toEqual(["a", "b", "c"]);
  });
});

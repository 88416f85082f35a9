import { describe, expect, it } from "vitest";
import { rate, toPoints } from "#core/ratings/bradley-terry.ts";
import { choiceOutcomes } from "#core/ratings/outcomes.ts";
import { fc } from "#tests/support/property.ts";

/** Numbers in [0, 1) from a seed (mulberry32), so that a test's games are the same on every machine. */
const randomOf = (seed: number) => {
  let state = seed;
  return (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
};

const noWins = (size: number): number[][] => Array.from({ length: size }, () => Array<number>(size).fill(0));
const addTo = (wins: number[][], winner: number, loser: number, weight: number): void => {
  const row = wins[winner];
  if (row !== undefined) row[loser] = (row[loser] ?? 0) + weight;
};

/** Votes among `among` models at a time, each won with a chance by strength. */
const play = (strengths: readonly number[], among: number, votes: number, random: () => number): number[][] => {
  const wins = noWins(strengths.length);
  for (let vote = 0; vote < votes; vote++) {
    const chosen = strengths
      .map((_, index) => ({ index, key: random() }))
      .sort((left, right) => left.key - right.key)
      .slice(0, among)
      .map(({ index }) => index);
    const weights = chosen.map((index) => Math.exp(strengths[index] ?? 0));
    let mark = random() * weights.reduce((sum, weight) => sum + weight, 0);
    const winner = weights.findIndex((weight) => {
      mark -= weight;
      return mark <= 0;
    });
    const names = chosen.map(String);
    for (const { winner: won, loser, milli } of choiceOutcomes(names, names[Math.max(0, winner)] ?? "")) {
      addTo(wins, Number(won), Number(loser), milli / 1_000);
    }
  }
  return wins;
};

const orderOf = (values: readonly number[]): readonly number[] =>
  values
    .map((value, index) => ({ value, index }))
    .sort((a, b) => b.value - a.value)
    .map(({ index }) => index);

const centred = (values: readonly number[]): readonly number[] => {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.map((value) => value - mean);
};

describe("ratings", () => {
  it("are in the order of the true strengths, however many answers a vote is among", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.4, max: 0.8, noNaN: true }), { minLength: 2, maxLength: 6 }),
        fc.integer({ min: 2, max: 4 }),
        fc.integer(),
        fc.integer({ min: 0, max: 6 }),
        (gaps, among, seed, turn) => {
          const ladder = gaps.map((_, index) => gaps.slice(0, index).reduce((sum, gap) => sum + gap, 0));
          const strengths = ladder.map((_, index) => ladder[(index + turn) % ladder.length] ?? 0);
          const size = Math.min(among, strengths.length);
          const wins = play(strengths, size, 1_500 * strengths.length, randomOf(seed));
          expect(orderOf(rate(wins).map(({ strength }) => strength))).toEqual(orderOf(strengths));
        },
      ),
      { numRuns: 40 },
    );
  }, 60_000);

  it.each([2, 4, 8])(
    "have intervals that hold the truth about 95 times in 100, with votes among %i answers",
    (among) => {
      const strengths = [0.9, 0.6, 0.3, 0.1, -0.1, -0.3, -0.6, -0.9];
      const truth = centred(strengths);
      const random = randomOf(20_261_129 + among);
      let held = 0;
      const games = 300;
      for (let game = 0; game < games; game++) {
        const ratings = rate(play(strengths, among, 400, random));
        for (const [index, { strength, standardError }] of ratings.entries()) {
          if (Math.abs(strength - (truth[index] ?? 0)) <= 1.96 * standardError) held += 1;
        }
      }
      const share = held / (games * strengths.length);
      expect(share).toBeGreaterThan(0.92);
      expect(share).toBeLessThan(0.98);
    },
  );

  it("are finite with one-sided votes, none, and groups that never met, whose intervals are then wide", () => {
    const wins = noWins(5);
    addTo(wins, 0, 1, 1_000_000);
    addTo(wins, 2, 3, 1);
    const ratings = rate(wins);
    for (const { strength, standardError } of ratings) {
      expect(Number.isFinite(strength)).toBe(true);
      expect(Number.isFinite(standardError)).toBe(true);
    }
    const [first, second, , , never] = ratings;
    expect(first?.strength).toBeGreaterThan(second?.strength ?? 0);
    expect(never?.standardError).toBeGreaterThan(1);
    expect(rate([])).toEqual([]);
    expect(rate([[0]])).toEqual([{ strength: 0, standardError: 0 }]);
  });

  it("are the maximum of the likelihood: no small step from the fit is better", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 32 }).chain((size) =>
          fc.record({
            size: fc.constant(size),
            games: fc.array(
              fc.tuple(fc.nat({ max: size - 1 }), fc.nat({ max: size - 1 }), fc.integer({ min: 1, max: 100_000 })),
              { maxLength: 60 },
            ),
          }),
        ),
        ({ size, games }) => {
          const wins = noWins(size);
          for (const [winner, loser, weight] of games) if (winner !== loser) addTo(wins, winner, loser, weight / 10);
          // At the maximum, what a model won is what its strengths say it should have won. The common shift is the prior's.
          const theta = rate(wins).map(({ strength }) => strength);
          const met = wins.map((row, i) => row.map((won, j) => won + (wins[j]?.[i] ?? 0)));
          const excess = theta.map((mine, i) =>
            theta.reduce((sum, theirs, j) => {
              const expected = (met[i]?.[j] ?? 0) / (1 + Math.exp(theirs - mine));
              return sum + (wins[i]?.[j] ?? 0) - expected;
            }, 0),
          );
          // The prior is worth one game.
          for (const value of excess) expect(Math.abs(value)).toBeLessThan(1);
        },
      ),
    );
  });

  it("are shown in points: a mean of 1,000, and 400 points for odds of 10 to 1", () => {
    expect(toPoints({ strength: 0, standardError: 0 })).toEqual({ rating: 1_000, low: 1_000, high: 1_000 });
    expect(toPoints({ strength: Math.LN10, standardError: 0.1 })).toEqual({ rating: 1_400, low: 1_366, high: 1_434 });
  });
});

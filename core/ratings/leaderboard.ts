import type { VoteSums } from "#core/db/rating-sums.ts";
import { type Points, rate, toPoints } from "./bradley-terry.ts";
import { type CountedVoters, winsOf } from "./vote-sums.ts";

/** Ratings of models, best first. */

export interface RatedModel extends Points {
  readonly model: string;
  /** From 1. Models whose intervals overlap may well be in another order. */
  readonly rank: number;
  /** Weights of the votes that preferred it, and of those that preferred another one to it. */
  readonly wins: number;
  readonly losses: number;
}

const rounded = (votes: number): number => Math.round(votes * 100) / 100;
const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

/** The models that have votes, best first. */
export const leaderboardOf = (sums: VoteSums, voters: CountedVoters): readonly RatedModel[] => {
  const { names, wins } = winsOf(sums, voters);
  return rate(wins)
    .map((rating, index) => ({
      model: names[index] ?? "",
      strength: rating.strength,
      ...toPoints(rating),
      wins: rounded(total(wins[index] ?? [])),
      losses: rounded(total(wins.map((row) => row[index] ?? 0))),
    }))
    .sort((left, right) => right.strength - left.strength || (left.model < right.model ? -1 : 1))
    .map(({ strength: _, model, ...facts }, index) => ({ model, rank: index + 1, ...facts }));
};

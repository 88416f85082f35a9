import type { PairRow, VoteSums } from "#core/db/rating-sums.ts";
import type { Outcome } from "./outcomes.ts";

/** Sums of votes by pair of models: all that ratings are computed from. A vote changes a few numbers. */

/** Whose votes: a person's, or those of the models in a fight. */
export type Voters = "people" | "panels";
export type CountedVoters = Voters | "all";

/** A row holds so many models, so that it stays below 32 KB. The one whose last vote is the longest ago makes room. */
export const maxModels = 32;
/** The same of a row of the stage, which holds models of the catalogue alone. */
export const maxStageModels = 96;

/** Where a source's sums of a pair are: of the first model over the second, then the other way. */
const offsetOf: Readonly<Record<Voters, number>> = { people: 2, panels: 4 };

/** The place of a model, which takes the place of the stalest one where all are taken. */
const placeOf = (
  models: { name: string; at: number }[],
  pairs: Map<string, number[]>,
  name: string,
  most: number,
): number => {
  const found = models.findIndex((model) => model.name === name);
  if (found >= 0) return found;
  if (models.length < most) return models.push({ name, at: 0 }) - 1;
  const stalest = models.reduce((least, { at }, index) => (at < (models[least]?.at ?? 0) ? index : least), 0);
  models[stalest] = { name, at: 0 };
  for (const [key, [i, j]] of pairs) if (i === stalest || j === stalest) pairs.delete(key);
  return stalest;
};

export interface AddedVotes {
  readonly voters: Voters;
  /** Negative weights take votes away. */
  readonly outcomes: readonly Outcome[];
  /** How many votes that are. */
  readonly count: number;
}

/** The sums with more votes, or fewer. */
export const withVote = (
  sums: VoteSums,
  { voters, outcomes, count }: AddedVotes,
  nowMs: number,
  most = maxModels,
): VoteSums => {
  const models = sums.models.map((model) => ({ ...model }));
  const pairs = new Map(sums.pairs.map((pair) => [`${pair[0]}.${pair[1]}`, [...pair]]));
  const names = new Set(outcomes.flatMap(({ winner, loser }) => [winner, loser]));
  const isKnown = (name: string): number => Number(models.some((model) => model.name === name));
  // Known ones first, each noted at once, so that the vote's own models do not make room for each other.
  for (const name of [...names].sort((left, right) => isKnown(right) - isKnown(left))) {
    const model = models[placeOf(models, pairs, name, most)];
    if (model !== undefined) model.at = nowMs;
  }
  const placeByName = new Map(models.map(({ name }, index) => [name, index]));
  for (const { winner, loser, milli } of outcomes) {
    const [won, lost] = [placeByName.get(winner) ?? 0, placeByName.get(loser) ?? 0];
    const [i, j] = won < lost ? [won, lost] : [lost, won];
    const key = `${i}.${j}`;
    const pair = pairs.get(key) ?? [i, j, 0, 0, 0, 0];
    const index = offsetOf[voters] + (won < lost ? 0 : 1);
    pair[index] = Math.max(0, (pair[index] ?? 0) + milli);
    pairs.set(key, pair);
  }
  return {
    models,
    pairs: [...pairs.values()] as unknown as readonly PairRow[],
    people: Math.max(0, sums.people + (voters === "people" ? count : 0)),
    panels: Math.max(0, sums.panels + (voters === "panels" ? count : 0)),
  };
};

/** How many votes count. */
export const votesOf = (sums: VoteSums, voters: CountedVoters): number =>
  voters === "all" ? sums.people + sums.panels : sums[voters];

export interface Wins {
  readonly names: readonly string[];
  /** `wins[i][j]`: how often i was preferred to j, in votes. */
  readonly wins: readonly (readonly number[])[];
}

/** The models that were voted on by these voters, and who was preferred to whom. */
export const winsOf = (sums: VoteSums, voters: CountedVoters): Wins => {
  const counted: readonly Voters[] = voters === "all" ? ["people", "panels"] : [voters];
  const of = (pair: PairRow, way: 0 | 1): number =>
    counted.reduce((sum, source) => sum + (pair[offsetOf[source] + way] ?? 0), 0) / 1_000;
  const met = sums.pairs.filter((pair) => of(pair, 0) + of(pair, 1) > 0);
  const places = [...new Set([...met.map(([i]) => i), ...met.map(([, j]) => j)])].sort((left, right) => left - right);
  const indexOf = new Map(places.map((place, index) => [place, index]));
  const wins = places.map(() => places.map(() => 0));
  for (const pair of met) {
    const [i, j] = [indexOf.get(pair[0]) ?? 0, indexOf.get(pair[1]) ?? 0];
    const [mine, theirs] = [wins[i], wins[j]];
    if (mine !== undefined) mine[j] = of(pair, 0);
    if (theirs !== undefined) theirs[i] = of(pair, 1);
  }
  return { names: places.map((place) => sums.models[place]?.name ?? ""), wins };
};

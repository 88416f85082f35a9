import { isListed } from "#core/catalog/resolve.ts";
import { stageShards } from "#core/db/rating-rows.ts";
import { noSums, type RatingsRow, type VoteSums } from "#core/db/rating-sums.ts";
import { stageRatingsKey } from "#core/db/row-keys.ts";
import type { ItemKey } from "#core/db/table.ts";
import type { Outcome } from "./outcomes.ts";
import { maxStageModels, withVote } from "./vote-sums.ts";

/** What users who share their votes add to the sums of their stage. */

/**
 * A user's votes on one pair of models count as so many in the stage's sums, thousandths: nobody can outvote the others.
 * Never change it: what was added under another bound could not be taken away exactly.
 */
const maxPairMilli = 10_000;

/** The row of the stage that a user's votes are in. */
export const stageKeyOf = (userId: string): ItemKey => {
  let sum = 0;
  for (let index = 0; index < userId.length; index++) sum = (sum * 31 + userId.charCodeAt(index)) >>> 0;
  return stageRatingsKey(sum % stageShards);
};

/**
 * Notes in a user's row which models it shares: those of the catalogue as it is. Names of custom providers' models and the like
 * stay with their user.
 */
export const withSharedModels = (row: RatingsRow): RatingsRow => ({
  ...row,
  models: row.models.map(({ name, at }) => ({ name, at, ...(isListed(name) ? { shared: true } : {}) })),
});

/**
 * What a user's sums are in the stage's: people's votes on shared models. A function of the row alone, so that it can be taken
 * away again.
 */
const contributionOf = (sums: VoteSums): readonly Outcome[] =>
  sums.pairs.flatMap(([i, j, first, second]): readonly Outcome[] => {
    const [one, other] = [sums.models[i], sums.models[j]];
    if (first + second === 0 || one?.shared !== true || other?.shared !== true) return [];
    const part = Math.min(1, maxPairMilli / (first + second));
    return [
      { winner: one.name, loser: other.name, milli: Math.round(first * part) },
      { winner: other.name, loser: one.name, milli: Math.round(second * part) },
    ];
  });

const shared = ({ share, ...sums }: RatingsRow): VoteSums => (share ? sums : noSums);

/** A row of the stage after a user's row has changed. Both of the user's rows are as they are stored. */
export const withChange = (stage: RatingsRow, before: RatingsRow, after: RatingsRow, nowMs: number): RatingsRow => {
  const [had, has] = [shared(before), shared(after)];
  const outcomes = [
    ...contributionOf(has),
    ...contributionOf(had).map(({ milli, ...pair }) => ({ ...pair, milli: -milli })),
  ];
  // Summed first: a sum may not go below zero on its way.
  const byPair = new Map<string, Outcome>();
  for (const { winner, loser, milli } of outcomes) {
    const key = JSON.stringify([winner, loser]);
    byPair.set(key, { winner, loser, milli: (byPair.get(key)?.milli ?? 0) + milli });
  }
  const changed = [...byPair.values()].filter(({ milli }) => milli !== 0);
  const count = has.people - had.people;
  const sums = withVote(stage, { voters: "people", outcomes: changed, count }, nowMs, maxStageModels);
  const sharers = Math.max(0, stage.sharers + Number(after.share) - Number(before.share));
  return { ...stage, ...sums, sharers };
};

/** All parts of the stage's sums as one. */
export const mergedSums = (parts: readonly VoteSums[], nowMs: number): VoteSums =>
  parts.reduce<VoteSums>((all, part) => {
    const outcomes = part.pairs.flatMap(([i, j, first, second]): readonly Outcome[] => {
      const [one, other] = [part.models[i]?.name ?? "", part.models[j]?.name ?? ""];
      return [
        { winner: one, loser: other, milli: first },
        { winner: other, loser: one, milli: second },
      ];
    });
    return withVote(all, { voters: "people", outcomes, count: part.people }, nowMs, maxStageModels);
  }, noSums);

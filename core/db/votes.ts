import { config } from "#core/config.ts";
import { type ArenaRunRow, ratingsPut } from "./rating-rows.ts";
import type { RatingsRow } from "./rating-sums.ts";
import { arenaRunKey } from "./row-keys.ts";
import type { ItemKey } from "./table.ts";
import { type TransactionItem, TransactionRefused, transact } from "./transaction.ts";

/** A person's vote: on its run and in all sums, everywhere or nowhere. */

/** A row of sums with its change, and the version that was read. */
export interface SumsChange {
  readonly key: ItemKey;
  readonly row: RatingsRow;
}

const sumsItem = ({ key, row: { version, ...row } }: SumsChange, nowMs: number): TransactionItem => {
  const { item, expression } = ratingsPut(key, version, row, nowMs);
  const { condition, names, values } = expression;
  return {
    Put: {
      TableName: config.tableName("rollups"),
      Item: item,
      ConditionExpression: condition,
      ...(names === undefined ? {} : { ExpressionAttributeNames: names }),
      ...(values === undefined ? {} : { ExpressionAttributeValues: values }),
    },
  };
};

const voteItem = ({ userId, runId, vote }: ArenaRunRow): TransactionItem => ({
  Update: {
    TableName: config.tableName("rollups"),
    Key: arenaRunKey(userId, runId),
    UpdateExpression: "SET vote = :vote",
    ConditionExpression: "attribute_exists(pk) AND attribute_not_exists(vote)",
    ExpressionAttributeValues: { ":vote": vote },
  },
});

/**
 * Writes a vote, if there is one, and rows of sums. False when the run has a vote, or a row was changed since it was read.
 * @throws TableUnavailable
 */
export const putVotes = async (
  run: ArenaRunRow | undefined,
  changes: readonly SumsChange[],
  nowMs: number,
): Promise<boolean> => {
  try {
    await transact([
      ...(run === undefined ? [] : [voteItem(run)]),
      ...changes.map((change) => sumsItem(change, nowMs)),
    ]);
    return true;
  } catch (error) {
    if (error instanceof TransactionRefused) return false;
    throw error;
  }
};

import { setTimeout as pause } from "node:timers/promises";
import { GetCommand } from "@aws-sdk/lib-dynamodb";
import * as z from "zod";
import { config } from "#core/config.ts";
import { documents } from "./document-client.ts";
import { rowKeys } from "./row-keys.ts";
import { type TransactionItem, TransactionRefused, transact } from "./transaction.ts";

/**
 * Changes of a user's keys that depend on the user's other keys: each is written under the number of changes before it, so
 * that of two at once the later one looks at the list again. A change that is not seen by the other could leave a new key
 * without the limits of the one that it replaces, or pass the limit of budgets.
 */

const versionSchema = z.object({ version: z.number() });

/** DynamoDB's limit of a transaction's items, less the one for the version. */
const maxItems = 99;
const maxTries = 8;
const baseDelayMs = 10;

const readVersion = async (userId: string): Promise<number> => {
  const { Item } = await documents.send(
    new GetCommand({ TableName: config.tableName("keys"), Key: rowKeys.keysVersion(userId), ConsistentRead: true }),
  );
  return Item === undefined ? 0 : versionSchema.parse(Item).version;
};

/** Counts a change, whatever came before it. */
export const countChange = (userId: string): TransactionItem => ({
  Update: {
    TableName: config.tableName("keys"),
    Key: { ...rowKeys.keysVersion(userId) },
    UpdateExpression: "ADD version :one",
    ExpressionAttributeValues: { ":one": 1 },
  },
});

const countChangeAfter = (userId: string, version: number): TransactionItem => ({
  Update: {
    TableName: config.tableName("keys"),
    Key: { ...rowKeys.keysVersion(userId) },
    UpdateExpression: "ADD version :one",
    ConditionExpression: version === 0 ? "attribute_not_exists(version)" : "version = :seen",
    ExpressionAttributeValues: { ":one": 1, ...(version === 0 ? {} : { ":seen": version }) },
  },
});

export interface PlannedChange<Result> {
  /** Writes that belong together, such as the two rows of a key, in groups that are never taken apart. */
  readonly groups: readonly (readonly TransactionItem[])[];
  readonly result: Result;
}

/** Groups in transactions, each as large as DynamoDB takes. */
const transactionsOf = (groups: PlannedChange<unknown>["groups"]): readonly (readonly TransactionItem[])[] => {
  const transactions: TransactionItem[][] = [];
  for (const group of groups) {
    const last = transactions.at(-1);
    if (last === undefined || last.length + group.length > maxItems) transactions.push([...group]);
    else last.push(...group);
  }
  return transactions;
};

/**
 * Writes what `plan` makes of the keys as it reads them, and plans anew when another change came between. All of it is one
 * transaction where it fits into one; of a larger change that is cut off, a part is written, and its caller hears of the fault.
 * @throws what `plan` throws; TransactionRefused when other changes keep coming; TableUnavailable
 */
export const changeKeys = async <Result>(
  userId: string,
  plan: () => Promise<PlannedChange<Result>>,
): Promise<Result> => {
  for (let tries = 1; ; tries++) {
    const version = await readVersion(userId);
    const { groups, result } = await plan();
    try {
      for (const [index, items] of transactionsOf(groups).entries()) {
        await transact([...items, countChangeAfter(userId, version + index)]);
      }
      return result;
    } catch (error) {
      if (!(error instanceof TransactionRefused) || tries >= maxTries) throw error;
      await pause(Math.random() * baseDelayMs * 2 ** tries);
    }
  }
};

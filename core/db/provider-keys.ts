import { QueryCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { config } from "#core/config.ts";
import { GatewayError } from "#core/errors.ts";
import { providerKeysAdded } from "./admission-row.ts";
import { documents } from "./document-client.ts";
import { type ProviderKeyRow, parseProviderKeys, providerKeyRowKey, roleProvider } from "./provider-key-rows.ts";
import { maxProviderKeys } from "./query-provider-keys.ts";
import { rareRowKeys } from "./rare-row-keys.ts";
import { rowKeys } from "./row-keys.ts";
import { queryPrefix, updateAndRead } from "./table.ts";
import { type TransactionItem, TransactionRefused, transact } from "./transaction.ts";

/** The table of sealed provider keys, for managing them. The hot path reads it by `core/db/provider-key-rows.ts`. */

/** One key more or less of a user: a condition on one row, so that the cap holds under concurrency. */
const countChange = (userId: string, change: 1 | -1): TransactionItem => ({
  Update: {
    TableName: config.tableName("providerKeys"),
    Key: rareRowKeys.providerKeyCount(userId),
    UpdateExpression: "ADD keyCount :change",
    ...(change === 1
      ? {
          ConditionExpression: "attribute_not_exists(keyCount) OR keyCount < :max",
          ExpressionAttributeValues: { ":change": 1, ":max": maxProviderKeys },
        }
      : { ExpressionAttributeValues: { ":change": -1 } }),
  },
});

const countAddition = (userId: string) => ({
  TableName: config.tableName("keys"),
  Key: { ...rowKeys.admission(userId) },
  UpdateExpression: "ADD #added :one",
  ExpressionAttributeNames: { "#added": providerKeysAdded },
  ExpressionAttributeValues: { ":one": 1 },
});

/**
 * Counts an added key once more, when it is surely stored. DynamoDB shows the rows of a transaction one after the other: a
 * request that saw the count of the transaction before its key relies on no key, until the count changes again.
 */
export const confirmAddition = async (userId: string): Promise<void> => {
  await documents.send(new UpdateCommand(countAddition(userId)));
};

/** Stores a key, takes its slug and counts it, all or nothing. @throws GatewayError CONFLICT for a slug that is taken or at the cap */
export const insertProviderKey = async (row: ProviderKeyRow): Promise<void> => {
  const TableName = config.tableName("providerKeys");
  const slugRow = { ...rareRowKeys.providerKeySlug(row.userId, row.slug), id: row.id };
  const ConditionExpression = "attribute_not_exists(pk)";
  const stored = row.awsRole === undefined ? {} : { provider: roleProvider };
  try {
    await transact([
      { Put: { TableName, Item: { ...providerKeyRowKey(row), ...row, ...stored }, ConditionExpression } },
      { Put: { TableName, Item: slugRow, ConditionExpression } },
      countChange(row.userId, 1),
      { Update: countAddition(row.userId) },
    ]);
  } catch (error) {
    if (!(error instanceof TransactionRefused)) throw error;
    if (error.failed.includes(1)) {
      throw new GatewayError("CONFLICT", `You already have a provider key with the slug ${row.slug}.`, {
        param: "slug",
        shouldRetry: false,
      });
    }
    throw new GatewayError("CONFLICT", `You have ${maxProviderKeys} provider keys, the maximum. Remove one first.`, {
      shouldRetry: false,
    });
  }
};

/** Removes a key, frees its slug and its place, all or nothing. False when the user has no such key. */
export const removeProviderKey = async (userId: string, id: string): Promise<boolean> => {
  const row = (await listProviderKeys(userId)).find((candidate) => candidate.id === id);
  if (row === undefined) return false;
  const TableName = config.tableName("providerKeys");
  try {
    await transact([
      { Delete: { TableName, Key: providerKeyRowKey(row), ConditionExpression: "attribute_exists(pk)" } },
      { Delete: { TableName, Key: rareRowKeys.providerKeySlug(userId, row.slug) } },
      countChange(userId, -1),
    ]);
    return true;
  } catch (error) {
    if (error instanceof TransactionRefused) return false;
    throw error;
  }
};

/** What can be changed of a key. */
export interface ProviderKeyChanges {
  readonly displayName?: string | undefined;
  readonly paused?: boolean | undefined;
}

/** Changes a key. Undefined when the user has no such key. */
export const updateProviderKey = async (
  userId: string,
  id: string,
  changes: ProviderKeyChanges,
): Promise<ProviderKeyRow | undefined> => {
  const row = (await listProviderKeys(userId)).find((candidate) => candidate.id === id);
  if (row === undefined) return undefined;
  // Only what is given is written: another change at the same time keeps its own field.
  const set = Object.entries(changes).filter(([, value]) => value !== undefined);
  if (set.length === 0) return row;
  try {
    const { Attributes } = await documents.send(
      new UpdateCommand({
        TableName: config.tableName("providerKeys"),
        Key: providerKeyRowKey(row),
        UpdateExpression: `SET ${set.map(([name]) => `${name} = :${name}`).join(", ")}`,
        ConditionExpression: "attribute_exists(pk)",
        ExpressionAttributeValues: Object.fromEntries(set.map(([name, value]) => [`:${name}`, value])),
        ReturnValues: "ALL_NEW",
      }),
    );
    return parseProviderKeys([Attributes ?? {}])[0];
  } catch (error) {
    // Deleted meanwhile.
    if (error instanceof Error && error.name === "ConditionalCheckFailedException") return undefined;
    throw error;
  }
};

const byAge = (left: ProviderKeyRow, right: ProviderKeyRow): number => (left.id < right.id ? -1 : 1);

/** All keys of a user, oldest first. */
export const listProviderKeys = async (userId: string): Promise<readonly ProviderKeyRow[]> => {
  const { pk } = rowKeys.providerKey(userId, "");
  const { Items } = await documents.send(
    new QueryCommand({
      TableName: config.tableName("providerKeys"),
      KeyConditionExpression: "pk = :pk AND begins_with(sk, :prefix)",
      ExpressionAttributeValues: { ":pk": pk, ":prefix": rowKeys.providerKeys },
      ConsistentRead: true,
    }),
  );
  return parseProviderKeys(Items ?? []).sort(byAge);
};

/**
 * A user's external id for AWS: the first that was proposed, for good. It is in the row that counts the user's keys.
 * @param propose makes one for a user who has none. @throws AwsError
 */
export const externalIdOf = async (userId: string, propose: () => string): Promise<string> => {
  const key = rareRowKeys.providerKeyCount(userId);
  const [known] = await queryPrefix("providerKeys", key.pk, key.sk, { limit: 1, consistent: true });
  const item =
    typeof known?.externalId === "string"
      ? known
      : await updateAndRead("providerKeys", key, "SET externalId = if_not_exists(externalId, :proposed)", {
          values: { ":proposed": propose() },
        });
  if (typeof item?.externalId === "string") return item.externalId;
  throw new Error("A user's external id was not stored");
};

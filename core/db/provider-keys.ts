import { QueryCommand } from "@aws-sdk/lib-dynamodb";
import { config } from "#core/config.ts";
import { GatewayError } from "#core/errors.ts";
import { documents } from "./document-client.ts";
import { type ProviderKeyRow, providerKeyRowSchema } from "./provider-key-rows.ts";
import { rowKeys } from "./row-keys.ts";
import { TransactionRefused, transact } from "./transaction.ts";

/** The table of sealed provider keys, for managing them. The hot path reads it by `core/db/provider-key-rows.ts`. */

/** Stores a key and takes its slug, both or neither. @throws GatewayError CONFLICT when the user has this slug */
export const insertProviderKey = async (row: ProviderKeyRow): Promise<void> => {
  const TableName = config.tableName("providerKeys");
  const slugRow = { ...rowKeys.providerKeySlug(row.userId, row.slug), id: row.id };
  const ConditionExpression = "attribute_not_exists(pk)";
  try {
    await transact([
      { Put: { TableName, Item: { ...rowKeys.providerKey(row.userId, row.id), ...row }, ConditionExpression } },
      { Put: { TableName, Item: slugRow, ConditionExpression } },
    ]);
  } catch (error) {
    if (!(error instanceof TransactionRefused)) throw error;
    throw new GatewayError("CONFLICT", `You have a provider key with the slug ${row.slug} already.`, {
      param: "slug",
      shouldRetry: false,
    });
  }
};

/** Removes a key, frees its slug, both or neither. False when the user has no such key. */
export const removeProviderKey = async (userId: string, id: string): Promise<boolean> => {
  const row = (await listProviderKeys(userId)).find((candidate) => candidate.id === id);
  if (row === undefined) return false;
  const TableName = config.tableName("providerKeys");
  try {
    await transact([
      { Delete: { TableName, Key: rowKeys.providerKey(userId, id), ConditionExpression: "attribute_exists(pk)" } },
      { Delete: { TableName, Key: rowKeys.providerKeySlug(userId, row.slug) } },
    ]);
    return true;
  } catch (error) {
    if (error instanceof TransactionRefused) return false;
    throw error;
  }
};

/** All keys of a user, oldest first. */
export const listProviderKeys = async (userId: string): Promise<readonly ProviderKeyRow[]> => {
  const prefix = rowKeys.providerKey(userId, "");
  const { Items } = await documents.send(
    new QueryCommand({
      TableName: config.tableName("providerKeys"),
      KeyConditionExpression: "pk = :pk AND begins_with(sk, :prefix)",
      ExpressionAttributeValues: { ":pk": prefix.pk, ":prefix": prefix.sk },
      ConsistentRead: true,
    }),
  );
  return (Items ?? []).map((item) => providerKeyRowSchema.parse(item));
};

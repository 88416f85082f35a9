import { QueryCommand, TransactWriteCommand } from "@aws-sdk/lib-dynamodb";
import * as z from "zod";
import { config } from "#core/config.ts";
import { GatewayError } from "#core/errors.ts";
import { documents } from "./document-client.ts";
import { type ProviderKeyRow, providerKeyRowSchema } from "./provider-key-rows.ts";
import { rowKeys } from "./row-keys.ts";

/** The table of sealed provider keys, for managing them. The hot path reads it by `core/db/provider-key-rows.ts`. */

const conflictSchema = z.object({
  name: z.literal("TransactionCanceledException"),
  CancellationReasons: z.array(z.object({ Code: z.string().optional() })),
});

/** Codes of the reasons for which a transaction was cancelled, in the order of its items; undefined for another error. */
const cancellation = (error: unknown): readonly (string | undefined)[] | undefined => {
  const parsed = conflictSchema.safeParse(error);
  return parsed.success ? parsed.data.CancellationReasons.map(({ Code }) => Code) : undefined;
};

/** Stores a key and takes its slug, both or neither. @throws GatewayError CONFLICT when the user has this slug. */
export const insertProviderKey = async (row: ProviderKeyRow): Promise<void> => {
  const TableName = config.tableName("providerKeys");
  try {
    await documents.send(
      new TransactWriteCommand({
        TransactItems: [
          {
            Put: {
              TableName,
              Item: { ...rowKeys.providerKey(row.userId, row.id), ...row },
              ConditionExpression: "attribute_not_exists(pk)",
            },
          },
          {
            Put: {
              TableName,
              Item: { ...rowKeys.providerKeySlug(row.userId, row.slug), id: row.id },
              ConditionExpression: "attribute_not_exists(pk)",
            },
          },
        ],
      }),
    );
  } catch (error) {
    if (cancellation(error)?.[1] !== "ConditionalCheckFailed") throw error;
    throw new GatewayError("CONFLICT", `You have a provider key with the slug ${row.slug} already.`, {
      param: "slug",
      shouldRetry: false,
    });
  }
};

/** Removes a key and frees its slug, both or neither. False when the user has no such key. */
export const removeProviderKey = async (userId: string, id: string): Promise<boolean> => {
  const row = (await listProviderKeys(userId)).find((candidate) => candidate.id === id);
  if (row === undefined) return false;
  const TableName = config.tableName("providerKeys");
  try {
    await documents.send(
      new TransactWriteCommand({
        TransactItems: [
          { Delete: { TableName, Key: rowKeys.providerKey(userId, id), ConditionExpression: "attribute_exists(pk)" } },
          { Delete: { TableName, Key: rowKeys.providerKeySlug(userId, row.slug) } },
        ],
      }),
    );
    return true;
  } catch (error) {
    if (cancellation(error)?.[0] === "ConditionalCheckFailed") return false;
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

import { setTimeout as pause } from "node:timers/promises";
import { BatchWriteCommand, QueryCommand, ScanCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import * as z from "zod";
import { config } from "#core/config.ts";
import type { TableId } from "#core/tables.ts";
import { documents } from "./document-client.ts";
import { rowKeys, utcDay } from "./row-keys.ts";
import { TableUnavailable } from "./table-unavailable.ts";
import { keepSeconds } from "./usage-events.ts";

/** Deletes all rows of a user, partition by partition. It may be cut off anywhere and begun again. */

const dayMs = 86_400_000;
/** DynamoDB's limit for one call. */
const batchSize = 25;
const maxTries = 8;
const baseDelayMs = 50;
/** How long a revoked key's mark stays, ms: Unkey's own revocation has long reached every place by then. */
const keepMarkMs = dayMs;

/** Every partition that can hold a row of a user. The keys table is last: its admission row refuses new requests until then. */
const partitionsOf = (userId: string, nowMs: number): readonly (readonly [TableId, string])[] => {
  const user = rowKeys.admission(userId).pk;
  const days = Array.from({ length: keepSeconds / 86_400 + 2 }, (_, age) => utcDay(nowMs + dayMs - age * dayMs));
  return [
    ["providerKeys", user],
    ["cache", user],
    ["jobs", user],
    ...days.map((day) => ["usage", rowKeys.usageEvent(userId, day, "", 0).pk] as const),
    ["rollups", user],
    ["rollups", rowKeys.unlistedModels(userId, "").pk],
    ["rollups", rowKeys.tagNames(userId, "").pk],
    ...days.map((day) => ["rollups", rowKeys.rolledUp(userId, day, "", 0).pk] as const),
    ["keys", user],
  ];
};

const deleteKeys = async (table: TableId, keys: readonly Record<string, unknown>[]): Promise<void> => {
  const TableName = config.tableName(table);
  for (let index = 0; index < keys.length; index += batchSize) {
    let left = keys.slice(index, index + batchSize).map((Key) => ({ DeleteRequest: { Key } }));
    for (let tries = 1; left.length > 0; tries++) {
      const { UnprocessedItems } = await documents.send(new BatchWriteCommand({ RequestItems: { [TableName]: left } }));
      left = (UnprocessedItems?.[TableName] ?? []) as typeof left;
      if (left.length === 0) break;
      if (tries >= maxTries) throw new TableUnavailable("rows that stay unprocessed");
      await pause(Math.random() * baseDelayMs * 2 ** tries);
    }
  }
};

/** Deletes a partition. Resolves to the number of its rows. @throws TableUnavailable */
const deletePartition = async (table: TableId, pk: string): Promise<number> => {
  let deleted = 0;
  let start: Record<string, unknown> | undefined;
  do {
    const { Items = [], LastEvaluatedKey } = await documents.send(
      new QueryCommand({
        TableName: config.tableName(table),
        KeyConditionExpression: "pk = :pk",
        ExpressionAttributeValues: { ":pk": pk },
        ProjectionExpression: "pk, sk",
        ConsistentRead: true,
        ExclusiveStartKey: start,
      }),
    );
    await deleteKeys(table, Items);
    deleted += Items.length;
    start = LastEvaluatedKey;
  } while (start !== undefined);
  return deleted;
};

const markSchema = z.object({ pk: z.string(), keyId: z.string() });

/**
 * A user's marks that do not expire, wherever they are: a mark is found by its key's hash, so this reads the whole table, a
 * megabyte a call. @throws TableUnavailable
 */
export const lastingMarks = async (
  userId: string,
): Promise<readonly { readonly keyHash: string; readonly keyId: string }[]> => {
  const prefix = rowKeys.keyMark("").pk;
  const marks: { keyHash: string; keyId: string }[] = [];
  let start: Record<string, unknown> | undefined;
  do {
    const { Items = [], LastEvaluatedKey } = await documents.send(
      new ScanCommand({
        TableName: config.tableName("keys"),
        FilterExpression: "begins_with(pk, :prefix) AND userId = :user AND attribute_not_exists(expiresAt)",
        ExpressionAttributeValues: { ":prefix": prefix, ":user": userId },
        ProjectionExpression: "pk, keyId",
        ConsistentRead: true,
        ExclusiveStartKey: start,
      }),
    );
    for (const item of Items) {
      const { pk, keyId } = markSchema.parse(item);
      marks.push({ keyHash: pk.slice(prefix.length), keyId });
    }
    start = LastEvaluatedKey;
  } while (start !== undefined);
  return marks;
};

/** Lets a revoked key's mark expire in a day: until then it refuses the key on its own. @throws TableUnavailable */
export const expireMark = async (keyHash: string, nowMs: number): Promise<void> => {
  await documents
    .send(
      new UpdateCommand({
        TableName: config.tableName("keys"),
        Key: rowKeys.keyMark(keyHash),
        UpdateExpression: "SET expiresAt = :at",
        ConditionExpression: "attribute_exists(pk)",
        ExpressionAttributeValues: { ":at": Math.floor((nowMs + keepMarkMs) / 1_000) },
      }),
    )
    .catch((error: unknown) => {
      if (!(error instanceof Error) || error.name !== "ConditionalCheckFailedException") throw error;
    });
};

/**
 * Deletes every row of a user from every table, except the marks of revoked keys. Running it again deletes what a function
 * that was still running wrote meanwhile. Resolves to the number of rows by table. @throws TableUnavailable
 */
export const deleteUserRows = async (
  userId: string,
  nowMs: number,
): Promise<Readonly<Partial<Record<TableId, number>>>> => {
  const deleted: Partial<Record<TableId, number>> = {};
  for (const [table, pk] of partitionsOf(userId, nowMs)) {
    deleted[table] = (deleted[table] ?? 0) + (await deletePartition(table, pk));
  }
  return deleted;
};

import { setTimeout as pause } from "node:timers/promises";
import { BatchWriteCommand, PutCommand, QueryCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import * as z from "zod";
import { config } from "#core/config.ts";
import type { TableId } from "#core/tables.ts";
import { documents } from "./document-client.ts";
import { rareRowKeys } from "./rare-row-keys.ts";
import { rowKeys, utcDay } from "./row-keys.ts";
import { type ItemKey, queryPage } from "./table.ts";
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
    ["rollups", rareRowKeys.tagNames(userId, "").pk],
    ...days.map((day) => ["rollups", rowKeys.rolledUp(userId, day, "", 0).pk] as const),
    ["keys", user],
    ["jobs", rowKeys.accountDeletion(userId).pk],
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

/** What a deletion may leave out, and when it stops. */
export interface DeletionOptions {
  /** Keeps the row that refuses the user's requests, and the one that says that the account is being deleted. */
  readonly keepsRefusal?: boolean;
  /** Fires when no further call may begin. */
  readonly signal?: AbortSignal | undefined;
}

const isRefusal = (userId: string, { pk, sk }: Record<string, unknown>): boolean =>
  [rowKeys.admission(userId), rowKeys.accountDeletion(userId)].some((key) => key.pk === pk && key.sk === sk);

/** Deletes a partition. Resolves to the number of its rows, and whether it came to the end. @throws AwsError, TableUnavailable */
const deletePartition = async (
  userId: string,
  [table, pk]: readonly [TableId, string],
  { keepsRefusal = false, signal }: DeletionOptions,
): Promise<{ readonly deleted: number; readonly isWhole: boolean }> => {
  let deleted = 0;
  let start: ItemKey | undefined;
  do {
    if (signal?.aborted === true) return { deleted, isWhole: false };
    const { items, next } = await queryPage(table, pk, { attributes: ["pk", "sk"], consistent: true, start });
    const rows = keepsRefusal ? items.filter((item) => !isRefusal(userId, item)) : items;
    await deleteKeys(table, rows);
    deleted += rows.length;
    start = next;
  } while (start !== undefined);
  return { deleted, isWhole: true };
};

/** Leaves of an admission row what refuses requests: no money, no open requests. @throws TableUnavailable */
const strip = (userId: string, nowMs: number): Promise<unknown> =>
  documents.send(
    new PutCommand({
      TableName: config.tableName("keys"),
      Item: { ...rowKeys.admission(userId), open: {}, disabledAt: nowMs },
    }),
  );

const markSchema = z.object({ pk: z.string(), keyId: z.string() });

/** A user's marks that do not expire, also of keys that the user has no row of any more. @throws TableUnavailable */
export const lastingMarks = async (
  userId: string,
): Promise<readonly { readonly keyHash: string; readonly keyId: string }[]> => {
  const prefix = rowKeys.keyMark("").pk;
  const marks: { keyHash: string; keyId: string }[] = [];
  let start: Record<string, unknown> | undefined;
  do {
    const { Items = [], LastEvaluatedKey } = await documents.send(
      new QueryCommand({
        TableName: config.tableName("keys"),
        IndexName: "owner",
        KeyConditionExpression: "userId = :user",
        FilterExpression: "attribute_not_exists(expiresAt)",
        ExpressionAttributeValues: { ":user": userId },
        ProjectionExpression: "pk, keyId",
        ExclusiveStartKey: start,
      }),
    );
    for (const item of Items) {
      const { pk, keyId } = markSchema.parse(item);
      if (pk.startsWith(prefix)) marks.push({ keyHash: pk.slice(prefix.length), keyId });
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

/** Rows of each table that were deleted, and whether all were. */
export interface DeletedRows {
  readonly rows: Readonly<Partial<Record<TableId, number>>>;
  readonly isWhole: boolean;
}

/**
 * Deletes every row of a user from every table, except the marks of revoked keys. A second run continues where a signal stopped
 * the first, and deletes what functions that were still running have written since. @throws AwsError, TableUnavailable
 */
export const deleteUserRows = async (
  userId: string,
  nowMs: number,
  options: DeletionOptions = {},
): Promise<DeletedRows> => {
  const rows: Partial<Record<TableId, number>> = {};
  for (const partition of partitionsOf(userId, nowMs)) {
    const [table] = partition;
    const { deleted, isWhole } = await deletePartition(userId, partition, options);
    rows[table] = (rows[table] ?? 0) + deleted;
    if (!isWhole) return { rows, isWhole };
  }
  if (options.keepsRefusal === true) await strip(userId, nowMs);
  return { rows, isWhole: true };
};

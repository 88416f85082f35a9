import { GetCommand, PutCommand, QueryCommand } from "@aws-sdk/lib-dynamodb";
import * as z from "zod";
import { config } from "#core/config.ts";
import { sealedTextSchema } from "#core/encryption/sealed-text.ts";
import { addDelivery, type DeliveryRow } from "./deliveries.ts";
import { documents } from "./document-client.ts";
import { rareRowKeys } from "./rare-row-keys.ts";
import { TransactionRefused, transact } from "./transaction.ts";

/** Exports: where an account's requests are sent to, in the jobs table under their owner. */

export const exportKinds = ["otlp", "webhook"] as const;

const exportSchema = z.object({
  id: z.string(),
  userId: z.string(),
  kind: z.enum(exportKinds),
  url: z.string(),
  /** A JSON object, sealed for `exportContext`. */
  headers: z.optional(sealedTextSchema),
  headerNames: z.array(z.string()).default([]),
  /** A webhook's signing secret, sealed for `exportContext`. */
  secret: z.optional(sealedTextSchema),
  /** Share of requests, 0 to 1. */
  sampling: z.number(),
  /** Only requests of these API keys. */
  keys: z.array(z.string()).optional(),
  enabled: z.boolean(),
  /** With what keys have recorded of prompts and answers. */
  includeContent: z.boolean().optional(),
  /** Unix ms. */
  createdAt: z.number(),
});

export type ExportRow = z.infer<typeof exportSchema>;

/** What the seals of an export are bound to. */
export const exportContext = (id: string, part: "headers" | "secret"): string => `export/${id}/${part}`;

/** The most exports of a user. */
export const maxExports = 10;

const TableName = (): string => config.tableName("jobs");

const countBy = (userId: string, change: 1 | -1) => ({
  Update: {
    TableName: TableName(),
    Key: rareRowKeys.exportCount(userId),
    UpdateExpression: "ADD #count :change",
    ...(change === 1 ? { ConditionExpression: "attribute_not_exists(#count) OR #count < :max" } : {}),
    ExpressionAttributeNames: { "#count": "count" },
    ExpressionAttributeValues: change === 1 ? { ":change": 1, ":max": maxExports } : { ":change": -1 },
  },
});

/** Writes a new export. False when its owner has the most there may be. @throws TableUnavailable */
export const insertExport = async (row: ExportRow): Promise<boolean> => {
  try {
    await transact([
      countBy(row.userId, 1),
      { Put: { TableName: TableName(), Item: { ...rareRowKeys.usageExport(row.userId, row.id), ...row } } },
    ]);
    return true;
  } catch (error) {
    if (error instanceof TransactionRefused) return false;
    throw error;
  }
};

/** Replaces an export that is there. False when it is gone. @throws TableUnavailable */
export const replaceExport = async (row: ExportRow): Promise<boolean> => {
  try {
    await documents.send(
      new PutCommand({
        TableName: TableName(),
        Item: { ...rareRowKeys.usageExport(row.userId, row.id), ...row },
        ConditionExpression: "attribute_exists(pk)",
      }),
    );
    return true;
  } catch (error) {
    if (error instanceof Error && error.name === "ConditionalCheckFailedException") return false;
    throw error;
  }
};

/** Deletes an export. False if it does not exist. @throws TableUnavailable */
export const deleteExport = async (userId: string, id: string): Promise<boolean> => {
  const Key = rareRowKeys.usageExport(userId, id);
  try {
    await transact([
      { Delete: { TableName: TableName(), Key, ConditionExpression: "attribute_exists(pk)" } },
      countBy(userId, -1),
    ]);
    return true;
  } catch (error) {
    if (error instanceof TransactionRefused) return false;
    throw error;
  }
};

/** A user's own export. @throws TableUnavailable */
export const readExport = async (userId: string, id: string): Promise<ExportRow | undefined> => {
  const { Item } = await documents.send(
    new GetCommand({ TableName: TableName(), Key: rareRowKeys.usageExport(userId, id), ConsistentRead: true }),
  );
  return Item === undefined ? undefined : exportSchema.parse(Item);
};

/** All exports of a user, oldest first. @throws TableUnavailable */
export const listExports = async (userId: string): Promise<readonly ExportRow[]> => {
  const { pk, sk } = rareRowKeys.usageExport(userId, "");
  const { Items = [] } = await documents.send(
    new QueryCommand({
      TableName: TableName(),
      KeyConditionExpression: "pk = :pk AND begins_with(sk, :prefix)",
      ExpressionAttributeValues: { ":pk": pk, ":prefix": sk },
      ConsistentRead: true,
      Limit: maxExports,
    }),
  );
  return Items.map((item) => exportSchema.parse(item));
};

/** How long an export's delivery is known by its id, seconds: a stream keeps its records for a day. */
const keepExportedSeconds = 2 * 86_400;

/** Writes a delivery of an export, once for its id whatever has become of it since. False when it was written before. @throws TableUnavailable */
export const addExportDelivery = (row: DeliveryRow, nowMs: number): Promise<boolean> =>
  addDelivery(row, [
    {
      Put: {
        TableName: TableName(),
        Item: {
          ...rareRowKeys.exportedDelivery(row.userId, row.id),
          expiresAt: Math.floor(nowMs / 1_000) + keepExportedSeconds,
        },
        ConditionExpression: "attribute_not_exists(pk)",
      },
    },
  ]);

import * as z from "zod/mini";
import { sealedTextSchema } from "#core/encryption/sealed-text.ts";
import type { RecordedGeneration, SealedRow } from "./put-content.ts";
import { contentKey, exportedContentKey } from "./rare-row-keys.ts";
import { getItem, type ItemKey } from "./table.ts";

/** Reads what put-content.ts writes. Expiry is checked on read: DynamoDB deletes late. */

const rowSchema = z.object({ sealed: sealedTextSchema, expiresAt: z.number() });

/** A row as an account's export reads it. */
export const sealedRowSchema = z.object({ ...rowSchema.shape, sk: z.string() });

const get = async (key: ItemKey, nowMs: number): Promise<SealedRow | undefined> => {
  const item = await getItem("cache", key, { consistent: true });
  const row = item === undefined ? undefined : rowSchema.parse(item);
  return row !== undefined && row.expiresAt * 1_000 > nowMs ? row : undefined;
};

/** Undefined for what was not recorded, or is too old. @throws AwsError */
export const readContentRow = (
  { userId, requestId, generation }: RecordedGeneration,
  nowMs: number,
): Promise<SealedRow | undefined> => get(contentKey(userId, requestId, generation), nowMs);

/** A message of an export, as it is sent. @throws AwsError */
export const readExportedContent = (
  userId: string,
  deliveryId: string,
  nowMs: number,
): Promise<SealedRow | undefined> => get(exportedContentKey(userId, deliveryId), nowMs);

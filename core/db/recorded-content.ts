import * as z from "zod/mini";
import { sealedTextSchema } from "#core/encryption/sealed-text.ts";
import { contentKey, exportedContentKey } from "./row-keys.ts";
import { getItem, type ItemKey, putItem } from "./table.ts";

/**
 * Rows of recorded prompts and answers, and of messages of exports that hold some: sealed, in the table of cached answers, which has
 * no backups and no stream. Expiry is checked on read: DynamoDB deletes late.
 */

const rowSchema = z.object({
  sealed: sealedTextSchema,
  /** Unix seconds. */
  expiresAt: z.number(),
});

export type SealedRow = z.infer<typeof rowSchema>;

const put = (key: ItemKey, { sealed, expiresAt }: SealedRow): Promise<void> =>
  putItem("cache", { ...key, sealed, expiresAt });

const get = async (key: ItemKey, nowMs: number): Promise<SealedRow | undefined> => {
  const item = await getItem("cache", key, { consistent: true });
  const row = item === undefined ? undefined : rowSchema.parse(item);
  return row !== undefined && row.expiresAt * 1_000 > nowMs ? row : undefined;
};

/** Which generation of a user. */
export interface RecordedGeneration {
  readonly userId: string;
  readonly requestId: string;
  readonly generation: number;
}

const keyOf = ({ userId, requestId, generation }: RecordedGeneration): ItemKey =>
  contentKey(userId, requestId, generation);

/** @throws AwsError */
export const putContent = (of: RecordedGeneration, row: SealedRow): Promise<void> => put(keyOf(of), row);
/** Undefined for what was not recorded, or is too old. @throws AwsError */
export const readContentRow = (of: RecordedGeneration, nowMs: number): Promise<SealedRow | undefined> =>
  get(keyOf(of), nowMs);

/** A message of an export, as it is sent. @throws AwsError */
export const putExportedContent = (userId: string, deliveryId: string, row: SealedRow): Promise<void> =>
  put(exportedContentKey(userId, deliveryId), row);
/** @throws AwsError */
export const readExportedContent = (
  userId: string,
  deliveryId: string,
  nowMs: number,
): Promise<SealedRow | undefined> => get(exportedContentKey(userId, deliveryId), nowMs);

/** A row as an account's export reads it. */
export const sealedRowSchema = z.extend(rowSchema, { sk: z.string() });

import type { SealedText } from "#core/encryption/sealed-text.ts";
import { contentKey, exportedContentKey } from "./rare-row-keys.ts";
import { type ItemKey, putItem } from "./table.ts";

/**
 * Writes recorded prompts and answers, and messages of exports that hold some: sealed, in the table of cached answers, which has no
 * backups and no stream. Apart from what reads them, which functions that generate do not load.
 */

export interface SealedRow {
  readonly sealed: SealedText;
  /** Unix seconds. */
  readonly expiresAt: number;
}

/** Which generation of a user. */
export interface RecordedGeneration {
  readonly userId: string;
  readonly requestId: string;
  readonly generation: number;
}

const put = (key: ItemKey, { sealed, expiresAt }: SealedRow): Promise<void> =>
  putItem("cache", { ...key, sealed, expiresAt });

/** @throws AwsError */
export const putContent = ({ userId, requestId, generation }: RecordedGeneration, row: SealedRow): Promise<void> =>
  put(contentKey(userId, requestId, generation), row);

/** A message of an export, as it is sent. @throws AwsError */
export const putExportedContent = (userId: string, deliveryId: string, row: SealedRow): Promise<void> =>
  put(exportedContentKey(userId, deliveryId), row);

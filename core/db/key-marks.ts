import { createHash } from "node:crypto";
import * as z from "zod/mini";
import { limitAttributes } from "./key-limits.ts";
import { knownAbsence, learnAbsence } from "./provider-key-absence.ts";
import { rowKeys } from "./row-keys.ts";
import { getItem, updateItem } from "./table.ts";

/**
 * Our own row beside each API key. It beats Unkey's propagation (a key revoked here is refused on the very next call) and
 * carries the last good verification, on which a known key goes on while Unkey is unavailable.
 */
const keyMarkSchema = z.object({
  keyId: z.string(),
  userId: z.string(),
  enabled: z._default(z.boolean(), true),
  /** Unix ms. */
  revokedAt: z.optional(z.number()),
  /** Unix ms from which the key is refused: its own expiry or the end of a rotation's grace. */
  expiresAtMs: z.optional(z.number()),
  /** Unix ms of the last verification that Unkey called valid. */
  verifiedAt: z.optional(z.number()),
  /** The key's own limit a minute, for the local limiter. */
  rateLimit: z.optional(z.number()),
  /** What the last noted verification knew of its user's provider keys (provider-key-absence.ts). */
  providerKeysAdded: z.optional(z.number()),
  noProviderKeysAt: z.optional(z.number()),
  ...limitAttributes,
});

export type KeyMark = z.infer<typeof keyMarkSchema>;

/** SHA-256 of a whole API key, hex: what rows and memories hold in place of the key. */
export const hashKey = (key: string): string => createHash("sha256").update(key).digest("hex");

/** The mark of a key, or undefined when it has none (a key made in Unkey itself, not yet seen). @throws AwsError */
export const readKeyMark = async (keyHash: string): Promise<KeyMark | undefined> => {
  const item = await getItem("keys", rowKeys.keyMark(keyHash), { consistent: true });
  if (item === undefined) return undefined;
  const mark = keyMarkSchema.parse(item);
  const { userId, providerKeysAdded: added, noProviderKeysAt: noneAtMs } = mark;
  if (added !== undefined) learnAbsence(userId, { added, noneAtMs });
  return mark;
};

export interface Verification {
  readonly keyId: string;
  readonly userId: string;
  readonly rateLimit: number | undefined;
  readonly nowMs: number;
}

/**
 * Notes a good verification, and with `hasMark` what is known of the user's provider keys: only then the mark is surely that
 * user's. Never revives a revoked or disabled key: only these attributes are touched. @throws AwsError
 */
export const recordVerification = async (
  keyHash: string,
  { keyId, userId, rateLimit, nowMs }: Verification,
  hasMark = false,
): Promise<void> => {
  const absence = hasMark ? knownAbsence(userId) : undefined;
  const limit = rateLimit === undefined ? "" : ", rateLimit = :limit";
  const none = absence === undefined ? "" : ", providerKeysAdded = :added, noProviderKeysAt = :none";
  await updateItem(
    "keys",
    rowKeys.keyMark(keyHash),
    `SET verifiedAt = :now, keyId = if_not_exists(keyId, :keyId), userId = if_not_exists(userId, :userId)${limit}${none}`,
    {
      values: {
        ":now": nowMs,
        ":keyId": keyId,
        ":userId": userId,
        ":limit": rateLimit,
        ":added": absence?.added,
        ":none": absence && (absence.noneAtMs ?? 0),
      },
    },
  );
};

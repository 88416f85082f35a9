import { unkey } from "#core/auth/unkey-client.ts";
import { config } from "#core/config.ts";
import {
  changeMark,
  findUserKey,
  insertKey,
  listUserKeys,
  maxKeys,
  removeUserKey,
  reserveKeyPlace,
  returnKeyPlace,
  type UserKey,
} from "#core/db/api-keys.ts";
import { hashKey } from "#core/db/key-marks.ts";
import { GatewayError } from "#core/errors.ts";
import { loggableError, logger } from "#core/observability/logger.ts";
import type { CreateKey, PatchKey } from "#core/schemas/keys.ts";
import { type KeyView, ownLimit, toKeyView } from "./key-view.ts";
import { callUnkey, keyNotFound } from "./unkey-call.ts";

/**
 * API keys of a user. They live in Unkey; our rows beside them say whose they are and refuse a revoked one at once. Each
 * change takes the order in which a crash half way leaves a key refused rather than working.
 */

export interface NewKey {
  readonly keyId: string;
  /** The whole key: shown this once, stored nowhere. */
  readonly key: string;
  readonly name: string;
  readonly rateLimit: number;
  readonly createdAt: string;
  readonly expiresAt: string | null;
}

const pageSize = 100;

const requireUserKey = async (userId: string, keyId: string): Promise<UserKey> => {
  const row = await findUserKey(userId, keyId);
  if (row === undefined) throw keyNotFound();
  return row;
};

/** Writes our rows of a key that Unkey made; when that fails the key is taken back, so that none works unseen. */
const adopt = async (row: Parameters<typeof insertKey>[0]): Promise<void> => {
  try {
    await insertKey(row);
  } catch (error) {
    await callUnkey(unkey().keys.deleteKey({ keyId: row.keyId }));
    throw error;
  }
};

/** Makes a key. @throws GatewayError CONFLICT at the cap of keys, SERVICE_UNAVAILABLE */
export const createKey = async (userId: string, { name, rateLimit, expiresAt }: CreateKey): Promise<NewKey> => {
  if (!(await reserveKeyPlace(userId))) {
    throw new GatewayError("CONFLICT", `You have ${maxKeys} keys already: revoke one first.`, { shouldRetry: false });
  }
  try {
    const expires = expiresAt === null || expiresAt === undefined ? undefined : Date.parse(expiresAt);
    const { data } = await callUnkey(
      unkey().keys.createKey({
        apiId: config.unkeyApiId(),
        prefix: "ck",
        name,
        externalId: userId,
        ratelimits: [ownLimit(rateLimit)],
        ...(expires === undefined ? {} : { expires }),
      }),
    );
    const createdAt = new Date().toISOString();
    await adopt({ userId, keyId: data.keyId, keyHash: hashKey(data.key), createdAt, rateLimit, expiresAtMs: expires });
    return {
      keyId: data.keyId,
      key: data.key,
      name,
      rateLimit,
      createdAt,
      expiresAt: expires === undefined ? null : new Date(expires).toISOString(),
    };
  } catch (error) {
    await returnKeyPlace(userId);
    throw error;
  }
};

/** A user's keys, newest first. @throws GatewayError SERVICE_UNAVAILABLE */
export const listKeys = async (userId: string): Promise<readonly KeyView[]> => {
  const own = new Map((await listUserKeys(userId)).map((row) => [row.keyId, row]));
  const views: KeyView[] = [];
  let cursor: string | undefined;
  do {
    const page = await callUnkey(
      unkey().apis.listKeys({
        apiId: config.unkeyApiId(),
        externalId: userId,
        limit: pageSize,
        ...(cursor === undefined ? {} : { cursor }),
      }),
    );
    views.push(...page.result.data.map(toKeyView));
    cursor = page.result.pagination?.hasMore === true ? page.result.pagination.cursor : undefined;
  } while (cursor !== undefined);
  return views
    .filter(({ keyId }) => own.has(keyId))
    .sort((left, right) => right.createdAt.localeCompare(left.createdAt) || right.keyId.localeCompare(left.keyId));
};

/**
 * Changes a key. Only the fields named are sent, so two callers who change different fields both stick.
 * @throws GatewayError NOT_FOUND also for another user's key, SERVICE_UNAVAILABLE
 */
export const patchKey = async (userId: string, keyId: string, patch: PatchKey): Promise<KeyView> => {
  const { keyHash } = await requireUserKey(userId, keyId);
  const expires =
    patch.expiresAt === null ? null : patch.expiresAt === undefined ? undefined : Date.parse(patch.expiresAt);
  // What takes a right away is marked before Unkey hears of it, what gives one only after.
  if (patch.enabled === false) await changeMark(keyHash, { enabled: false });
  await callUnkey(
    unkey().keys.updateKey({
      keyId,
      ...(patch.name === undefined ? {} : { name: patch.name }),
      ...(patch.rateLimit === undefined ? {} : { ratelimits: [ownLimit(patch.rateLimit)] }),
      ...(patch.enabled === undefined ? {} : { enabled: patch.enabled }),
      ...(expires === undefined ? {} : { expires }),
    }),
  );
  await changeMark(keyHash, {
    ...(patch.enabled === true ? { enabled: true } : {}),
    ...(patch.rateLimit === undefined ? {} : { rateLimit: patch.rateLimit }),
    ...(expires === undefined ? {} : { expiresAtMs: expires }),
  });
  const { data } = await callUnkey(unkey().keys.getKey({ keyId }));
  return toKeyView(data);
};

/** Revokes a key for good: refused from the very next request on. @throws GatewayError NOT_FOUND, SERVICE_UNAVAILABLE */
export const revokeKey = async (userId: string, keyId: string, nowMs: number): Promise<void> => {
  const { keyHash } = await requireUserKey(userId, keyId);
  await changeMark(keyHash, { revokedAt: nowMs });
  await callUnkey(unkey().keys.deleteKey({ keyId })).catch((error: unknown) => {
    // Deleted in Unkey before, by hand or by a first try that was cut off: our rows are still to go.
    if (!(error instanceof GatewayError && error.code === "NOT_FOUND")) throw error;
  });
  await removeUserKey(userId, keyId);
};

/**
 * Replaces a key by a new one of the same name and limit (Unkey's reroll). The old one works on for the grace period.
 * @throws GatewayError NOT_FOUND, CONFLICT at the cap of keys, SERVICE_UNAVAILABLE
 */
export const rotateKey = async (
  userId: string,
  keyId: string,
  graceSeconds: number,
  nowMs: number,
): Promise<NewKey> => {
  const old = await requireUserKey(userId, keyId);
  const view = toKeyView((await callUnkey(unkey().keys.getKey({ keyId }))).data);
  if (!(await reserveKeyPlace(userId))) {
    throw new GatewayError("CONFLICT", `You have ${maxKeys} keys already: revoke one first.`, { shouldRetry: false });
  }
  let made: { readonly keyId: string; readonly key: string };
  const createdAt = new Date(nowMs).toISOString();
  try {
    made = (await callUnkey(unkey().keys.rerollKey({ keyId, expiration: graceSeconds * 1_000 }))).data;
    await adopt({
      userId,
      keyId: made.keyId,
      keyHash: hashKey(made.key),
      createdAt,
      rotatedFrom: keyId,
      rateLimit: view.rateLimit,
      expiresAtMs: view.expiresAt === null ? undefined : Date.parse(view.expiresAt),
    });
  } catch (error) {
    await returnKeyPlace(userId);
    throw error;
  }
  await retireKey(userId, old, graceSeconds, nowMs);
  return {
    keyId: made.keyId,
    key: made.key,
    name: view.name,
    rateLimit: view.rateLimit,
    createdAt,
    expiresAt: view.expiresAt,
  };
};

/**
 * Ends the old key of a rotation. The new one exists by now and is shown this once, so a fault here is logged rather than
 * thrown: Unkey itself ends the old key, and only its propagation is then not beaten.
 */
const retireKey = async (userId: string, old: UserKey, graceSeconds: number, nowMs: number): Promise<void> => {
  try {
    if (graceSeconds === 0) await revokeKey(userId, old.keyId, nowMs);
    else await changeMark(old.keyHash, { expiresAtMs: nowMs + graceSeconds * 1_000 });
  } catch (error) {
    logger.error("The old key of a rotation could not be marked", { keyId: old.keyId, error: loggableError(error) });
  }
};

/** Takes every key from a user who is disabled: each is refused from the next request on. Resolves to how many. */
export const disableAllKeys = async (userId: string, nowMs: number): Promise<number> => {
  const rows = await listUserKeys(userId);
  for (const { keyId, keyHash } of rows) {
    await changeMark(keyHash, { revokedAt: nowMs });
    await callUnkey(unkey().keys.updateKey({ keyId, enabled: false }));
  }
  return rows.length;
};

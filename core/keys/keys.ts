import { unkey } from "#core/auth/unkey-client.ts";
import { config } from "#core/config.ts";
import { expireMark, lastingMarks } from "#core/db/account-rows.ts";
import { readAdmission } from "#core/db/admission.ts";
import {
  changeMark,
  findUserKey,
  insertKey,
  keyRows,
  listUserKeys,
  maxKeys,
  type NewKeyRow,
  removeUserKey,
  reserveKeyPlace,
  returnKeyPlace,
  type UserKey,
} from "#core/db/api-keys.ts";
import { listAlerts } from "#core/db/budget-alerts.ts";
import { removeGoneBudgets } from "#core/db/gone-budgets.ts";
import { limitsOf } from "#core/db/key-limits.ts";
import { hashKey } from "#core/db/key-marks.ts";
import { GatewayError } from "#core/errors.ts";
import { loggableError, logger } from "#core/observability/logger.ts";
import type { CreateKey, PatchKey } from "#core/schemas/keys.ts";
import { newAlertWebhook } from "./alert-webhook.ts";
import {
  changeAlertWebhook,
  changeKeysTogether,
  type LimitsView,
  limitsView,
  newLimits,
  patchLimits,
  requireBudgetPlace,
} from "./key-limits.ts";
import { type KeyView, ownLimit, toKeyView, toStoredKey } from "./key-view.ts";
import { callUnkey, keyNotFound } from "./unkey-call.ts";

/**
 * API keys of a user. They live in Unkey; our rows beside them say whose they are and refuse a revoked one at once. Each
 * change takes the order in which a crash half way leaves a key refused rather than working.
 */

export interface NewKey extends LimitsView {
  /** Where alerts of the budget go; null without one. */
  readonly alertWebhookUrl: string | null;
  /** `whsec_…`, when the URL was just set: shown this once. */
  readonly alertWebhookSecret?: string;
  readonly keyId: string;
  /** The whole key: shown this once, stored nowhere. */
  readonly key: string;
  readonly name: string;
  readonly rateLimit: number;
  readonly createdAt: string;
  readonly expiresAt: string | null;
}

const pageSize = 100;

/** Unkey takes no later expiry: 1 January 2100. */
const maxExpiresMs = 4_102_444_800_000;

/** An expiry in Unix ms; null takes one away. @throws GatewayError BAD_REQUEST, before anything is changed */
const toExpires = <Absent extends null | undefined>(text: string | Absent): number | Absent => {
  if (typeof text !== "string") return text;
  const expires = Date.parse(text);
  if (expires <= maxExpiresMs) return expires;
  throw new GatewayError("BAD_REQUEST", "The field expiresAt must be before the year 2100.", { param: "expiresAt" });
};

/** What Unkey's ids look like. Anything else is nobody's key, and may be too long for a row's key. */
const keyIdPattern = /^\w{1,255}$/;

const requireUserKey = async (userId: string, keyId: string): Promise<UserKey> => {
  const row = keyIdPattern.test(keyId) ? await findUserKey(userId, keyId) : undefined;
  if (row === undefined) throw keyNotFound();
  return row;
};

/** For a key that is gone from Unkey, by hand or by a first try that was cut off: our rows still have their say. */
const ignoreNotFound = (error: unknown): void => {
  if (!(error instanceof GatewayError && error.code === "NOT_FOUND")) throw error;
};

/** Takes a place for one more key. @throws GatewayError CONFLICT at the cap of keys, FORBIDDEN for a disabled user */
const takePlace = async (userId: string): Promise<void> => {
  const verdict = await reserveKeyPlace(userId);
  if (verdict === "full") {
    throw new GatewayError("CONFLICT", `You have ${maxKeys} keys, the maximum. Revoke one first.`, {
      shouldRetry: false,
    });
  }
  if (verdict === "user-disabled") throw new GatewayError("FORBIDDEN", "This account is disabled.");
};

/** Work that goes on whatever becomes of it: its fault is logged, since another one is on its way to the caller. */
const attempt = async (what: string, keyId: string | undefined, work: () => Promise<unknown>): Promise<void> => {
  try {
    await work();
  } catch (error) {
    logger.error(what, { keyId, error: loggableError(error) });
  }
};

/** Undoes a creation that broke off, as far as it came. The key was shown to nobody, so none works unseen. */
const undoCreation = async (userId: string, keyId: string | undefined): Promise<void> => {
  if (keyId !== undefined) {
    await attempt("A key that was not stored could not be taken back", keyId, () =>
      callUnkey(unkey().keys.deleteKey({ keyId })),
    );
  }
  await attempt("The place of a key that was not stored could not be returned", keyId, async () => {
    // Our rows may have been written though no answer came: removing them returns the place.
    const removed = keyId !== undefined && (await removeUserKey(userId, keyId));
    if (!removed) await returnKeyPlace(userId);
  });
};

/** Makes a key. @throws GatewayError CONFLICT at the cap of keys, FORBIDDEN for a disabled user, SERVICE_UNAVAILABLE */
export const createKey = async (userId: string, asked: CreateKey, nowMs = Date.now()): Promise<NewKey> => {
  const { name, rateLimit, expiresAt } = asked;
  const expires = toExpires(expiresAt ?? undefined);
  const limits = await newLimits(asked, () => listUserKeys(userId));
  const url = asked.alertWebhookUrl ?? undefined;
  const alerts = url === undefined ? undefined : await newAlertWebhook(userId, url);
  await takePlace(userId);
  let keyId: string | undefined;
  try {
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
    keyId = data.keyId;
    const createdAt = new Date(nowMs).toISOString();
    const row = {
      userId,
      keyId,
      keyHash: hashKey(data.key),
      createdAt,
      rateLimit,
      enabled: true,
      expiresAtMs: expires,
      limits,
      alertWebhook: alerts?.webhook,
    };
    if (limits?.budget === undefined) await insertKey(row);
    else {
      await changeKeysTogether(userId, (rows) => {
        requireBudgetPlace(rows, undefined);
        return { groups: [keyRows(row)], result: undefined };
      });
    }
    return {
      keyId,
      key: data.key,
      name,
      rateLimit,
      createdAt,
      expiresAt: expires === undefined ? null : new Date(expires).toISOString(),
      ...limitsView(limits, {}, nowMs),
      alertWebhookUrl: url ?? null,
      ...(alerts === undefined ? {} : { alertWebhookSecret: alerts.secret }),
    };
  } catch (error) {
    await undoCreation(userId, keyId);
    throw error;
  }
};

/** Keys that Unkey has under a user's id, ours or not. @throws GatewayError SERVICE_UNAVAILABLE */
async function* keysInUnkey(userId: string) {
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
    yield* page.result.data;
    cursor = page.result.pagination?.hasMore === true ? page.result.pagination.cursor : undefined;
  } while (cursor !== undefined);
}

/** A user's keys, newest first. @throws GatewayError SERVICE_UNAVAILABLE */
export const listKeys = async (userId: string, nowMs = Date.now()): Promise<readonly KeyView[]> => {
  const [rows, admission, alerts] = await Promise.all([
    listUserKeys(userId),
    readAdmission(userId),
    listAlerts(userId),
  ]);
  const own = new Map(rows.map((row) => [row.keyId, row]));
  const views: KeyView[] = [];
  for await (const key of keysInUnkey(userId)) {
    const row = own.get(key.keyId);
    if (row !== undefined) views.push(toKeyView(key, { row, admission, alerts }, nowMs));
  }
  return views.sort(
    (left, right) => right.createdAt.localeCompare(left.createdAt) || right.keyId.localeCompare(left.keyId),
  );
};

/**
 * Changes a key. Only the fields named are sent, so two callers who change different fields both stick.
 * @throws GatewayError NOT_FOUND also for another user's key, SERVICE_UNAVAILABLE
 */
export const patchKey = async (
  userId: string,
  keyId: string,
  patch: PatchKey,
  nowMs = Date.now(),
): Promise<KeyView & Pick<NewKey, "alertWebhookSecret">> => {
  const { keyHash } = await requireUserKey(userId, keyId);
  const expires = toExpires(patch.expiresAt);
  const { alertWebhookUrl: url } = patch;
  const alerts = typeof url === "string" ? await newAlertWebhook(userId, url) : undefined;
  await patchLimits(userId, keyId, patch, nowMs);
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
  const [{ data }, row, admission, told] = await Promise.all([
    callUnkey(unkey().keys.getKey({ keyId })),
    requireUserKey(userId, keyId),
    readAdmission(userId),
    listAlerts(userId),
  ]);
  const view = toKeyView(data, { row, admission, alerts: told }, nowMs);
  if (url === undefined) return view;
  // Last: a secret is shown this once, so nothing may fail after it has taken the place of the one before.
  await changeAlertWebhook(userId, keyId, alerts?.webhook ?? null);
  return { ...view, alertWebhookUrl: url, ...(alerts === undefined ? {} : { alertWebhookSecret: alerts.secret }) };
};

/**
 * Ends a key in Unkey and by its mark, which refuses the key from the very next request on. The mark may expire once Unkey has
 * confirmed, not before: while Unkey knows the key, nothing else refuses it. @throws GatewayError SERVICE_UNAVAILABLE
 */
const endKey = async (keyId: string, keyHash: string, nowMs: number): Promise<void> => {
  await changeMark(keyHash, { revokedAt: nowMs });
  await callUnkey(unkey().keys.deleteKey({ keyId })).catch(ignoreNotFound);
  await expireMark(keyHash, nowMs);
};

/** Revokes a key for good: refused from the very next request on. @throws GatewayError NOT_FOUND, SERVICE_UNAVAILABLE */
export const revokeKey = async (userId: string, keyId: string, nowMs: number): Promise<void> => {
  const { keyHash, budget } = await requireUserKey(userId, keyId);
  await endKey(keyId, keyHash, nowMs);
  await removeUserKey(userId, keyId);
  if (budget !== undefined) await removeGoneBudgets(userId, nowMs);
};

/** Writes a key with the limits of the one that it replaces, as they are then. Resolves to the replaced one. @throws GatewayError */
const insertSuccessor = (row: NewKeyRow & { readonly rotatedFrom: string }): Promise<UserKey> =>
  changeKeysTogether(row.userId, (rows) => {
    const replaced = rows.find(({ keyId }) => keyId === row.rotatedFrom);
    if (replaced === undefined) throw keyNotFound();
    const { alertWebhook } = replaced;
    return { groups: [keyRows({ ...row, limits: limitsOf(replaced), alertWebhook })], result: replaced };
  });

/**
 * Replaces a key by a new one of the same name and limit (Unkey's reroll). The old one works on for the grace period.
 * @throws GatewayError NOT_FOUND, CONFLICT at the cap of keys, FORBIDDEN for a disabled user, SERVICE_UNAVAILABLE
 */
export const rotateKey = async (
  userId: string,
  keyId: string,
  graceSeconds: number,
  nowMs: number,
): Promise<NewKey> => {
  await requireUserKey(userId, keyId);
  const view = toStoredKey((await callUnkey(unkey().keys.getKey({ keyId }))).data);
  await takePlace(userId);
  const createdAt = new Date(nowMs).toISOString();
  const expiresAtMs = view.expiresAt === null ? undefined : Date.parse(view.expiresAt);
  let made: { readonly keyId: string; readonly key: string } | undefined;
  let old: UserKey;
  try {
    const { data } = await callUnkey(unkey().keys.rerollKey({ keyId, expiration: graceSeconds * 1_000 }));
    made = data;
    old = await insertSuccessor({
      userId,
      keyId: data.keyId,
      keyHash: hashKey(data.key),
      createdAt,
      rotatedFrom: keyId,
      rateLimit: view.rateLimit,
      enabled: view.enabled,
      expiresAtMs,
    });
  } catch (error) {
    // The reroll set an end to the old key, which is the only one that the caller has.
    await attempt("The expiry of a key that was not rotated could not be restored", keyId, () =>
      callUnkey(unkey().keys.updateKey({ keyId, expires: expiresAtMs ?? null })),
    );
    await undoCreation(userId, made?.keyId);
    throw error;
  }
  await attempt("The old key of a rotation could not be marked", keyId, () =>
    // The new one is shown this once, so a fault is not thrown: Unkey itself ends the old key, and only its propagation is
    // then not beaten. An end that the old key had before the grace is over stays.
    graceSeconds === 0
      ? revokeKey(userId, keyId, nowMs)
      : changeMark(old.keyHash, {
          expiresAtMs: Math.min(nowMs + graceSeconds * 1_000, expiresAtMs ?? Number.POSITIVE_INFINITY),
        }),
  );
  return {
    keyId: made.keyId,
    key: made.key,
    name: view.name,
    rateLimit: view.rateLimit,
    createdAt,
    expiresAt: view.expiresAt,
    ...limitsView(limitsOf(old), await readAdmission(userId), nowMs),
    alertWebhookUrl: old.alertWebhook?.url ?? null,
  };
};

/**
 * Takes every key from a user who is disabled: each is refused from the next request on. All are marked before Unkey hears
 * of any, so that they end whether or not it is in reach. Resolves to how many. @throws GatewayError SERVICE_UNAVAILABLE
 */
export const disableAllKeys = async (userId: string, nowMs: number): Promise<number> => {
  const rows = await listUserKeys(userId);
  for (const { keyHash } of rows) await changeMark(keyHash, { revokedAt: nowMs });
  for (const { keyId } of rows) {
    await callUnkey(unkey().keys.updateKey({ keyId, enabled: false })).catch(ignoreNotFound);
  }
  return rows.length;
};

/**
 * Revokes all keys of a user for good, before the user's rows are deleted: those of the user's rows, those whose mark alone is
 * left, as of keys that an older version revoked, and those that Unkey alone knows, which nobody has used yet. The marks refuse the
 * keys for one more day. Resolves to how many keys the user had. @throws GatewayError SERVICE_UNAVAILABLE, TableUnavailable
 */
export const revokeAllKeys = async (userId: string, nowMs: number): Promise<number> => {
  const rows = await listUserKeys(userId);
  for (const { keyId } of rows) await revokeKey(userId, keyId, nowMs);
  for (const { keyId, keyHash } of await lastingMarks(userId)) await endKey(keyId, keyHash, nowMs);
  const left: string[] = [];
  for await (const { keyId } of keysInUnkey(userId)) left.push(keyId);
  for (const keyId of left) await callUnkey(unkey().keys.deleteKey({ keyId })).catch(ignoreNotFound);
  return rows.length;
};

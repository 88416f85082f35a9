import { keyHash, newKeyText, newUnkeyId } from "./key-text.ts";
import { pageOf } from "./page.ts";
import { Problem } from "./problem.ts";
import type { RequestOf } from "./requests.ts";
import { type State, type StoredKey, withRatelimitIds } from "./state.ts";
import { keyView } from "./views.ts";

/** keys.createKey. The answer is the only time that the key itself is seen. */
export const createKey = (request: RequestOf<"createKey">, state: State, nowMs: number) => {
  if (request.recoverable) {
    throw new Problem(
      "preconditionFailed",
      "unkey/application/precondition_failed",
      "This API does not store recoverable keys: only their hashes are kept.",
    );
  }
  const { prefix, byteLength, name, meta, expires, credits, externalId } = request;
  const { key, start } = newKeyText(prefix, byteLength);
  const stored: StoredKey = {
    keyId: newUnkeyId("key"),
    hash: keyHash(key),
    start,
    byteLength,
    enabled: request.enabled,
    createdAt: nowMs,
    permissions: request.permissions ?? [],
    roles: request.roles ?? [],
    ratelimits: withRatelimitIds(request.ratelimits ?? []),
    ...(prefix !== undefined && { prefix }),
    ...(name !== undefined && { name }),
    ...(meta !== undefined && { meta }),
    ...(expires !== undefined && { expires }),
    ...(credits !== undefined && { credits }),
    ...(externalId !== undefined && { identityId: state.identityFor(externalId).id }),
  };
  state.addKey(stored);
  return { keyId: stored.keyId, key };
};

/** keys.updateKey: what is absent stays, null clears, lists are replaced. */
export const updateKey = (request: RequestOf<"updateKey">, state: State, nowMs: number) => {
  const key = keyById(request.keyId, state);
  for (const field of ["name", "meta", "expires"] as const) {
    const value = request[field];
    if (value === null) delete key[field];
    else if (value !== undefined) Object.assign(key, { [field]: value });
  }
  if (request.enabled !== undefined) key.enabled = request.enabled;
  if (request.roles !== undefined) key.roles = request.roles;
  if (request.permissions !== undefined) key.permissions = request.permissions;
  if (request.ratelimits !== undefined) key.ratelimits = withRatelimitIds(request.ratelimits, key.ratelimits);
  if (request.externalId === null) delete key.identityId;
  else if (request.externalId !== undefined) key.identityId = state.identityFor(request.externalId).id;
  updateCredits(key, request.credits);
  key.updatedAt = nowMs;
  return {};
};

const updateCredits = (key: StoredKey, credits: RequestOf<"updateKey">["credits"]): void => {
  if (credits === undefined) return;
  if (credits === null) {
    delete key.credits;
    return;
  }
  const { remaining = key.credits?.remaining ?? null, refill = key.credits?.refill } = credits;
  // Unlimited credits have nothing to refill.
  key.credits = { remaining, ...(refill && remaining !== null && { refill }) };
};

/** keys.deleteKey, permanent or not: verification no longer finds it. */
export const deleteKey = (request: RequestOf<"deleteKey">, state: State) => {
  state.removeKey(keyById(request.keyId, state));
  return {};
};

/** keys.getKey. `decrypt` finds nothing to show: keys are stored as hashes only. */
export const getKey = (request: RequestOf<"getKey">, state: State) => keyView(keyById(request.keyId, state), state);

/** keys.whoami: the key's record by the key itself. */
export const whoami = (request: RequestOf<"whoami">, state: State) => {
  const key = state.keysByHash.get(keyHash(request.key));
  if (key === undefined) throw keyNotFound();
  return keyView(key, state);
};

/**
 * keys.rerollKey: a new key with the configuration of the old one, which expires `expiration` ms from now (or earlier, if
 * it was to). The specification does not say whether `expires` is copied; here it is, so that a limited key stays limited.
 */
export const rerollKey = (request: RequestOf<"rerollKey">, state: State, nowMs: number) => {
  const old = keyById(request.keyId, state);
  const { key, start } = newKeyText(old.prefix, old.byteLength);
  const { updatedAt: _, lastUsedAt: __, ...configuration } = structuredClone(old);
  const keyId = newUnkeyId("key");
  const ratelimits = withRatelimitIds(old.ratelimits);
  state.addKey({ ...configuration, keyId, hash: keyHash(key), start, createdAt: nowMs, ratelimits });
  old.expires = Math.min(old.expires ?? Number.POSITIVE_INFINITY, nowMs + request.expiration);
  old.updatedAt = nowMs;
  return { keyId, key };
};

/** apis.listKeys: one page, by key id. An external id that nobody has gives an empty page. */
export const listKeys = (request: RequestOf<"listKeys">, state: State) => {
  const { externalId } = request;
  const identityId = externalId === undefined ? undefined : state.identitiesByExternalId.get(externalId)?.id;
  const keys = [...state.keys.values()].filter((key) => externalId === undefined || key.identityId === identityId);
  const wanted = externalId !== undefined && identityId === undefined ? [] : keys;
  const { items, pagination } = pageOf(wanted, (key) => key.keyId, request);
  return { data: items.map((key) => keyView(key, state)), pagination };
};

const keyById = (keyId: string, state: State): StoredKey => {
  const key = state.keys.get(keyId);
  if (key === undefined) throw keyNotFound();
  return key;
};

const keyNotFound = (): Problem =>
  new Problem("notFound", "unkey/data/key_not_found", "The specified key was not found.");

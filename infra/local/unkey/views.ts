import type { State, StoredIdentity, StoredKey } from "./state.ts";

/** An identity as Unkey answers it. */
export const identityView = ({ id, externalId, meta, ratelimits }: StoredIdentity) => ({
  id,
  externalId,
  ...(meta !== undefined && { meta }),
  ...(ratelimits.length > 0 && { ratelimits }),
});

/** A key as getKey, listKeys and whoami answer it: never the key itself, nor its hash. */
export const keyView = (key: StoredKey, state: State) => {
  const { keyId, start, enabled, createdAt, name, meta, updatedAt, lastUsedAt, expires, credits } = key;
  const identity = state.identityOf(key);
  return {
    keyId,
    start,
    enabled,
    createdAt,
    ...(name !== undefined && { name }),
    ...(meta !== undefined && { meta }),
    ...(updatedAt !== undefined && { updatedAt }),
    ...(lastUsedAt !== undefined && { lastUsedAt }),
    ...(expires !== undefined && { expires }),
    ...(key.permissions.length > 0 && { permissions: key.permissions }),
    ...(key.roles.length > 0 && { roles: key.roles }),
    ...(credits !== undefined && { credits }),
    ...(identity !== undefined && { identity: identityView(identity) }),
    ...(key.ratelimits.length > 0 && { ratelimits: key.ratelimits }),
  };
};

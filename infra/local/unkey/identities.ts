import { newUnkeyId } from "./key-text.ts";
import { pageOf } from "./page.ts";
import { Problem } from "./problem.ts";
import type { RequestOf } from "./requests.ts";
import { type State, type StoredIdentity, withRatelimitIds } from "./state.ts";
import { identityView } from "./views.ts";

/** identities.createIdentity. A taken external id is a 409. */
export const createIdentity = (request: RequestOf<"createIdentity">, state: State) => {
  const { externalId, meta, ratelimits = [] } = request;
  if (state.identitiesByExternalId.has(externalId)) {
    throw new Problem(
      "conflict",
      "unkey/data/identity_already_exists",
      `An identity with externalId '${externalId}' exists already.`,
    );
  }
  const id = newUnkeyId("id");
  state.addIdentity({ id, externalId, ...(meta && { meta }), ratelimits: withRatelimitIds(ratelimits) });
  return { identityId: id };
};

/** identities.getIdentity, by its id or its external id. */
export const getIdentity = (request: RequestOf<"getIdentity">, state: State) =>
  identityView(identityBy(request.identity, state));

/** identities.updateIdentity: what is absent stays, `ratelimits` replaces the list. */
export const updateIdentity = (request: RequestOf<"updateIdentity">, state: State) => {
  const identity = identityBy(request.identity, state);
  if (request.meta !== undefined) identity.meta = request.meta;
  if (request.ratelimits !== undefined) {
    identity.ratelimits = withRatelimitIds(request.ratelimits, identity.ratelimits);
  }
  return identityView(identity);
};

/** identities.listIdentities: one page, by id. */
export const listIdentities = (request: RequestOf<"listIdentities">, state: State) => {
  const search = request.search?.toLowerCase() ?? "";
  const found = [...state.identities.values()].filter(({ id, externalId }) =>
    `${id}\n${externalId}`.toLowerCase().includes(search),
  );
  const { items, pagination } = pageOf(found, (identity) => identity.id, request);
  return { data: items.map(identityView), pagination };
};

/** identities.deleteIdentity. Its keys work on, without the identity's limits. */
export const deleteIdentity = (request: RequestOf<"deleteIdentity">, state: State): void =>
  state.removeIdentity(identityBy(request.identity, state));

const identityBy = (idOrExternalId: string, state: State): StoredIdentity => {
  const identity = state.identitiesByExternalId.get(idOrExternalId) ?? state.identities.get(idOrExternalId);
  if (identity !== undefined) return identity;
  throw new Problem("notFound", "unkey/data/identity_not_found", "The identity was not found.");
};

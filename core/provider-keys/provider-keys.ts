import type { ProviderKeyRow } from "#core/db/provider-key-rows.ts";
import { insertProviderKey, listProviderKeys, removeProviderKey } from "#core/db/provider-keys.ts";
import { GatewayError } from "#core/errors.ts";
import { newId } from "#core/ids.ts";
import type { CreateProviderKey } from "#core/schemas/provider-keys.ts";
import { sealProviderKey } from "./seal-provider-key.ts";

/** A provider key as its owner sees it: never more of it than the last four characters. */
export type ProviderKeyView = Pick<ProviderKeyRow, "id" | "provider" | "slug" | "displayName" | "last4" | "createdAt">;

const toView = ({ id, provider, slug, displayName, last4, createdAt }: ProviderKeyRow): ProviderKeyView => ({
  id,
  provider,
  slug,
  displayName,
  last4,
  createdAt,
});

/** Seals and stores a provider key. @throws GatewayError BAD_REQUEST, CONFLICT for a slug that is taken or at the cap of keys */
export const storeProviderKey = async (userId: string, input: CreateProviderKey): Promise<ProviderKeyView> => {
  const { provider, slug, displayName, apiKey } = input;
  // Half of a surrogate pair is no text: DynamoDB refuses it.
  if (!displayName.isWellFormed()) {
    throw new GatewayError("BAD_REQUEST", "The field displayName is not valid Unicode.", { param: "displayName" });
  }
  const id = newId("providerKey");
  const row: ProviderKeyRow = {
    id,
    userId,
    provider,
    slug,
    displayName,
    last4: apiKey.slice(-4),
    createdAt: new Date().toISOString(),
    ...(await sealProviderKey(apiKey, { userId, provider, id })),
  };
  await insertProviderKey(row);
  return toView(row);
};

/** A user's provider keys, newest first. */
export const showProviderKeys = async (userId: string): Promise<readonly ProviderKeyView[]> =>
  (await listProviderKeys(userId)).map(toView).reverse();

/** Removes a provider key: no later request uses it. @throws GatewayError NOT_FOUND also for another user's */
export const deleteProviderKey = async (userId: string, id: string): Promise<void> => {
  if (!(await removeProviderKey(userId, id))) {
    throw new GatewayError("NOT_FOUND", "No provider key has this id.", { param: "id" });
  }
};

import type { ProviderId } from "#core/catalog/provider-ids.ts";
import { config } from "#core/config.ts";
import type { ProviderKeyRow } from "#core/db/provider-key-rows.ts";
import { openProviderKey } from "#core/provider-keys/seal-provider-key.ts";
import { type ProviderCredential, ProviderFailure } from "#core/providers/provider.ts";

/** Opens the caller's own key. KMS's errors pass through. */
export const byokCredential = async (provider: ProviderId, row: ProviderKeyRow): Promise<ProviderCredential> => ({
  apiKey: await openProviderKey(row),
  baseUrl: config.providerBaseUrl(provider),
  byok: true,
  providerKeyId: row.id,
});

/** The platform's key; undefined when it has none for this provider. */
export const platformCredential = (provider: ProviderId): ProviderCredential | undefined => {
  const apiKey = config.providerApiKey(provider);
  return apiKey === undefined ? undefined : { apiKey, baseUrl: config.providerBaseUrl(provider), byok: false };
};

/** The credential of a call that needs one. @throws ProviderFailure of kind auth when nobody has a key */
export const requireCredential = (
  provider: ProviderId,
  credential: ProviderCredential | undefined,
): ProviderCredential => {
  if (credential !== undefined) return credential;
  throw new ProviderFailure(provider, "auth", `No key is configured for ${provider}`);
};

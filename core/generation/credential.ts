import type { ProviderId } from "#core/catalog/provider-ids.ts";
import type { ProviderKeyRow } from "#core/db/provider-key-rows.ts";
import { openProviderKey } from "#core/provider-keys/seal-provider-key.ts";
import { type ProviderCredential, ProviderFailure } from "#core/providers/provider.ts";
import { providerApiKey, providerBaseUrl } from "#core/upstreams.ts";

/** Opens the caller's own key. KMS's errors pass through. */
export const byokCredential = async (provider: ProviderId, row: ProviderKeyRow): Promise<ProviderCredential> => ({
  apiKey: await openProviderKey(row),
  baseUrl: providerBaseUrl(provider),
  byok: true,
  providerKeyId: row.id,
});

/** The platform's key; undefined when it has none for this provider. */
export const platformCredential = (provider: ProviderId): ProviderCredential | undefined => {
  const apiKey = providerApiKey(provider);
  return apiKey === undefined ? undefined : { apiKey, baseUrl: providerBaseUrl(provider), byok: false };
};

/** The credential of a call that needs one. @throws ProviderFailure of kind auth when nobody has a key */
export const requireCredential = (
  provider: ProviderId,
  credential: ProviderCredential | undefined,
): ProviderCredential => {
  if (credential !== undefined) return credential;
  throw new ProviderFailure(provider, "auth", `No key is configured for ${provider}`);
};

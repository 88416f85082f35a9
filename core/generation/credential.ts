import { isOwnKeyOnly, type PlatformProviderId, type ProviderId } from "#core/catalog/provider-ids.ts";
import type { ProviderKeyRow } from "#core/db/provider-key-rows.ts";
import { openProviderKey } from "#core/provider-keys/seal-provider-key.ts";
import { type ProviderCredential, ProviderFailure } from "#core/providers/provider.ts";
import { bedrockBaseUrl, providerApiKey, providerBaseUrl } from "#core/upstreams.ts";

/**
 * Opens the caller's own key, or assumes their role. KMS's errors pass through.
 * @param requestId of the request that needs it
 * @param signal ends the wait for a role; KMS has a short time of its own
 * @throws GatewayError for a custom address or a role that may not be used; ProviderFailure for a role that is not assumed
 */
export const byokCredential = async (
  provider: ProviderId,
  row: ProviderKeyRow,
  requestId = "",
  signal?: AbortSignal,
): Promise<ProviderCredential> => {
  const { id: providerKeyId, custom, awsRole } = row;
  if (provider === "bedrock") {
    if (awsRole !== undefined) {
      return (await import("#core/provider-keys/role-credential.ts")).roleCredential(row, awsRole, requestId, signal);
    }
    return { apiKey: await openProviderKey(row), baseUrl: bedrockBaseUrl(row.region), byok: true, providerKeyId };
  }
  if (provider !== "custom" && custom === undefined) {
    return { apiKey: await openProviderKey(row), baseUrl: providerBaseUrl(provider), byok: true, providerKeyId };
  }
  // A key goes to the address that it was stored with, and nowhere else.
  if (provider !== "custom" || custom === undefined) throw new Error("A provider key does not fit its provider");
  const { customAccess } = await import("#core/provider-keys/custom-access.ts");
  const access = customAccess(custom);
  return { apiKey: await openProviderKey(row), baseUrl: custom.baseUrl, byok: true, providerKeyId, custom: access };
};

/** The platform's key; undefined when it has none for this provider. Amazon Bedrock has none: bedrock-role.ts. */
export const platformCredential = (provider: ProviderId): ProviderCredential | undefined => {
  if (isOwnKeyOnly({ provider })) return undefined;
  const known = provider as PlatformProviderId;
  const apiKey = providerApiKey(known);
  return apiKey === undefined ? undefined : { apiKey, baseUrl: providerBaseUrl(known), byok: false };
};

/** The credential of a call that needs one. @throws ProviderFailure of kind auth when nobody has a key */
export const requireCredential = (
  provider: ProviderId,
  credential: ProviderCredential | undefined,
): ProviderCredential => {
  if (credential !== undefined) return credential;
  throw new ProviderFailure(provider, "auth", `No key is configured for ${provider}`);
};

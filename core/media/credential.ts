import type { ProviderId } from "#core/catalog/provider-ids.ts";
import { config } from "#core/config.ts";
import type { ProviderKeyRow } from "#core/db/provider-key-rows.ts";
import { GatewayError } from "#core/errors.ts";
import { openProviderKey } from "#core/provider-keys/seal-provider-key.ts";
import { type ProviderCredential, ProviderFailure } from "#core/providers/provider.ts";

/** Where and as whom a media provider is called. */
export type MediaCredential = ProviderCredential;

/**
 * The caller's key that pays: the one that `X-Provider-Key` names, else the newest for the provider; undefined for the
 * platform's. @throws GatewayError BAD_REQUEST for a slug that the caller does not have, or of another provider
 */
export const choosePayingKey = (
  provider: ProviderId,
  rows: readonly ProviderKeyRow[],
  slug: string | undefined,
): ProviderKeyRow | undefined => {
  if (slug === undefined) return rows.find((row) => row.provider === provider);
  const row = rows.find((candidate) => candidate.slug === slug);
  const problem =
    row === undefined
      ? "No provider key has this slug."
      : row.provider === provider
        ? undefined
        : `This provider key is for ${row.provider}, not for ${provider}.`;
  if (problem !== undefined) throw new GatewayError("BAD_REQUEST", problem, { param: "X-Provider-Key" });
  return row;
};

/** Opens the key that pays. @throws ProviderFailure of kind auth where the platform has none; what KMS throws */
export const openCredential = async (
  provider: ProviderId,
  row: ProviderKeyRow | undefined,
): Promise<MediaCredential> => {
  const baseUrl = config.providerBaseUrl(provider);
  if (row !== undefined) return { apiKey: await openProviderKey(row), baseUrl, byok: true, providerKeyId: row.id };
  const apiKey = config.providerApiKey(provider);
  if (apiKey === undefined) throw new ProviderFailure(provider, "auth", `There is no key for ${provider}`);
  return { apiKey, baseUrl, byok: false, providerKeyId: undefined };
};

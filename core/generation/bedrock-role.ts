import { namedModels, namedRegion } from "#core/catalog/bedrock.ts";
import { config } from "#core/config.ts";
import type { ProviderCredential } from "#core/providers/provider.ts";
import { bedrockBaseUrl } from "#core/upstreams.ts";

/** The function's own role, for a model that the stage names; undefined for any other, which IAM refuses as well. */
export const platformRole = (providerModel: string | undefined): ProviderCredential | undefined => {
  if (providerModel === undefined || !namedModels().has(providerModel)) return undefined;
  const region = namedRegion() ?? config.region();
  return { aws: { ...config.awsCredentials(), region }, baseUrl: bedrockBaseUrl(region), byok: false };
};

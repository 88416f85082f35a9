import type { ProviderPost } from "./http-transport.ts";
import type { ProviderCredential } from "./provider.ts";

type KeyHeader = "authorization" | "api-key" | "x-api-key";

/**
 * The address below a credential's base URL, the header with its key, and the connections for it. A custom provider has its
 * own header and its guarded connections; any other has the vendor's header.
 */
export const askWithKey = (
  credential: ProviderCredential,
  path: string,
  vendorsHeader: KeyHeader,
): Pick<ProviderPost, "url" | "headers" | "agent"> => {
  const { apiKey, baseUrl, custom } = credential;
  if (apiKey === undefined) throw new Error("No key");
  const header = custom?.authHeader ?? vendorsHeader;
  const root = baseUrl.endsWith("/") ? baseUrl.slice(0, -1) : baseUrl;
  const query = custom?.apiVersion === undefined ? "" : `?api-version=${encodeURIComponent(custom.apiVersion)}`;
  return {
    url: `${root}${path}${query}`,
    headers: { [header]: header === "authorization" ? `Bearer ${apiKey}` : apiKey },
    agent: custom?.agent,
  };
};

import { signPathPost } from "#core/aws/sign-path.ts";
import { askWithKey } from "#core/providers/ask-with-key.ts";
import type { ProviderPost } from "#core/providers/http-transport.ts";
import type { ProviderCredential } from "#core/providers/provider.ts";

const contentType = "application/json";

/**
 * The address of a call to Bedrock, and the headers that say who calls: a Bedrock API key, or AWS's signature over the path and
 * the body.
 * @param body as it is sent, to the byte
 */
export const bedrockAccess = (
  credential: ProviderCredential,
  path: string,
  body: string,
): Pick<ProviderPost, "url" | "headers" | "agent"> => {
  const { aws, baseUrl } = credential;
  if (aws === undefined) return askWithKey(credential, path, "authorization");
  const url = new URL(`${baseUrl.replace(/\/$/, "")}${path}`);
  const headers = signPathPost({
    service: "bedrock",
    host: url.host,
    path: url.pathname,
    contentType,
    body,
    identity: aws,
    now: new Date(),
  });
  return { url: url.href, headers };
};

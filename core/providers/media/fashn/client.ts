import { callUpstream, type UpstreamReply } from "#core/providers/media/upstream.ts";
import type { KeyCredential } from "#core/providers/provider.ts";

/** FASHN's API: run and status. A failure at run time comes with HTTP 200 and a name. Source: docs.fashn.ai. */

/** Calls a path: POST with a body, GET without. @throws ProviderFailure */
export const callFashn = (
  path: string,
  { apiKey, baseUrl }: KeyCredential,
  signal: AbortSignal,
  body?: object,
): Promise<UpstreamReply> =>
  callUpstream({
    provider: "fashn",
    method: body === undefined ? "GET" : "POST",
    url: `${baseUrl}${path}`,
    headers: { authorization: `Bearer ${apiKey}` },
    signal,
    ...(body === undefined ? {} : { body }),
  });

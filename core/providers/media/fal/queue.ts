import * as z from "zod";
import { callUpstream, isVendorUrl, malformed, readReply, type UpstreamReply } from "#core/providers/media/upstream.ts";
import { type KeyCredential, ProviderFailure } from "#core/providers/provider.ts";

/**
 * fal's queue: a request is submitted, its status is polled at the URLs of the response, and its result is fetched. There is
 * no failed status: the result replays the model's HTTP error. Source: docs.fal.ai and the types of @fal-ai/client 1.10.1.
 */

const submittedSchema = z.looseObject({
  request_id: z.string().min(1),
  status_url: z.string().min(1),
  response_url: z.string().min(1),
});
const statusSchema = z.looseObject({ status: z.string() });

export interface FalTicket {
  readonly statusUrl: string;
  readonly responseUrl: string;
}

const headers = ({ apiKey }: KeyCredential) => ({ authorization: `Key ${apiKey}` });

/** fal serves its queue from two domains. */
const isFalUrl = (url: string, { baseUrl }: KeyCredential): boolean =>
  isVendorUrl(url, baseUrl, "fal.run") || isVendorUrl(url, baseUrl, "falrun.com");

/** Submits a request to a model. @throws ProviderFailure */
export const submitFal = async (
  credential: KeyCredential,
  path: string,
  input: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<{ readonly ticket: FalTicket; readonly simulated: boolean }> => {
  const reply = await callUpstream({
    provider: "fal",
    url: `${credential.baseUrl}/${path}`,
    headers: headers(credential),
    body: input,
    signal,
  });
  const { status_url: statusUrl, response_url: responseUrl } = readReply(submittedSchema, "fal", reply.json);
  // The key is sent to fal only, whatever the response says.
  if (!isFalUrl(statusUrl, credential) || !isFalUrl(responseUrl, credential)) {
    throw malformed("fal", "the status URL is not on a fal domain");
  }
  return { ticket: { statusUrl, responseUrl }, simulated: reply.simulated };
};

const get = (credential: KeyCredential, url: string, signal: AbortSignal): Promise<UpstreamReply> =>
  callUpstream({ provider: "fal", method: "GET", url, headers: headers(credential), signal });

/** A request's status: `IN_QUEUE`, `IN_PROGRESS` or `COMPLETED`. @throws ProviderFailure */
export const falStatus = async (
  credential: KeyCredential,
  { statusUrl }: FalTicket,
  signal: AbortSignal,
): Promise<string> => readReply(statusSchema, "fal", (await get(credential, statusUrl, signal)).json).status;

/** What became of a completed request: its result, or the model's own error, for which fal charges nothing. */
export type FalOutcome = { readonly json: unknown } | { readonly failure: ProviderFailure };

/** fal no longer knows the request: that says nothing of what its model did. */
const gone: ReadonlySet<number | undefined> = new Set([404, 410]);

/** @throws ProviderFailure where fal does not say what became of the request */
export const falOutcome = async (
  credential: KeyCredential,
  { responseUrl }: FalTicket,
  signal: AbortSignal,
): Promise<FalOutcome> => {
  try {
    return { json: (await get(credential, responseUrl, signal)).json };
  } catch (error) {
    if (!(error instanceof ProviderFailure) || error.kind !== "request" || gone.has(error.status)) throw error;
    return { failure: error };
  }
};

export const falFile = z.looseObject({
  url: z.string().min(1),
  content_type: z.string().nullish(),
  width: z.number().nullish(),
  height: z.number().nullish(),
});

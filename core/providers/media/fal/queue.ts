import * as z from "zod";
import { callUpstream, isVendorUrl, malformed, readReply, type UpstreamReply } from "#core/providers/media/upstream.ts";
import { type ProviderCredential, ProviderFailure } from "#core/providers/provider.ts";

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

const headers = ({ apiKey }: ProviderCredential) => ({ authorization: `Key ${apiKey}` });

/** fal serves its queue from two domains. */
const isFalUrl = (url: string, { baseUrl }: ProviderCredential): boolean =>
  isVendorUrl(url, baseUrl, "fal.run") || isVendorUrl(url, baseUrl, "falrun.com");

/** Submits a request to a model. @throws ProviderFailure */
export const submitFal = async (
  credential: ProviderCredential,
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

const get = (credential: ProviderCredential, url: string, signal: AbortSignal): Promise<UpstreamReply> =>
  callUpstream({ provider: "fal", method: "GET", url, headers: headers(credential), signal });

/** A request's status: `IN_QUEUE`, `IN_PROGRESS` or `COMPLETED`. @throws ProviderFailure */
export const falStatus = async (
  credential: ProviderCredential,
  { statusUrl }: FalTicket,
  signal: AbortSignal,
): Promise<string> => readReply(statusSchema, "fal", (await get(credential, statusUrl, signal)).json).status;

/** The result of a completed request. @throws ProviderFailure, also for the model's own error */
export const falResult = async (
  credential: ProviderCredential,
  { responseUrl }: FalTicket,
  signal: AbortSignal,
): Promise<unknown> => (await get(credential, responseUrl, signal)).json;

/** Whether the result is the model's own error rather than a transport failure. */
export const isModelFailure = (error: unknown): error is ProviderFailure =>
  error instanceof ProviderFailure && error.kind === "request";

export const falFile = z.looseObject({
  url: z.string().min(1),
  content_type: z.string().nullish(),
  width: z.number().nullish(),
  height: z.number().nullish(),
});

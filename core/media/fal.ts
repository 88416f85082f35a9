import * as z from "zod";
import { ProviderFailure } from "#core/providers/provider.ts";
import type { MediaCredential } from "./credential.ts";
import { callUpstream, isVendorUrl, malformed, readReply, type UpstreamReply } from "./upstream.ts";

/**
 * fal's queue: a request is handed over, asked about at the URLs of its answer, and its result fetched. There is no failed
 * state: the result replays the model's own HTTP error. Source: docs.fal.ai and the types of @fal-ai/client 1.10.1.
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

const headers = ({ apiKey }: MediaCredential) => ({ authorization: `Key ${apiKey}` });

/** fal has two hosts for its queue. */
const isFalUrl = (url: string, { baseUrl }: MediaCredential): boolean =>
  isVendorUrl(url, baseUrl, "fal.run") || isVendorUrl(url, baseUrl, "falrun.com");

/** Hands a request to a model. @throws ProviderFailure */
export const submitFal = async (
  credential: MediaCredential,
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
  // The key goes nowhere but to fal, whatever an answer says.
  if (!isFalUrl(statusUrl, credential) || !isFalUrl(responseUrl, credential)) {
    throw malformed("fal", "its status URL is not its own");
  }
  return { ticket: { statusUrl, responseUrl }, simulated: reply.simulated };
};

const get = (credential: MediaCredential, url: string, signal: AbortSignal): Promise<UpstreamReply> =>
  callUpstream({ provider: "fal", method: "GET", url, headers: headers(credential), signal });

/** Where a request is: `IN_QUEUE`, `IN_PROGRESS` or `COMPLETED`. @throws ProviderFailure */
export const falStatus = async (
  credential: MediaCredential,
  { statusUrl }: FalTicket,
  signal: AbortSignal,
): Promise<string> => readReply(statusSchema, "fal", (await get(credential, statusUrl, signal)).json).status;

/** What a completed request made. @throws ProviderFailure: the model's own error */
export const falResult = async (
  credential: MediaCredential,
  { responseUrl }: FalTicket,
  signal: AbortSignal,
): Promise<unknown> => (await get(credential, responseUrl, signal)).json;

/** Whether an error of the result is the model's end rather than a fault on the way. */
export const isModelFailure = (error: unknown): error is ProviderFailure =>
  error instanceof ProviderFailure && error.kind === "request";

export const falFile = z.looseObject({
  url: z.string().min(1),
  content_type: z.string().nullish(),
  width: z.number().nullish(),
  height: z.number().nullish(),
});

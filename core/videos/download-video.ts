import type { IncomingMessage } from "node:http";
import type { JobRow } from "#core/db/jobs.ts";
import { GatewayError } from "#core/errors.ts";
import { outputExpired } from "#core/jobs/job-view.ts";
import { jobCredential } from "#core/jobs/poll-job.ts";
import { googleBase } from "#core/media/google.ts";
import { isVendorUrl } from "#core/media/upstream.ts";
import { send } from "#core/outbound.ts";
import { toProviderFailure } from "#core/providers/http-transport.ts";
import { ProviderFailure } from "#core/providers/provider.ts";
import { failureToError } from "#core/routing/failure-to-error.ts";

/** Google gives a finished video to nobody without the key that made it, so it is passed through us, byte by byte. */

const timeoutMs = 30_000;
const maxRedirects = 3;

/** Whether the job's output cannot be fetched by its URL alone. */
export const needsKey = ({ provider, kind }: Pick<JobRow, "provider" | "kind">): boolean =>
  provider === "google" && kind === "video";

const open = async (
  address: string,
  apiKey: string,
  baseUrl: string,
  signal: AbortSignal,
): Promise<IncomingMessage> => {
  let url = address;
  for (let redirects = 0; redirects <= maxRedirects; redirects++) {
    // Only Google is asked, and only its API is shown the key.
    const own = isVendorUrl(url, baseUrl, "googleapis.com");
    if (!own && !isVendorUrl(url, baseUrl, "googleusercontent.com")) break;
    const response = await send({
      url,
      method: "GET",
      headers: own ? { "x-goog-api-key": apiKey } : {},
      signal,
      headersTimeoutMs: timeoutMs,
      idleTimeoutMs: timeoutMs,
    });
    const { statusCode = 0, headers } = response;
    if (statusCode === 200) return response;
    response.destroy();
    if (statusCode < 300 || statusCode >= 400 || headers.location === undefined) {
      const kind = statusCode === 401 || statusCode === 403 ? "auth" : statusCode < 500 ? "request" : "server";
      throw new ProviderFailure("google", kind, `google answered with status ${statusCode}`, { status: statusCode });
    }
    url = URL.parse(headers.location, url)?.href ?? "";
  }
  throw new ProviderFailure("google", "malformed", "google: the video is not where Google keeps videos");
};

/** Opens the video of a completed job. @throws GatewayError */
export const downloadVideo = async (row: JobRow, signal: AbortSignal): Promise<IncomingMessage> => {
  const [output] = row.output ?? [];
  if (row.status !== "completed" || output === undefined || outputExpired(row, Date.now())) {
    throw new GatewayError("NOT_FOUND", "This job has no video, not yet or not any more.", {
      param: "id",
      details: { status: row.status },
    });
  }
  const credential = await jobCredential(row);
  try {
    return await open(output.url, credential.apiKey, googleBase(credential), signal);
  } catch (error) {
    if (error instanceof GatewayError) throw error;
    const failure = toProviderFailure("google", error, signal);
    throw failureToError(failure, { byok: row.byok, attempts: [], fellBack: false, hasTools: false });
  }
};

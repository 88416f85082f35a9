import type { IncomingMessage } from "node:http";
import type { JobRow } from "#core/db/jobs.ts";
import { GatewayError } from "#core/errors.ts";
import { failureToError, singleCall } from "#core/generation/failure-to-error.ts";
import { outputExpired } from "#core/jobs/job-view.ts";
import { jobCredential } from "#core/jobs/poll-job.ts";
import { googleBase } from "#core/media/google.ts";
import { isVendorUrl } from "#core/media/upstream.ts";
import { send } from "#core/outbound/transport.ts";
import { toProviderFailure } from "#core/providers/http-transport.ts";
import { ProviderFailure } from "#core/providers/provider.ts";

/** Google gives a finished video to nobody without the key that made it, so it is passed through us, byte by byte. */

const headersTimeoutMs = 30_000;
/** The reader may pause, as a player does: then nothing comes, and Google is not to blame. The caller's signal ends it all. */
const idleTimeoutMs = 300_000;
const maxRedirects = 3;

/** Whether the job's output cannot be fetched by its URL alone. */
export const needsKey = ({ provider, kind }: Pick<JobRow, "provider" | "kind">): boolean =>
  provider === "google" && kind === "video";

/** One range, as players ask for. Several at once are answered with the whole, which RFC 9110 leaves to a server. */
const oneRange = /^bytes=(?:\d{1,15}-\d{0,15}|-\d{1,15})$/i;
const partOfWhole = /^bytes \d{1,15}-\d{1,15}\/(?:\d{1,15}|\*)$/i;
const noPartOf = /^bytes \*\/\d{1,15}$/i;

/** A video, or the part of it that was asked for, on its way from its provider. */
export interface VideoDownload {
  readonly status: 200 | 206;
  readonly body: IncomingMessage;
  /** What it is, without its length: API Gateway sets that itself. */
  readonly headers: Readonly<Record<string, string>>;
}

const open = async (
  address: string,
  apiKey: string,
  baseUrl: string,
  range: string | undefined,
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
      headers: { ...(own ? { "x-goog-api-key": apiKey } : {}), ...(range === undefined ? {} : { range }) },
      signal,
      headersTimeoutMs,
      idleTimeoutMs,
    });
    const { statusCode = 0, headers } = response;
    if (statusCode === 200 || (range !== undefined && (statusCode === 206 || statusCode === 416))) return response;
    response.destroy();
    if (statusCode < 300 || statusCode >= 400 || headers.location === undefined) {
      const kind = statusCode === 401 || statusCode === 403 ? "auth" : statusCode < 500 ? "request" : "server";
      throw new ProviderFailure("google", kind, `google answered with status ${statusCode}`, { status: statusCode });
    }
    url = URL.parse(headers.location, url)?.href ?? "";
  }
  throw new ProviderFailure("google", "malformed", "google: the video is not where Google keeps videos");
};

const videoType = /^video\/[\w.+-]{1,60}$/;

const toDownload = (body: IncomingMessage, told: string | undefined): VideoDownload => {
  const part = body.headers["content-range"] ?? "";
  if (body.statusCode === 416) {
    body.destroy();
    throw new GatewayError("BAD_REQUEST", "The video has no such part.", {
      status: 416,
      param: "Range",
      headers: noPartOf.test(part) ? { "content-range": part } : {},
    });
  }
  const status = body.statusCode === 206 ? 206 : 200;
  if (status === 206 && !partOfWhole.test(part)) {
    body.destroy();
    throw new ProviderFailure("google", "malformed", "google: a part of the video without its place");
  }
  const takesRanges = status === 206 || body.headers["accept-ranges"] === "bytes";
  return {
    status,
    body,
    headers: {
      // From our own origin nothing but a video is served, whatever the provider calls it.
      "content-type": told !== undefined && videoType.test(told) ? told : "video/mp4",
      ...(status === 206 ? { "content-range": part } : {}),
      ...(takesRanges ? { "accept-ranges": "bytes" } : {}),
    },
  };
};

/** Opens the video of a completed job, or the part of it that a `Range` header names. @throws GatewayError */
export const downloadVideo = async (
  row: JobRow,
  range: string | undefined,
  signal: AbortSignal,
): Promise<VideoDownload> => {
  const [output] = row.output ?? [];
  if (row.status !== "completed" || output === undefined || outputExpired(row, Date.now())) {
    throw new GatewayError("NOT_FOUND", "This job has no video, not yet or not any more.", {
      param: "id",
      details: { status: row.status },
    });
  }
  const credential = await jobCredential(row);
  const wanted = range !== undefined && oneRange.test(range) ? range : undefined;
  try {
    const opened = await open(output.url, credential.apiKey, googleBase(credential), wanted, signal);
    return toDownload(opened, output.contentType);
  } catch (error) {
    if (error instanceof GatewayError) throw error;
    const failure = toProviderFailure("google", error, signal);
    throw failureToError(failure, singleCall(row.byok));
  }
};

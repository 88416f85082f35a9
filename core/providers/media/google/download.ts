import type { IncomingMessage } from "node:http";
import { GatewayError } from "#core/errors.ts";
import { send } from "#core/outbound/transport.ts";
import { toProviderFailure } from "#core/providers/http-transport.ts";
import { isVendorUrl } from "#core/providers/media/upstream.ts";
import { type KeyCredential, ProviderFailure } from "#core/providers/provider.ts";
import { googleBase } from "./base-url.ts";

/** Downloads a finished video, which Google serves only with the key that made it. */

const headersTimeoutMs = 30_000;
/** A player may pause and read nothing, which is not Google's fault. The caller's signal limits the whole download. */
const idleTimeoutMs = 300_000;
const maxRedirects = 3;

/** A single range, as players request. Several ranges get the whole video, which RFC 9110 allows a server. */
const singleRange = /^bytes=(?:\d{1,15}-\d{0,15}|-\d{1,15})$/i;
const satisfiedRange = /^bytes \d{1,15}-\d{1,15}\/(?:\d{1,15}|\*)$/i;
const unsatisfiedRange = /^bytes \*\/\d{1,15}$/i;

/** A video on its way from its provider, or the requested range of it. */
export interface VideoDownload {
  readonly status: 200 | 206;
  readonly body: IncomingMessage;
  /** Without the length, which API Gateway sets. */
  readonly headers: Readonly<Record<string, string>>;
}

const open = async (
  address: string,
  credential: KeyCredential,
  range: string | undefined,
  signal: AbortSignal,
): Promise<IncomingMessage> => {
  const baseUrl = googleBase(credential);
  let url = address;
  for (let redirects = 0; redirects <= maxRedirects; redirects++) {
    // Only Google is called, and only its API gets the key.
    const isApi = isVendorUrl(url, baseUrl, "googleapis.com");
    if (!isApi && !isVendorUrl(url, baseUrl, "googleusercontent.com")) break;
    const response = await send({
      url,
      method: "GET",
      headers: {
        ...(isApi ? { "x-goog-api-key": credential.apiKey } : {}),
        ...(range === undefined ? {} : { range }),
      },
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
  throw new ProviderFailure("google", "malformed", "google: the video's URL is not on a Google host");
};

const videoType = /^video\/[\w.+-]{1,60}$/;

const toDownload = (body: IncomingMessage, contentType: string | undefined): VideoDownload => {
  const range = body.headers["content-range"] ?? "";
  if (body.statusCode === 416) {
    body.destroy();
    throw new GatewayError("BAD_REQUEST", "The requested range is outside the video.", {
      status: 416,
      param: "Range",
      headers: unsatisfiedRange.test(range) ? { "content-range": range } : {},
    });
  }
  const status = body.statusCode === 206 ? 206 : 200;
  if (status === 206 && !satisfiedRange.test(range)) {
    body.destroy();
    throw new ProviderFailure("google", "malformed", "google: partial content without a valid Content-Range");
  }
  const acceptsRanges = status === 206 || body.headers["accept-ranges"] === "bytes";
  return {
    status,
    body,
    headers: {
      // Our origin serves nothing but a video here, whatever type the provider states.
      "content-type": contentType !== undefined && videoType.test(contentType) ? contentType : "video/mp4",
      ...(status === 206 ? { "content-range": range } : {}),
      ...(acceptsRanges ? { "accept-ranges": "bytes" } : {}),
    },
  };
};

export interface DownloadRequest {
  /** As the finished job states it. */
  readonly url: string;
  readonly contentType: string | undefined;
  /** The caller's `Range` header. */
  readonly range: string | undefined;
}

/** Opens a video, or a range of it. @throws ProviderFailure, or GatewayError 416 for a range outside the video */
export const downloadGoogleVideo = async (
  { url, contentType, range }: DownloadRequest,
  credential: KeyCredential,
  signal: AbortSignal,
): Promise<VideoDownload> => {
  const supported = range !== undefined && singleRange.test(range) ? range : undefined;
  try {
    return toDownload(await open(url, credential, supported, signal), contentType);
  } catch (error) {
    throw error instanceof GatewayError ? error : toProviderFailure("google", error, signal);
  }
};

import type { IncomingMessage } from "node:http";
import { GatewayError } from "#core/errors.ts";
import { guardedLookup } from "./guarded-lookup.ts";
import { isPublicAddress } from "./public-address.ts";

// As in core/outbound/transport.ts: node's ESM facade of node:http(s) would load all of undici.
const https = process.getBuiltinModule("node:https");

const maxImageBytes = 5 * 1024 * 1024;
const timeoutMs = 10_000;
const maxRedirects = 3;
const imageType = /^image\/(png|jpeg|jpg|webp|heic|heif|gif)\b/i;

export interface FetchImageOptions {
  readonly signal: AbortSignal;
  /** Which addresses may be connected to. Public ones, but in tests. */
  readonly allows?: (address: string) => boolean;
  /** Certificate authority of a test's server. */
  readonly ca?: string;
}

const refuse = (why: string, param: string): GatewayError =>
  new GatewayError("BAD_REQUEST", `The image could not be fetched: ${why}. Send it as a base64 data: URL.`, { param });

const open = (url: URL, param: string, options: Required<Omit<FetchImageOptions, "ca">> & { ca?: string }) =>
  new Promise<IncomingMessage>((resolve, reject) => {
    const host = url.hostname.startsWith("[") ? url.hostname.slice(1, -1) : url.hostname;
    const literal = /^[\d.]+$/.test(host) || host.includes(":");
    // An address in the URL is connected to without any look-up.
    if (literal && !options.allows(host)) throw refuse("its address is not public", param);
    https
      .get(url, {
        agent: false,
        signal: options.signal,
        lookup: guardedLookup(options.allows),
        headers: { accept: "image/*" },
        ...(options.ca === undefined ? {} : { ca: options.ca }),
      })
      .once("response", resolve)
      .once("error", () => reject(refuse("its server is unreachable or not public", param)));
  });

const read = async (response: IncomingMessage, param: string): Promise<Buffer> => {
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const part of response) {
      bytes += (part as Buffer).length;
      if (bytes > maxImageBytes) break;
      parts.push(part as Buffer);
    }
  } catch {
    throw refuse("its server closed the connection", param);
  }
  response.destroy();
  if (bytes > maxImageBytes) throw refuse("it is larger than 5 MB", param);
  return Buffer.concat(parts);
};

/**
 * Fetches an image for a provider that takes none by URL, and gives it as a data: URL. https only, public addresses only
 * (also after a redirect), images only, up to 5 MB and 10 s.
 * @throws GatewayError 400 that says why.
 */
export const fetchImage = async (address: string, param: string, options: FetchImageOptions): Promise<string> => {
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(timeoutMs)]);
  const guarded = { ...options, allows: options.allows ?? isPublicAddress, signal };
  let target = address;
  for (let redirects = 0; redirects <= maxRedirects; redirects++) {
    const url = URL.parse(target);
    if (url?.protocol !== "https:") throw refuse("its URL is not https", param);
    const response = await open(url, param, guarded);
    const { statusCode = 0, headers } = response;
    if (statusCode >= 300 && statusCode < 400 && headers.location !== undefined) {
      response.destroy();
      target = URL.parse(headers.location, url)?.href ?? "";
      continue;
    }
    const type = imageType.exec(headers["content-type"] ?? "")?.[0];
    if (statusCode !== 200 || type === undefined) {
      response.destroy();
      throw refuse(statusCode === 200 ? "it is not an image" : `its server answered ${statusCode}`, param);
    }
    return `data:${type.toLowerCase()};base64,${(await read(response, param)).toString("base64")}`;
  }
  throw refuse("it is redirected too often", param);
};

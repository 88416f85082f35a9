import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { isListedHost, isNoMetadata } from "#core/outbound/guarded-agent.ts";
import { guardedLookup } from "#core/outbound/guarded-lookup.ts";
import { isPublicAddress } from "#core/outbound/public-address.ts";

// As in core/outbound/transport.ts: node's ESM facade of node:http(s) would load all of undici.
const https = process.getBuiltinModule("node:https");

const defaultTimeoutMs = 15_000;

export interface DeliveryOptions {
  /** Which addresses may be connected to: public ones, except in tests. */
  readonly allows?: (address: string) => boolean;
  /** Hosts that may be private and called over http: the stage's list for exports, none for webhooks. */
  readonly listed?: readonly string[];
  /** Certificate authority of a test's server. */
  readonly ca?: string;
  /** Whether messages with recorded content may be opened: by the worker, whose function has the right. */
  readonly opensContent?: boolean;
  /** Clock of a test. */
  readonly nowMs?: number;
  /** For one attempt, ms. */
  readonly timeoutMs?: number;
}

export interface DeliveryAnswer {
  readonly status: number;
  readonly retryAfterMs: number | undefined;
}

/** Posts a message to a user's server. Redirects are not followed, and the answer's body is not read. Rejects without an answer. */
export const post = (
  url: URL,
  headers: Readonly<Record<string, string>>,
  body: string,
  { allows = isPublicAddress, listed = [], ca, timeoutMs = defaultTimeoutMs }: DeliveryOptions,
): Promise<DeliveryAnswer> =>
  new Promise((resolve, reject) => {
    const host = url.hostname.replace(/^\[|\]$/g, "");
    // A literal address is connected to without a lookup.
    const isListed = isListedHost(url, listed);
    const mayReach = isListed ? isNoMetadata : allows;
    if (isIP(host) !== 0 && !mayReach(host)) {
      reject(new Error("The address is not public"));
      return;
    }
    // Anything but https, to a host that is not listed, is refused by the client itself.
    const client = isListed && url.protocol === "http:" ? process.getBuiltinModule("node:http") : https;
    const call = client.request(url, {
      method: "POST",
      agent: false,
      lookup: guardedLookup(mayReach),
      signal: AbortSignal.timeout(timeoutMs),
      headers: { ...headers, "content-length": Buffer.byteLength(body) },
      ...(ca === undefined ? {} : { ca }),
    });
    call.once("response", (response: IncomingMessage) => {
      const seconds = Number(response.headers["retry-after"]);
      response.destroy();
      resolve({
        status: response.statusCode ?? 0,
        retryAfterMs: Number.isFinite(seconds) && seconds > 0 ? seconds * 1_000 : undefined,
      });
    });
    call.once("error", reject);
    call.end(body);
  });

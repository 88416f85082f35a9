import { GatewayError } from "#core/errors.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";

const defaultTtlSeconds = 3_600;
const minTtlSeconds = 60;
const maxTtlSeconds = 86_400;

/** How long an answer may be kept, or undefined when the cache is not to be used. */
export interface CacheSettings {
  readonly ttlSeconds: number;
}

type Headers = Readonly<Record<string, string | undefined>>;

/**
 * Reads `X-Cache` and `X-Cache-TTL`. Requests with tools are never cached: their answers are steps of a conversation.
 * @throws GatewayError BAD_REQUEST for a TTL that is no number from 60 to 86,400
 */
export const cacheSettings = (headers: Headers, request: ChatRequest): CacheSettings | undefined => {
  const ttl = headers["x-cache-ttl"];
  const ttlSeconds = ttl === undefined ? defaultTtlSeconds : /^\d{1,6}$/.test(ttl) ? Number(ttl) : Number.NaN;
  if (!Number.isInteger(ttlSeconds) || ttlSeconds < minTtlSeconds || ttlSeconds > maxTtlSeconds) {
    throw new GatewayError("BAD_REQUEST", "X-Cache-TTL must be a whole number of seconds from 60 to 86400.", {
      param: "X-Cache-TTL",
    });
  }
  const mode = headers["x-cache"]?.trim().toLowerCase();
  if (mode !== undefined && mode !== "no-cache" && mode !== "default") {
    throw new GatewayError("BAD_REQUEST", "X-Cache must be `no-cache` or absent.", { param: "X-Cache" });
  }
  const off = mode === "no-cache" || (request.tools?.length ?? 0) > 0;
  return off ? undefined : { ttlSeconds };
};

import { config } from "#core/config.ts";
import { GatewayError } from "#core/errors.ts";
import type { RateLimit } from "#core/routes.ts";

/** What is known of one limit after a request was counted. */
export interface LimitState {
  /** Of which limit: an endpoint's, or `requests`, the key's own over all endpoints. */
  readonly name?: string;
  readonly windowSeconds?: number;
  readonly limit: number;
  readonly remaining: number;
  /** Unix ms. */
  readonly reset: number;
}

/** The limit nearest to its end: the one with the smallest share left. */
export const nearestLimit = (states: readonly LimitState[]): LimitState | undefined => {
  let nearest: LimitState | undefined;
  for (const state of states) {
    if (nearest === undefined || state.remaining / state.limit < nearest.remaining / nearest.limit) nearest = state;
  }
  return nearest;
};

/** The three documented headers; `X-RateLimit-Reset` in unix seconds. */
export const rateLimitHeaders = (state: LimitState | undefined): Record<string, string> =>
  state === undefined
    ? {}
    : {
        "x-ratelimit-limit": String(state.limit),
        "x-ratelimit-remaining": String(state.remaining),
        "x-ratelimit-reset": String(Math.ceil(state.reset / 1_000)),
      };

/** Name of a key's own limit over all endpoints, in Unkey and in errors. */
export const ownLimitName = "requests";

const wordsOf = ({ name = "", limit, windowSeconds = 60 }: LimitState): string =>
  name === ownLimitName
    ? `This API key's limit of ${limit} requests in ${windowSeconds} s is reached.`
    : `The limit of ${limit} requests in ${windowSeconds} s (${name}) is reached.`;

/** 429 with which limit it was, how large, and when to come back. */
export const rateLimitExceeded = (state: LimitState | undefined, nowMs: number): GatewayError => {
  const retryAfterSeconds = Math.max(1, Math.ceil(((state?.reset ?? nowMs) - nowMs) / 1_000));
  const headers = rateLimitHeaders(state);
  if (state?.name === undefined) {
    const message = "Too many requests. Retry after the number of seconds in Retry-After.";
    return new GatewayError("RATE_LIMIT_EXCEEDED", message, { retryAfterSeconds, headers });
  }
  const { name, limit, windowSeconds = 60, reset } = state;
  const details = { limit: name, maxRequests: limit, windowSeconds, resetAt: new Date(reset).toISOString() };
  return new GatewayError("RATE_LIMIT_EXCEEDED", `${wordsOf(state)} Retry in ${retryAfterSeconds} s.`, {
    retryAfterSeconds,
    headers,
    details,
  });
};

/** An endpoint's limit under the stage's scale. */
export const scaledLimit = (limit: RateLimit | undefined): RateLimit | undefined =>
  limit === undefined ? undefined : { ...limit, limit: Math.max(1, Math.round(limit.limit * config.rateLimitScale())) };

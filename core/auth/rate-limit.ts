import { config } from "#core/config.ts";
import { GatewayError } from "#core/errors.ts";
import type { RateLimit } from "#core/routes.ts";

/** What is known of one limit after a request was counted. */
export interface LimitState {
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

/** 429 with when to come back. */
export const rateLimitExceeded = (state: LimitState | undefined, nowMs: number): GatewayError =>
  new GatewayError("RATE_LIMIT_EXCEEDED", "Too many requests. Retry after the number of seconds in Retry-After.", {
    retryAfterSeconds: Math.max(1, Math.ceil(((state?.reset ?? nowMs) - nowMs) / 1_000)),
    headers: rateLimitHeaders(state),
  });

/** An endpoint's limit under the stage's scale. */
export const scaledLimit = (limit: RateLimit | undefined): RateLimit | undefined =>
  limit === undefined ? undefined : { ...limit, limit: Math.max(1, Math.round(limit.limit * config.rateLimitScale())) };

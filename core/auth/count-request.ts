import * as z from "zod/mini";
import { config } from "#core/config.ts";
import { DependencyError } from "#core/errors.ts";
import { logger } from "#core/observability/logger.ts";
import { post } from "#core/outbound/post.ts";
import type { RateLimit } from "#core/routes.ts";
import { countLocally } from "./local-limiter.ts";
import { type LimitState, rateLimitExceeded, scaledLimit } from "./rate-limit.ts";

const timeoutMs = 4_000;
const maxAnswerBytes = 64 * 1024;

const answerSchema = z.object({
  data: z.object({ success: z.boolean(), limit: z.number(), remaining: z.number(), reset: z.number() }),
});

class UncountedError extends DependencyError {
  override readonly name = "UncountedError";
  readonly transient = true;
}

/**
 * Unkey's ratelimit.limit. As for a verification, time in which our own event loop is busy does not count as Unkey's.
 * @throws OutboundError, UncountedError
 */
const countAtUnkey = async (limit: RateLimit, identifier: string) => {
  const { status, text } = await post({
    url: `${config.unkeyUrl()}/v2/ratelimit.limit`,
    headers: {
      "content-type": "application/json",
      accept: "application/json",
      authorization: `Bearer ${config.unkeyRootKey()}`,
    },
    body: JSON.stringify({
      namespace: `concurred.${limit.name}`,
      identifier,
      cost: 1,
      limit: limit.limit,
      duration: limit.durationMs,
    }),
    timeoutMs,
    maxBytes: maxAnswerBytes,
  });
  if (status !== 200) throw new UncountedError(`Unkey answered with status ${status}`);
  const answer = answerSchema.safeParse(JSON.parse(text));
  if (!answer.success) throw new UncountedError("Unkey answered in another form");
  const { success: allowed, ...state } = answer.data.data;
  return { allowed, ...state };
};

/**
 * Counts a request that no API key counts: by user on the dashboard's endpoints, by address on sign-in. Unkey keeps the
 * windows over all environments; while it is out of reach each environment counts for itself.
 * @throws GatewayError RATE_LIMIT_EXCEEDED
 */
export const countRequest = async (
  routeLimit: RateLimit | undefined,
  identifier: string,
  nowMs: number,
): Promise<LimitState | undefined> => {
  const limit = scaledLimit(routeLimit);
  if (limit === undefined) return undefined;
  const state = await countAtUnkey(limit, identifier).catch((error: unknown) => {
    logger.warn("Unkey could not count a request", {
      limit: limit.name,
      reason: error instanceof Error ? error.name : "unknown",
    });
    return countLocally(`${limit.name}/${identifier}`, limit.limit, limit.durationMs, nowMs);
  });
  const { name, durationMs } = limit;
  if (!state.allowed) throw rateLimitExceeded({ ...state, name, windowSeconds: durationMs / 1_000 }, nowMs);
  return state;
};

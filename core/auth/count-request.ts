import { logger } from "#core/observability/logger.ts";
import type { RateLimit } from "#core/routes.ts";
import { countLocally } from "./local-limiter.ts";
import { type LimitState, rateLimitExceeded, scaledLimit } from "./rate-limit.ts";
import { unkey } from "./unkey-client.ts";

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
  const state = await unkey()
    .ratelimit.limit({
      namespace: `concurred.${limit.name}`,
      identifier,
      limit: limit.limit,
      duration: limit.durationMs,
    })
    .then(
      ({ data }) => ({ allowed: data.success, limit: data.limit, remaining: data.remaining, reset: data.reset }),
      (error: unknown) => {
        logger.warn("Unkey could not count a request", {
          limit: limit.name,
          reason: error instanceof Error ? error.name : "unknown",
        });
        return countLocally(`${limit.name}/${identifier}`, limit.limit, limit.durationMs, nowMs);
      },
    );
  const { name, durationMs } = limit;
  if (!state.allowed) throw rateLimitExceeded({ ...state, name, windowSeconds: durationMs / 1_000 }, nowMs);
  return state;
};

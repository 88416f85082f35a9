import { limitsOf } from "#core/db/key-limits.ts";
import type { KeyMark } from "#core/db/key-marks.ts";
import type { RateLimit } from "#core/routes.ts";
import { countLocally } from "./local-limiter.ts";
import type { KeyPrincipal } from "./principal.ts";
import { type LimitState, nearestLimit, ownLimitName, rateLimitExceeded } from "./rate-limit.ts";

const defaultKeyLimit = 60;
const minuteMs = 60_000;

/** Accepts a recently verified key while Unkey is unavailable, under a limiter of this environment. */
export const trustKnownKey = (
  mark: KeyMark,
  limit: RateLimit | undefined,
  keyHash: string,
  nowMs: number,
): { readonly principal: KeyPrincipal; readonly limit: LimitState | undefined; readonly deferred: undefined } => {
  const own = {
    ...countLocally(`${keyHash}/own`, mark.rateLimit ?? defaultKeyLimit, minuteMs, nowMs),
    name: ownLimitName,
    windowSeconds: minuteMs / 1_000,
  };
  const endpoint =
    limit === undefined
      ? undefined
      : {
          ...countLocally(`${keyHash}/${limit.name}`, limit.limit, limit.durationMs, nowMs),
          name: limit.name,
          windowSeconds: limit.durationMs / 1_000,
        };
  const exceeded = [own, endpoint].find((state) => state?.allowed === false);
  if (exceeded !== undefined) throw rateLimitExceeded(exceeded, nowMs);
  return {
    principal: {
      kind: "key",
      userId: mark.userId,
      keyId: mark.keyId,
      rateLimit: mark.rateLimit,
      limits: limitsOf(mark),
    },
    limit: nearestLimit(endpoint === undefined ? [own] : [own, endpoint]),
    deferred: undefined,
  };
};

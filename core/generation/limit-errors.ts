import { config } from "#core/config.ts";
import { periodEndMs } from "#core/db/budget-period.ts";
import { GatewayError } from "#core/errors.ts";

/** Refusals for a limit. Each says which limit it was, how large, and when it resets. */

/** An instant as errors state it; null for never. */
export const iso = (ms: number | undefined): string | null => (ms === undefined ? null : new Date(ms).toISOString());

export const openRequestsExceeded = (): GatewayError => {
  const maxOpenRequests = config.maxOpenRequests();
  return new GatewayError(
    "RATE_LIMIT_EXCEEDED",
    `At most ${maxOpenRequests} requests of one user may run at once. Retry when one of them has ended.`,
    { retryAfterSeconds: 1, details: { limit: "open-requests", maxOpenRequests } },
  );
};

/** @param nowMs of the day that the request is booked on */
export const spendExceeded = (nowMs: number = Date.now()): GatewayError => {
  const dailyCapUsd = config.dailySpendCapUsd();
  return new GatewayError(
    "SPEND_LIMIT_EXCEEDED",
    `Today's cap of ${dailyCapUsd} USD on platform-paid use is reached. Store your own provider key, or wait until 00:00 UTC.`,
    {
      details: { limit: "daily-cap", dailyCapUsd, resetAt: iso(periodEndMs("day", nowMs)) },
      shouldRetry: false,
    },
  );
};

import type { KeyPrincipal, Principal } from "#core/auth/principal.ts";
import { fromUsd, toUsd } from "#core/catalog/cost.ts";
import { config } from "#core/config.ts";
import { readAdmission } from "#core/db/admission.ts";
import { parseRow, spendAttribute, sumOf } from "#core/db/admission-row.ts";
import { periodEndMs } from "#core/db/budget-period.ts";
import { playgroundLimits } from "#core/db/playground-limits.ts";
import { utcDay } from "#core/db/row-keys.ts";
import type { PlainItem } from "#core/db/table.ts";
import { usedTokens } from "#core/db/token-window.ts";
import { defaultKeyRateLimit } from "#core/schemas/keys.ts";
import { keyEndpointLimits, sessionEndpointLimits, sharedEndpointLimits } from "./endpoint-limits.ts";
import { budgetView, limitsView } from "./key-limits.ts";

/** What a caller may do and has left, as it is enforced. */

const tokensLeft = ({ limits }: KeyPrincipal, admission: PlainItem, nowMs: number): number | null => {
  const limit = limits?.tokensPerMinute;
  if (limits === undefined || limit === undefined) return null;
  return Math.max(0, limit - usedTokens(admission, { limitsId: limits.id, tokens: 0, limit, nowMs }));
};

const keyView = (principal: KeyPrincipal, admission: PlainItem, nowMs: number) => {
  const { keyId, limits, rateLimit = defaultKeyRateLimit } = principal;
  return {
    keyId,
    rateLimit,
    ...limitsView(limits, admission, nowMs),
    remainingTokens: tokensLeft(principal, admission, nowMs),
    endpoints: keyEndpointLimits(rateLimit),
  };
};

/** The key's own limits, and what is left of them. @throws AwsError */
export const ownKeyView = async (principal: KeyPrincipal, nowMs: number) =>
  keyView(principal, await readAdmission(principal.userId), nowMs);

/** Every limit that holds for a caller: the user's, and those of the key or the session. @throws AwsError */
export const callerLimits = async (principal: Principal, nowMs: number) => {
  const admission = await readAdmission(principal.userId);
  const { open } = parseRow(admission);
  const day = utcDay(nowMs);
  const cap = fromUsd(config.dailySpendCapUsd());
  const total = sumOf(admission, spendAttribute(day));
  const reserved = Object.values(open).reduce((sum, lease) => (lease.day === day ? sum + lease.reserved : sum), 0n);
  return {
    dailyCap: {
      usd: toUsd(cap),
      /** Without what running requests have reserved. */
      spentUsd: toUsd(total - reserved),
      reservedUsd: toUsd(reserved),
      remainingUsd: toUsd(total < cap ? cap - total : 0n),
      resetAt: new Date(periodEndMs("day", nowMs) ?? nowMs).toISOString(),
    },
    openRequests: { limit: config.maxOpenRequests(), open: Object.keys(open).length },
    key: principal.kind === "key" ? keyView(principal, admission, nowMs) : null,
    /** What the dashboard's own pages have left: they run on the session. */
    playground:
      principal.kind === "session"
        ? budgetView(playgroundLimits(fromUsd(config.playgroundBudgetUsd())).budget, admission, nowMs)
        : null,
    endpoints: [
      ...(principal.kind === "key"
        ? keyEndpointLimits(principal.rateLimit ?? defaultKeyRateLimit)
        : sessionEndpointLimits()),
      ...sharedEndpointLimits(),
    ],
  };
};

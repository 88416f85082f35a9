import { toUsd } from "#core/catalog/cost.ts";
import type { AdmissionVerdict } from "#core/db/admission.ts";
import { periodEndMs } from "#core/db/budget-period.ts";
import type { KeyBudget } from "#core/db/key-limits.ts";
import { playgroundKeyId } from "#core/db/key-limits.ts";
import { GatewayError } from "#core/errors.ts";
import { iso } from "./limit-errors.ts";

/** Refusals for a limit of the calling key. */

const periodWords = { day: "daily", week: "weekly", month: "monthly", total: "total" } as const;

type BudgetRefusal = Extract<AdmissionVerdict, { readonly reason: "budget" }>;

export const budgetExceeded = (
  { id, picoUsd, period }: KeyBudget,
  { spentPicoUsd, reservedPicoUsd }: Pick<BudgetRefusal, "spentPicoUsd" | "reservedPicoUsd">,
  nowMs: number,
): GatewayError => {
  const limitUsd = toUsd(picoUsd);
  const resetAt = iso(periodEndMs(period, nowMs));
  const when = resetAt === null ? "It does not reset." : `It resets at ${resetAt}.`;
  const whose = id === playgroundKeyId ? "The Playground's" : "This API key's";
  return new GatewayError(
    "BUDGET_EXCEEDED",
    `${whose} ${periodWords[period]} budget of ${limitUsd} USD has too little left for the request. ${when}`,
    {
      details: {
        limit: "key-budget",
        scope: "key",
        period,
        limitUsd,
        spentUsd: toUsd(spentPicoUsd),
        reservedUsd: toUsd(reservedPicoUsd),
        resetAt,
      },
      shouldRetry: false,
    },
  );
};

export const tokensExceeded = (
  tokensPerMinute: number,
  { usedTokens, retryAfterSeconds }: Extract<AdmissionVerdict, { readonly reason: "tokens" }>,
  nowMs: number,
): GatewayError =>
  new GatewayError(
    "RATE_LIMIT_EXCEEDED",
    `This API key may use ${tokensPerMinute} tokens a minute. Retry in ${retryAfterSeconds} s.`,
    {
      retryAfterSeconds,
      details: {
        limit: "tokens-per-minute",
        tokensPerMinute,
        usedTokens,
        resetAt: iso(nowMs + retryAfterSeconds * 1_000),
      },
    },
  );

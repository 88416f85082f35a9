import { costPicoUsd } from "#core/catalog/cost.ts";
import type { CatalogModel } from "#core/catalog/model.ts";
import type { TokenUsage } from "#core/catalog/token-usage.ts";
import type { AttemptRecord, UnusedGeneration } from "#core/db/usage-events.ts";
import type { ProviderOutcome } from "#core/providers/provider.ts";
import { meteredUsage } from "./metered-usage.ts";
import { costForReserve } from "./reservation.ts";

/**
 * Generations that were paid for and that nobody received: an answer that broke off before its first content, or that could
 * not be used, and was asked for again. The provider bills it all the same, so the request's event includes it.
 */

interface PaidBy {
  readonly catalog: CatalogModel | undefined;
  readonly byok: boolean;
  readonly inputCharacters: number;
}

/** The usage of a failed attempt, or undefined when the provider generated nothing. */
export const unusedGeneration = (outcome: ProviderOutcome | undefined, by: PaidBy): UnusedGeneration | undefined => {
  const usage = meteredUsage(outcome, by.inputCharacters);
  if (usage.inputTokens === 0 && usage.outputTokens === 0) return undefined;
  const cost = costPicoUsd(by.catalog, usage);
  return { byok: by.byok, ...usage, ...(cost === undefined ? {} : { costPicoUsd: cost }) };
};

const plus = (left: TokenUsage, right: TokenUsage): TokenUsage => ({
  inputTokens: left.inputTokens + right.inputTokens,
  cachedInputTokens: left.cachedInputTokens + right.cachedInputTokens,
  cacheWriteInputTokens: left.cacheWriteInputTokens + right.cacheWriteInputTokens,
  longCacheWriteInputTokens: left.longCacheWriteInputTokens + right.longCacheWriteInputTokens,
  outputTokens: left.outputTokens + right.outputTokens,
  reasoningTokens: left.reasoningTokens + right.reasoningTokens,
  estimated: left.estimated || right.estimated,
});

/** The cost of a request's answer, and who paid it. */
export interface AnswerCost {
  readonly usage: TokenUsage;
  /** Undefined for an unknown price. */
  readonly costPicoUsd: bigint | undefined;
  readonly byok: boolean;
  /** Counted against the daily cap. */
  readonly spentPicoUsd: bigint;
}

/** Tokens and cost of a generation, including the attempts before it. */
export interface GenerationCost {
  readonly usage: TokenUsage;
  /** Undefined for an unknown price. */
  readonly costPicoUsd: bigint | undefined;
  /** Counted against the daily cap. */
  readonly spentPicoUsd: bigint;
  /** The part that the caller's own keys paid, when that is neither all nor nothing as `byok` says. */
  readonly byokCostPicoUsd: bigint | undefined;
}

/** Adds up a request: its answer and its unused generations. One unknown price makes the total unknown. */
export const withUnused = (answer: AnswerCost, attempts: readonly AttemptRecord[]): GenerationCost => {
  const unused = attempts.flatMap((attempt) => attempt.unused ?? []);
  let { usage, costPicoUsd: total, spentPicoUsd } = answer;
  let byokCost = answer.byok ? (total ?? 0n) : 0n;
  for (const generation of unused) {
    const { byok, costPicoUsd: cost } = generation;
    usage = plus(usage, generation);
    total = total === undefined || cost === undefined ? undefined : total + cost;
    if (byok) byokCost += cost ?? 0n;
    else spentPicoUsd += cost ?? costForReserve(undefined, generation);
  }
  const byRule = answer.byok ? total : 0n;
  const isMixed = total !== undefined && byokCost !== byRule;
  return { usage, costPicoUsd: total, spentPicoUsd, byokCostPicoUsd: isMixed ? byokCost : undefined };
};

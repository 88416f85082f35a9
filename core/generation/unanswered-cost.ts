import { costPicoUsd } from "#core/catalog/cost.ts";
import type { CatalogModel } from "#core/catalog/model.ts";
import type { TokenUsage } from "#core/catalog/token-usage.ts";
import type { AttemptRecord, UnusedGeneration } from "#core/db/usage-events.ts";
import { mayBeBilled, type ProviderFailure } from "#core/providers/provider.ts";
import { estimatedUsage, meteredUsage } from "./metered-usage.ts";
import { costForReserve } from "./reservation.ts";
import type { Spend } from "./spend.ts";

/**
 * The cost of calls that the provider may bill although the caller got no answer from them: a timeout, an answer that broke
 * off before its first content, or one that could not be used. The request's event includes it (docs/reference/faults.md,
 * "What is booked").
 */

interface PaidBy {
  readonly catalog: CatalogModel | undefined;
  readonly byok: boolean;
  /** The most that the input can come to. */
  readonly inputTokens: number;
}

/** The usage of a failed attempt, or undefined when the provider bills nothing. */
export const unusedGeneration = (failure: ProviderFailure | undefined, by: PaidBy): UnusedGeneration | undefined => {
  if (failure === undefined || !mayBeBilled(failure)) return undefined;
  const reported = meteredUsage(failure.outcome, by.inputTokens);
  const isReported = reported.inputTokens > 0 || reported.outputTokens > 0;
  const usage = isReported ? reported : estimatedUsage(failure.outcome?.outputCharacters ?? 0, by.inputTokens);
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
  /** Counted against limits, unused generations included. */
  readonly spent: Spend;
}

/** Tokens and cost of a generation, including the attempts before it. */
export interface GenerationCost {
  readonly usage: TokenUsage;
  /** Undefined for an unknown price. */
  readonly costPicoUsd: bigint | undefined;
  /** Counted against limits. */
  readonly spent: Spend;
  /** The part that the caller's own keys paid, when that is neither all nor nothing as `byok` says. */
  readonly byokCostPicoUsd: bigint | undefined;
}

/** What an unused generation counts against limits, where nothing was set aside for it. */
export const spendOnUnused = ({ costPicoUsd: cost, ...usage }: UnusedGeneration): bigint =>
  cost ?? costForReserve(undefined, usage);

/** Adds up a request: its answer and its unused generations. One unknown price makes the total unknown. */
export const withUnused = (answer: AnswerCost, attempts: readonly AttemptRecord[]): GenerationCost => {
  const unused = attempts.flatMap((attempt) => attempt.unused ?? []);
  const { spent } = answer;
  let { usage, costPicoUsd: total } = answer;
  let byokCost = answer.byok ? (total ?? 0n) : 0n;
  for (const generation of unused) {
    const { byok, costPicoUsd: cost } = generation;
    usage = plus(usage, generation);
    total = total === undefined || cost === undefined ? undefined : total + cost;
    if (byok) byokCost += cost ?? 0n;
  }
  const byRule = answer.byok ? total : 0n;
  const isMixed = total !== undefined && byokCost !== byRule;
  return { usage, costPicoUsd: total, spent, byokCostPicoUsd: isMixed ? byokCost : undefined };
};

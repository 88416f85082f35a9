import { costPicoUsd } from "#core/catalog/cost.ts";
import type { CatalogModel } from "#core/catalog/model.ts";
import { estimateTokens, noTokens, type TokenUsage } from "#core/catalog/token-usage.ts";
import type { ProviderOutcome } from "#core/providers/provider.ts";
import { priceForReserve } from "./estimate.ts";

/** What is booked on the daily cap: an unknown price counts as the dearest one, though the event's cost stays unknown. */
export const costForReserve = (model: CatalogModel | undefined, usage: TokenUsage): bigint =>
  costPicoUsd(priceForReserve(model), usage) ?? 0n;

/**
 * The tokens of an answer: what the provider told, else a count of characters marked as an estimate. An answer that never
 * began cost nothing.
 */
export const metered = (outcome: ProviderOutcome | undefined, inputCharacters: number): TokenUsage => {
  if (outcome === undefined) return noTokens;
  if (outcome.usage !== undefined) {
    const counted = estimateTokens(outcome.outputCharacters);
    // A stream cut before its end tells too little (Anthropic starts at a handful): the larger count is the truer one.
    return outcome.finishReason === undefined && counted > outcome.usage.outputTokens
      ? { ...outcome.usage, outputTokens: counted, estimated: true }
      : outcome.usage;
  }
  if (!outcome.contentStarted) return noTokens;
  return {
    ...noTokens,
    inputTokens: estimateTokens(inputCharacters),
    outputTokens: estimateTokens(outcome.outputCharacters),
    estimated: true,
  };
};

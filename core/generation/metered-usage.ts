import { estimateTokens, noTokens, type TokenUsage } from "#core/catalog/token-usage.ts";
import type { ProviderOutcome } from "#core/providers/provider.ts";

/**
 * The tokens of an answer: the provider's own count, or else a count of characters that is marked as an estimate. An answer
 * that never began cost nothing.
 */
export const meteredUsage = (outcome: ProviderOutcome | undefined, inputCharacters: number): TokenUsage => {
  if (outcome === undefined) return noTokens;
  if (outcome.usage !== undefined) {
    const counted = estimateTokens(outcome.outputCharacters);
    // A stream that was cut reports too little (Anthropic starts at a handful): the larger count is closer to the truth.
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

import { estimateTokens, noTokens, type TokenUsage } from "#core/catalog/token-usage.ts";
import type { ProviderOutcome } from "#core/providers/provider.ts";

/** What came of an answer without the provider's own count: our bound of its input, and its characters. */
export const estimatedUsage = (outputCharacters: number, inputTokens: number): TokenUsage => ({
  ...noTokens,
  inputTokens,
  outputTokens: estimateTokens(outputCharacters),
  estimated: true,
});

/** Counts that a provider left out are estimated. */
const withMissingCounts = (usage: TokenUsage, outputCharacters: number, inputTokens: number): TokenUsage => {
  const lacksInput = usage.inputTokens === 0 && inputTokens > 0;
  const lacksOutput = usage.outputTokens === 0 && outputCharacters > 0;
  if (!lacksInput && !lacksOutput) return usage;
  return {
    ...usage,
    inputTokens: lacksInput ? inputTokens : usage.inputTokens,
    outputTokens: lacksOutput ? estimateTokens(outputCharacters) : usage.outputTokens,
    estimated: true,
  };
};

/**
 * The tokens of an answer: the provider's own count, or else ours, marked as an estimate. An answer that never began cost
 * nothing.
 * @param inputTokens the most that its input can come to, and that of it can be audio.
 */
export const meteredUsage = (
  outcome: ProviderOutcome | undefined,
  inputTokens: number,
  audioInputTokens = 0,
): TokenUsage => {
  const usage = usageOf(outcome, inputTokens);
  return audioInputTokens === 0 ? usage : { ...usage, audioInputTokens };
};

const usageOf = (outcome: ProviderOutcome | undefined, inputTokens: number): TokenUsage => {
  if (outcome === undefined) return noTokens;
  const { usage, outputCharacters, finishReason } = outcome;
  if (usage === undefined) return outcome.contentStarted ? estimatedUsage(outputCharacters, inputTokens) : noTokens;
  const counted = withMissingCounts(usage, outputCharacters, inputTokens);
  if (finishReason !== undefined) return counted;
  // A stream that was cut reports too little (Anthropic starts at a handful): the larger count is closer to the truth.
  return {
    ...counted,
    outputTokens: Math.max(counted.outputTokens, estimateTokens(outputCharacters)),
    estimated: true,
  };
};

import type { CompletionUsage } from "openai/resources/completions";
import { checkedUsage, estimateTokens, reportedCount, type TokenUsage } from "#core/catalog/token-usage.ts";

/** What we read of Anthropic's usage. Any count may be missing or null. */
export interface AnthropicUsage {
  readonly input_tokens?: number | null;
  readonly output_tokens?: number | null;
  readonly cache_creation_input_tokens?: number | null;
  readonly cache_read_input_tokens?: number | null;
  readonly cache_creation?: { readonly ephemeral_1h_input_tokens?: number | null } | null;
  readonly output_tokens_details?: { readonly thinking_tokens?: number | null } | null;
}

/** A stream's counts so far: later ones are cumulative and win, null or absent ones fall back to the earlier. */
export const mergeUsage = (earlier: AnthropicUsage, later: AnthropicUsage): AnthropicUsage => ({
  input_tokens: later.input_tokens ?? earlier.input_tokens ?? null,
  output_tokens: later.output_tokens ?? earlier.output_tokens ?? null,
  cache_creation_input_tokens: later.cache_creation_input_tokens ?? earlier.cache_creation_input_tokens ?? null,
  cache_read_input_tokens: later.cache_read_input_tokens ?? earlier.cache_read_input_tokens ?? null,
  cache_creation: later.cache_creation ?? earlier.cache_creation ?? null,
  output_tokens_details: later.output_tokens_details ?? earlier.output_tokens_details ?? null,
});

/** Anthropic counts fresh, cache-read and cache-written input apart; our `inputTokens` is their sum. */
export const toTokenUsage = (usage: AnthropicUsage): TokenUsage => {
  const { input_tokens: fresh, cache_read_input_tokens: cacheRead, cache_creation_input_tokens: cacheWrite } = usage;
  const long = usage.cache_creation?.ephemeral_1h_input_tokens;
  const written = reportedCount(cacheWrite) ?? 0;
  const longWritten = Math.min(reportedCount(long) ?? 0, written);
  const counted = checkedUsage({
    input: (reportedCount(fresh) ?? 0) + (reportedCount(cacheRead) ?? 0) + written,
    cachedInput: cacheRead,
    cacheWriteInput: written - longWritten,
    longCacheWriteInput: longWritten,
    output: usage.output_tokens,
    reasoning: usage.output_tokens_details?.thinking_tokens,
  });
  const corrected = [fresh, cacheWrite, long].some(
    (count) => typeof count === "number" && reportedCount(count) !== count,
  );
  return corrected ? { ...counted, estimated: true } : counted;
};

/**
 * Usage of a stream that ended early: Anthropic tells the output's size only at the end, so it is estimated from what came,
 * while the input's counts are the true ones.
 */
export const withEstimatedOutput = (usage: TokenUsage, outputCharacters: number): TokenUsage => ({
  ...usage,
  outputTokens: Math.max(usage.outputTokens, estimateTokens(outputCharacters)),
  estimated: true,
});

/** Our counts as OpenAI's `usage` object. */
export const toCompletionUsage = (usage: TokenUsage): CompletionUsage => ({
  prompt_tokens: usage.inputTokens,
  completion_tokens: usage.outputTokens,
  total_tokens: usage.inputTokens + usage.outputTokens,
  prompt_tokens_details: {
    cached_tokens: usage.cachedInputTokens,
    cache_write_tokens: usage.cacheWriteInputTokens + usage.longCacheWriteInputTokens,
  },
  completion_tokens_details: { reasoning_tokens: usage.reasoningTokens },
});

/**
 * Tokens of one generation, in one meaning for every provider (OpenAI's): `inputTokens` includes what was read from or
 * written to a prompt cache, `outputTokens` includes reasoning. The other counts are parts of these two.
 */
export interface TokenUsage {
  readonly inputTokens: number;
  /** Part of `inputTokens` that was read from the provider's prompt cache. */
  readonly cachedInputTokens: number;
  /** Part of `inputTokens` that was written to a prompt cache kept for about 5 minutes. */
  readonly cacheWriteInputTokens: number;
  /** Part of `inputTokens` that was written to a prompt cache kept for an hour. */
  readonly longCacheWriteInputTokens: number;
  readonly outputTokens: number;
  /** Part of `outputTokens` spent on reasoning. */
  readonly reasoningTokens: number;
  /** True when the provider never told and we counted characters (4 a token). */
  readonly estimated: boolean;
}

export const noTokens: TokenUsage = {
  inputTokens: 0,
  cachedInputTokens: 0,
  cacheWriteInputTokens: 0,
  longCacheWriteInputTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
  estimated: false,
};

const charactersPerToken = 4;

/** A rough count for text whose provider did not report usage. Marked as estimated wherever it is stored. */
export const estimateTokens = (characters: number): number => Math.ceil(characters / charactersPerToken);

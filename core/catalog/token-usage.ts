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
  /** The most of `inputTokens` that may be audio. Absent without any. */
  readonly audioInputTokens?: number;
  readonly outputTokens: number;
  /** Part of `outputTokens` spent on reasoning. */
  readonly reasoningTokens: number;
  /** True when the provider reported no count and we counted characters (4 a token). */
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

/** No request comes to more: a larger count is a provider's mistake, and must not break sums. */
const maxTokens = 1_000_000_000;

/**
 * A count as a provider states it, as an integer from 0 to 10^9: a fraction is rounded up, a larger number is clamped, and
 * anything else is no count.
 */
export const reportedCount = (value: unknown): number | undefined =>
  typeof value === "number" && value >= 0 ? Math.min(maxTokens, Math.ceil(value)) : undefined;

/** Counts as a provider states them; whatever is missing, null or no count is as if it were not there. */
export interface ReportedCounts {
  readonly input: unknown;
  readonly cachedInput?: unknown;
  readonly cacheWriteInput?: unknown;
  readonly longCacheWriteInput?: unknown;
  readonly output: unknown;
  readonly reasoning?: unknown;
}

const isAsReported = (value: unknown): boolean =>
  value === undefined || value === null || reportedCount(value) === value;

/**
 * A provider's counts in our meaning. Parts are never larger than what they are part of, and counts that had to be corrected
 * are marked as estimated.
 */
export const checkedUsage = (reported: ReportedCounts): TokenUsage => {
  const inputTokens = reportedCount(reported.input) ?? 0;
  const outputTokens = reportedCount(reported.output) ?? 0;
  let rest = inputTokens;
  const partOfInput = (value: unknown): number => {
    const part = Math.min(rest, reportedCount(value) ?? 0);
    rest -= part;
    return part;
  };
  return {
    inputTokens,
    cachedInputTokens: partOfInput(reported.cachedInput),
    cacheWriteInputTokens: partOfInput(reported.cacheWriteInput),
    longCacheWriteInputTokens: partOfInput(reported.longCacheWriteInput),
    outputTokens,
    reasoningTokens: Math.min(outputTokens, reportedCount(reported.reasoning) ?? 0),
    estimated: !Object.values(reported).every(isAsReported),
  };
};

/** A dearer answer is a provider's mistake. */
const maxCostUsd = 1_000_000;

/** The cost that a provider states itself (`usage.cost`, USD), in pico-dollars; undefined where it states none. */
export const reportedCostPicoUsd = (usage: { readonly cost?: unknown } | undefined): bigint | undefined => {
  const cost = usage?.cost;
  return typeof cost === "number" && cost >= 0 && cost <= maxCostUsd ? BigInt(Math.round(cost * 1e12)) : undefined;
};

export const charactersPerToken = 4;

/** A rough count for text whose provider did not report usage. Marked as estimated wherever it is stored. */
export const estimateTokens = (characters: number): number => Math.ceil(characters / charactersPerToken);

import type { TokenUsage } from "#core/catalog/token-usage.ts";
import { isRecord } from "#core/values/is-record.ts";

/** A count of a usage object. Providers leave out or null what they like; anything but a number of 0 or more is no count. */
const count = (source: unknown, name: string): number | undefined => {
  const value = isRecord(source) ? source[name] : undefined;
  return typeof value === "number" && value >= 0 && Number.isFinite(value) ? Math.round(value) : undefined;
};

/** How a provider counts reasoning: within `completion_tokens`, or beside it. */
export type ReasoningCount = "included" | "added" | "total-minus-prompt";

/** xAI counts reasoning beside completion_tokens; a total that has no room for it says that it was within them after all. */
const addsReasoning = (input: number, output: number, reasoning: number, total: number | undefined): boolean =>
  total === undefined || total >= input + output + reasoning;

/**
 * A provider's `usage` object in our one meaning, or undefined when it is none.
 * xAI counts reasoning beside completion_tokens; Gemini leaves thoughts out of both, the gap to the total is thinking.
 */
export const toTokenUsage = (value: unknown, reasoning: ReasoningCount = "included"): TokenUsage | undefined => {
  const prompt = count(value, "prompt_tokens");
  const completion = count(value, "completion_tokens");
  const total = count(value, "total_tokens");
  if (!isRecord(value) || (prompt === undefined && completion === undefined)) return undefined;
  const inputTokens = prompt ?? 0;
  const reported = count(value.completion_tokens_details, "reasoning_tokens") ?? 0;
  let outputTokens = completion ?? 0;
  let reasoningTokens = reported;
  if (reasoning === "added" && addsReasoning(inputTokens, outputTokens, reported, total)) outputTokens += reported;
  if (reasoning === "total-minus-prompt" && total !== undefined && total - inputTokens > outputTokens) {
    reasoningTokens = total - inputTokens - outputTokens;
    outputTokens = total - inputTokens;
  }
  const details = value.prompt_tokens_details;
  return {
    inputTokens,
    cachedInputTokens: Math.min(inputTokens, count(details, "cached_tokens") ?? 0),
    cacheWriteInputTokens: Math.min(inputTokens, count(details, "cache_write_tokens") ?? 0),
    longCacheWriteInputTokens: 0,
    outputTokens,
    reasoningTokens,
    estimated: false,
  };
};

/**
 * A completion whose `usage` tells the counts as OpenAI means them; the provider's own additions stay. The same object where
 * the provider counts so anyway.
 */
export const withTrueCounts = <Answer extends { readonly usage?: unknown }>(
  completion: Answer,
  usage: TokenUsage | undefined,
  reasoning: ReasoningCount,
): Answer => {
  if (reasoning === "included" || usage === undefined) return completion;
  const own = typeof completion.usage === "object" && completion.usage !== null ? completion.usage : {};
  const details = "prompt_tokens_details" in own ? (own.prompt_tokens_details as object | null) : {};
  const counts = toOpenAiUsage(usage);
  return {
    ...completion,
    usage: { ...own, ...counts, prompt_tokens_details: { ...counts.prompt_tokens_details, ...details } },
  };
};

/** Our usage in OpenAI's shape, for answers that we write ourselves. */
export const toOpenAiUsage = (usage: TokenUsage) => ({
  prompt_tokens: usage.inputTokens,
  completion_tokens: usage.outputTokens,
  total_tokens: usage.inputTokens + usage.outputTokens,
  prompt_tokens_details: { cached_tokens: usage.cachedInputTokens, audio_tokens: 0 },
  completion_tokens_details: {
    reasoning_tokens: usage.reasoningTokens,
    audio_tokens: 0,
    accepted_prediction_tokens: 0,
    rejected_prediction_tokens: 0,
  },
});

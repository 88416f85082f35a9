import * as z from "zod";
import type { TokenUsage } from "#core/usage/token-usage.ts";

/** Usage as OpenAI and its look-alikes report it. Minimal and lenient: providers leave out or null what they like. */
const count = z.number().nonnegative().nullish();

const usageSchema = z.object({
  prompt_tokens: count,
  completion_tokens: count,
  total_tokens: count,
  prompt_tokens_details: z.object({ cached_tokens: count, cache_write_tokens: count }).nullish(),
  completion_tokens_details: z.object({ reasoning_tokens: count }).nullish(),
});

/** How a provider counts reasoning: within `completion_tokens`, or beside it. */
export type ReasoningCount = "included" | "added" | "total-minus-prompt";

/** xAI counts reasoning beside completion_tokens; a total that has no room for it says that it was within them after all. */
const addsReasoning = (input: number, output: number, reasoning: number, total: number | null | undefined): boolean =>
  typeof total !== "number" || total >= input + output + reasoning;

/**
 * A provider's `usage` object in our one meaning, or undefined when it is none.
 * xAI counts reasoning beside completion_tokens; Gemini leaves thoughts out of both, the gap to the total is thinking.
 */
export const toTokenUsage = (value: unknown, reasoning: ReasoningCount = "included"): TokenUsage | undefined => {
  const parsed = usageSchema.safeParse(value);
  if (!parsed.success) return undefined;
  const { prompt_tokens: prompt, completion_tokens: completion, total_tokens: total } = parsed.data;
  if (typeof prompt !== "number" && typeof completion !== "number") return undefined;
  const inputTokens = prompt ?? 0;
  const reported = parsed.data.completion_tokens_details?.reasoning_tokens ?? 0;
  let outputTokens = completion ?? 0;
  let reasoningTokens = reported;
  if (reasoning === "added" && addsReasoning(inputTokens, outputTokens, reported, total)) outputTokens += reported;
  if (reasoning === "total-minus-prompt" && typeof total === "number" && total - inputTokens > outputTokens) {
    reasoningTokens = total - inputTokens - outputTokens;
    outputTokens = total - inputTokens;
  }
  return {
    inputTokens,
    cachedInputTokens: Math.min(inputTokens, parsed.data.prompt_tokens_details?.cached_tokens ?? 0),
    cacheWriteInputTokens: Math.min(inputTokens, parsed.data.prompt_tokens_details?.cache_write_tokens ?? 0),
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

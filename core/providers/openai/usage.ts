import { checkedUsage, reportedCount, type TokenUsage } from "#core/catalog/token-usage.ts";
import type { ProviderOutcome } from "#core/providers/provider.ts";
import { isRecord, type JsonRecord } from "#core/values/records.ts";

const memberOf = (source: unknown, name: string): unknown => (isRecord(source) ? source[name] : undefined);

/** A count of a usage object. Providers leave out or null what they like. */
const count = (source: unknown, name: string): number | undefined => reportedCount(memberOf(source, name));

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
  const reasoningTokens = memberOf(value.completion_tokens_details, "reasoning_tokens");
  const reported = reportedCount(reasoningTokens) ?? 0;
  let output: unknown = value.completion_tokens;
  let reasoned: unknown = reasoningTokens;
  const outputTokens = completion ?? 0;
  if (reasoning === "added" && reported > 0 && addsReasoning(inputTokens, outputTokens, reported, total)) {
    output = outputTokens + reported;
  }
  if (reasoning === "total-minus-prompt" && total !== undefined && total - inputTokens > outputTokens) {
    reasoned = total - inputTokens - outputTokens;
    output = total - inputTokens;
  }
  const details = value.prompt_tokens_details;
  return checkedUsage({
    input: value.prompt_tokens,
    cachedInput: memberOf(details, "cached_tokens"),
    cacheWriteInput: memberOf(details, "cache_write_tokens"),
    output,
    reasoning: reasoned,
  });
};

/** Notes a usage that a provider reported. One without counts takes nothing back. */
export const noteUsage = (outcome: ProviderOutcome, value: unknown, reasoning: ReasoningCount): void => {
  const usage = toTokenUsage(value, reasoning);
  if (usage === undefined || !isRecord(value)) return;
  outcome.usage = usage;
  outcome.reportedUsage = value;
};

/** Our usage in OpenAI's shape, for answers that we write ourselves. */
export const toOpenAiUsage = (usage: TokenUsage) => {
  const cacheWrite = usage.cacheWriteInputTokens + usage.longCacheWriteInputTokens;
  return {
    prompt_tokens: usage.inputTokens,
    completion_tokens: usage.outputTokens,
    total_tokens: usage.inputTokens + usage.outputTokens,
    prompt_tokens_details: {
      cached_tokens: usage.cachedInputTokens,
      ...(cacheWrite === 0 ? {} : { cache_write_tokens: cacheWrite }),
    },
    completion_tokens_details: { reasoning_tokens: usage.reasoningTokens },
  };
};

/** The counts of a details object. Anything else in it would break OpenAI's schema. */
const detailsOf = (value: unknown): JsonRecord =>
  isRecord(value)
    ? Object.fromEntries(
        Object.entries(value).filter(([name, each]) => !name.endsWith("_tokens") || Number.isSafeInteger(each)),
      )
    : {};

/**
 * The usage that the caller sees: what the provider reported, with its own additions, and our counts where the two differ.
 * @param reported the provider's usage object, where it reported one.
 */
export const toReportedUsage = (reported: unknown, usage: TokenUsage) => {
  const counts = toOpenAiUsage(usage);
  if (!isRecord(reported)) return counts;
  const total = count(reported, "total_tokens");
  const isReported =
    count(reported, "prompt_tokens") === counts.prompt_tokens &&
    count(reported, "completion_tokens") === counts.completion_tokens;
  return {
    ...reported,
    ...counts,
    // Some count in the total what is in neither part.
    total_tokens: isReported && total !== undefined ? Math.max(total, counts.total_tokens) : counts.total_tokens,
    prompt_tokens_details: { ...detailsOf(reported.prompt_tokens_details), ...counts.prompt_tokens_details },
    completion_tokens_details: {
      ...detailsOf(reported.completion_tokens_details),
      ...counts.completion_tokens_details,
    },
  };
};

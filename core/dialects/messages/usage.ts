import type { CompletionUsage } from "openai/resources/completions";
import { isRecord } from "#core/values/records.ts";

const count = (source: unknown, name: string): number => {
  const value = isRecord(source) ? source[name] : undefined;
  return typeof value === "number" ? value : 0;
};

/** Usage in Anthropic's meaning: fresh, cache-read and cache-written input are counted apart. */
export const toMessagesUsage = (usage: CompletionUsage | null | undefined) => {
  const details = usage?.prompt_tokens_details;
  const cacheRead = count(details, "cached_tokens");
  const cacheWrite = count(details, "cache_write_tokens");
  return {
    input_tokens: Math.max(0, count(usage, "prompt_tokens") - cacheRead - cacheWrite),
    output_tokens: count(usage, "completion_tokens"),
    cache_creation_input_tokens: cacheWrite,
    cache_read_input_tokens: cacheRead,
    cache_creation: { ephemeral_5m_input_tokens: cacheWrite, ephemeral_1h_input_tokens: 0 },
    output_tokens_details: { thinking_tokens: count(usage?.completion_tokens_details, "reasoning_tokens") },
    server_tool_use: null,
    service_tier: "standard" as const,
    inference_geo: null,
    speed: null,
    // What a council says of itself, beside the counts.
    ...(isRecord(usage) && usage.council !== undefined ? { council: usage.council } : {}),
  };
};

/** What the last delta of a stream says of it: the cumulative counts. */
export const toDeltaUsage = (usage: CompletionUsage | null | undefined) => {
  const { service_tier: _, inference_geo: __, speed: ___, cache_creation: ____, ...counts } = toMessagesUsage(usage);
  return counts;
};

import type { ChatUsage } from "../../api/chat.ts";
import type { Model } from "../../api/models.ts";

/** What an answer costs by list prices, USD. Undefined when the model or a price is not known. */
export const costOf = (models: readonly Model[], modelId: string | undefined, usage: ChatUsage): number | undefined => {
  const pricing = models.find(({ id }) => id === modelId)?.pricing;
  if (pricing === undefined || pricing === null || pricing.input === null || pricing.output === null) return undefined;
  const cached = usage.prompt_tokens_details?.cached_tokens ?? 0;
  const input = (usage.prompt_tokens - cached) * pricing.input + cached * (pricing.cached_input ?? pricing.input);
  return (input + usage.completion_tokens * pricing.output) / 1_000_000;
};

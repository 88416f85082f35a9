import type { AnswerUsage } from "./answer.ts";
import type { JsonObject } from "./json.ts";

/** The providers that speak OpenAI's Chat Completions. */
export type ChatDialect = "openai" | "google" | "x-ai" | "openrouter" | "minimax";

const details = ({ cached, cacheWrite, reasoning }: AnswerUsage): JsonObject => ({
  prompt_tokens_details: {
    cached_tokens: cached,
    audio_tokens: 0,
    ...(cacheWrite > 0 ? { cache_write_tokens: cacheWrite } : {}),
  },
  completion_tokens_details: {
    reasoning_tokens: reasoning,
    audio_tokens: 0,
    accepted_prediction_tokens: 0,
    rejected_prediction_tokens: 0,
  },
});

/**
 * `usage` as each provider reports it: Google and xAI leave reasoning out of `completion_tokens` (the total includes it),
 * Google tells nothing about it; OpenRouter adds its price.
 */
export const chatUsageOf = (dialect: ChatDialect, usage: AnswerUsage): JsonObject => {
  const counts = {
    prompt_tokens: usage.input,
    completion_tokens: usage.output,
    total_tokens: usage.input + usage.output,
  };
  const visible = { ...counts, completion_tokens: usage.output - usage.reasoning };
  switch (dialect) {
    case "google":
      return usage.cached === 0 ? visible : { ...visible, prompt_tokens_details: { cached_tokens: usage.cached } };
    case "x-ai":
      return {
        ...visible,
        prompt_tokens_details: {
          text_tokens: usage.input,
          audio_tokens: 0,
          image_tokens: 0,
          cached_tokens: usage.cached,
        },
        completion_tokens_details: {
          reasoning_tokens: usage.reasoning,
          audio_tokens: 0,
          accepted_prediction_tokens: 0,
          rejected_prediction_tokens: 0,
        },
        num_sources_used: 0,
      };
    case "openrouter": {
      const costUsd = (usage.input + usage.output) / 1_000_000;
      return {
        ...counts,
        ...details(usage),
        cost: costUsd,
        is_byok: false,
        cost_details: { upstream_inference_cost: null },
      };
    }
    default:
      return { ...counts, ...details(usage) };
  }
};

/**
 * How a custom provider that speaks OpenAI's API names the limit of an answer: Azure's models that reason refuse
 * `max_tokens`, and most other servers know no other name.
 */
export const limitField = (host: string): "max_tokens" | "max_completion_tokens" =>
  /(^|\.)azure\.com$/.test(host) ? "max_completion_tokens" : "max_tokens";

/** The providers of chat models. */
export const chatProviderIds = ["openai", "anthropic", "google", "x-ai", "openrouter", "minimax"] as const;
export type ChatProviderId = (typeof chatProviderIds)[number];

/** Every provider that generates something: those of chat models, and those that only make media. */
export type ProviderId = ChatProviderId | "fashn" | "fal" | "bfl";

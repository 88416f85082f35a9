/** The providers of chat models that the platform can have a key for. */
export const platformChatProviderIds = ["openai", "anthropic", "google", "x-ai", "openrouter", "minimax"] as const;
export type PlatformChatProviderId = (typeof platformChatProviderIds)[number];

/** The providers of chat models that have a name of their own. */
export const namedProviderIds = [...platformChatProviderIds, "bedrock"] as const;
export type NamedProviderId = (typeof namedProviderIds)[number];

/** The providers of chat models. `custom` stands for each address that a caller has stored a provider key for. */
export const chatProviderIds = [...namedProviderIds, "custom"] as const;
export type ChatProviderId = (typeof chatProviderIds)[number];

/** Every provider that generates something: those of chat models, and those that only make media. */
export type ProviderId = ChatProviderId | "fashn" | "fal" | "bfl";

/** Providers that the platform can have a key for. */
export type PlatformProviderId = Exclude<ProviderId, "custom" | "bedrock">;

/** Whether only callers' own keys serve a model, never the platform's. */
export const isOwnKeyOnly = ({
  provider,
  platformPays,
}: {
  readonly provider: string;
  readonly platformPays?: true;
}): boolean => provider === "custom" || (provider === "bedrock" && !platformPays);

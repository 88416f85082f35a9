import type { Timestamp } from "./keys.ts";
import { data, request } from "./request.ts";

export interface ProviderKey {
  readonly id: string;
  readonly provider: string;
  readonly slug: string;
  readonly displayName: string;
  readonly last4: string;
  readonly createdAt: Timestamp;
}

export interface NewProviderKey {
  readonly provider: string;
  readonly slug: string;
  readonly displayName: string;
  readonly apiKey: string;
}

/** Providers that take a user's own key, in the order of the menu. */
export const providers = [
  { id: "openai", name: "OpenAI" },
  { id: "anthropic", name: "Anthropic" },
  { id: "google", name: "Google Gemini" },
  { id: "x-ai", name: "xAI" },
  { id: "openrouter", name: "OpenRouter" },
  { id: "minimax", name: "MiniMax" },
  { id: "fashn", name: "FASHN" },
  { id: "fal", name: "fal" },
  { id: "bfl", name: "Black Forest Labs" },
] as const;

export const providerName = (id: string): string => providers.find((provider) => provider.id === id)?.name ?? id;

export const listProviderKeys = (signal?: AbortSignal): Promise<readonly ProviderKey[]> =>
  data("v1/provider-keys", signal === undefined ? {} : { signal });

export const addProviderKey = (fields: NewProviderKey): Promise<ProviderKey> =>
  data("v1/provider-keys", { method: "POST", body: fields });

export const removeProviderKey = async (id: string): Promise<void> => {
  await request(`v1/provider-keys/${encodeURIComponent(id)}`, { method: "DELETE" });
};

/** The providers that take a user's own key, as the pages name them. */

export interface Provider {
  readonly id: string;
  readonly name: string;
  /** What it is used for. */
  readonly use: string;
  /** Where its keys are made. */
  readonly keysUrl?: string;
}

/** Providers with an address of their own, in the order of the page. */
export const providers: readonly Provider[] = [
  {
    id: "openai",
    name: "OpenAI",
    use: "chat, images, audio, embeddings",
    keysUrl: "https://platform.openai.com/api-keys",
  },
  { id: "anthropic", name: "Anthropic", use: "chat", keysUrl: "https://console.anthropic.com/settings/keys" },
  {
    id: "google",
    name: "Google Gemini",
    use: "chat, images, video, embeddings",
    keysUrl: "https://aistudio.google.com/apikey",
  },
  { id: "x-ai", name: "xAI", use: "chat", keysUrl: "https://console.x.ai" },
  { id: "openrouter", name: "OpenRouter", use: "chat", keysUrl: "https://openrouter.ai/settings/keys" },
  {
    id: "minimax",
    name: "MiniMax",
    use: "chat, speech, music, video",
    keysUrl: "https://platform.minimax.io/user-center/basic-information/interface-key",
  },
  { id: "fashn", name: "FASHN", use: "fashion images", keysUrl: "https://app.fashn.ai/api" },
  { id: "fal", name: "fal", use: "images, video", keysUrl: "https://fal.ai/dashboard/keys" },
  { id: "bfl", name: "Black Forest Labs", use: "images", keysUrl: "https://dashboard.bfl.ai" },
  { id: "bedrock", name: "Amazon Bedrock", use: "chat, in your AWS account" },
];

/** Any server that speaks OpenAI's or Anthropic's API. */
export const customProvider: Provider = { id: "custom", name: "Custom provider", use: "chat, embeddings" };

export const providerName = (id: string): string =>
  [...providers, customProvider].find((provider) => provider.id === id)?.name ?? id;

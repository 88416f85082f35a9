import type { ChatProvider, ChatProviderId } from "./provider.ts";

/** Adapters are loaded when first called, so that a request pays for its own provider only. */
const openAiShaped = (): Promise<ChatProvider> => import("./openai/chat.ts").then((module) => module.openAiProvider);

const loaders: Readonly<Record<ChatProviderId, () => Promise<ChatProvider>>> = {
  openai: openAiShaped,
  google: openAiShaped,
  "x-ai": openAiShaped,
  openrouter: openAiShaped,
  minimax: openAiShaped,
  anthropic: () => import("./anthropic/chat.ts").then((module) => module.anthropicProvider),
};

/** The adapter of a provider. */
export const chatProvider = (id: ChatProviderId): Promise<ChatProvider> => loaders[id]();

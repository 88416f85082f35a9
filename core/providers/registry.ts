import type { ChatProviderId } from "#core/catalog/provider-ids.ts";
import { openForWhole } from "#core/outbound/post-whole.ts";
import { connectAhead } from "#core/outbound/transport.ts";
import { providerApiKey, providerBaseUrl } from "#core/upstreams.ts";
import type { ChatProvider } from "./provider.ts";
import { withStrictTools } from "./strict-tools.ts";

/** Adapters are loaded when first called, so that a request pays for its own provider only. */
const loaders: Readonly<Record<ChatProviderId, () => Promise<ChatProvider>>> = {
  openai: () => import("./openai/chat.ts").then((module) => module.openAiProvider),
  anthropic: () => import("./anthropic/chat.ts").then((module) => module.anthropicProvider),
  google: () => import("./compatible/google.ts").then((module) => module.googleProvider),
  "x-ai": () => import("./compatible/x-ai.ts").then((module) => module.xaiProvider),
  openrouter: () => import("./compatible/openrouter.ts").then((module) => module.openrouterProvider),
  minimax: () => import("./compatible/minimax.ts").then((module) => module.minimaxProvider),
  bedrock: () => import("./bedrock/chat.ts").then((module) => module.bedrockProvider),
  custom: () => import("./custom/chat.ts").then((module) => module.customProvider),
};

const loaded = new Map<ChatProviderId, Promise<ChatProvider>>();

/** Loads an adapter once: an import costs its look-up each time, though the module is there. */
const load = (id: ChatProviderId): Promise<ChatProvider> => {
  const known = loaded.get(id) ?? loaders[id]();
  loaded.set(id, known);
  return known;
};

/** A provider that has no `reasoning` object of its own. What translates one is loaded when a request has it. */
const withReasoning = (provider: ChatProvider): ChatProvider => ({
  chat: async (call) =>
    call.request.reasoning === undefined
      ? provider.chat(call)
      : (await import("./with-reasoning.ts")).chatWithEffort(provider, call),
});

/**
 * Loads a provider's adapter and opens a connection to it, for a request that will very likely call it: both take their time
 * while round 2 is waited for. Does nothing for providers whose address hangs on the caller's key, nor without a key.
 */
export const prepareProvider = (id: ChatProviderId, streamed: boolean, callerPays: boolean): void => {
  if (id === "bedrock" || id === "custom" || (!callerPays && providerApiKey(id) === undefined)) return;
  const url = providerBaseUrl(id);
  // After what is written now has left: made at once, a connection delays the calls of round 2 by as much as it saves.
  setImmediate(() => {
    // The request itself meets whatever fails here.
    load(id).catch(() => undefined);
    // As its adapter asks.
    if (streamed || id === "anthropic") connectAhead(url);
    else openForWhole(url);
  });
};

/**
 * The adapter of a provider. OpenAI holds strict tools to their schemas itself, for the others we do; OpenRouter has a
 * `reasoning` object of its own, for the others it becomes an effort.
 */
export const chatProvider = async (id: ChatProviderId): Promise<ChatProvider> => {
  const provider = await load(id);
  if (id === "openrouter") return withStrictTools(provider);
  return withReasoning(id === "openai" ? provider : withStrictTools(provider));
};

import type { ChatProvider } from "#core/providers/provider.ts";
import { openAiShaped } from "./openai-shaped.ts";
import { planRequest, toChatRequest } from "./to-request.ts";

const overChatCompletions = openAiShaped({
  provider: "openai",
  reasoning: "included",
  toRequest: (call) => toChatRequest(call, planRequest(call)),
});

/** OpenAI: Chat Completions, or the Responses API for what only it takes. */
export const openAiProvider: ChatProvider = {
  chat: async (call) => {
    if (!planRequest(call).responses) return overChatCompletions.chat(call);
    const { responsesChat } = await import("./responses.ts");
    return responsesChat(call);
  },
};

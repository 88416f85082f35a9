import "#adapter";
import type { ChatProvider } from "#core/providers/provider.ts";
import { openAiShaped } from "./openai-shaped.ts";
import { planRequest, toChatRequest } from "./to-request.ts";

const overChatCompletions = openAiShaped({
  provider: "openai",
  reasoning: "included",
  toRequest: (call) => toChatRequest(call, planRequest(call)),
});

/** OpenAI: Chat Completions, or the Responses API for what only it takes and for what came in its dialect. */
export const openAiProvider: ChatProvider = {
  chat: async (call) => {
    if (call.native?.dialect === "responses") {
      const { passesNatively } = await import("./native-request.ts");
      if (passesNatively(call, call.native)) {
        const { nativeResponses } = await import("./native-responses.ts");
        return nativeResponses(call, call.native);
      }
    }
    if (!planRequest(call).responses) return overChatCompletions.chat(call);
    const { responsesChat } = await import("./responses.ts");
    return responsesChat(call);
  },
};

import type { ChatProvider } from "./provider.ts";
import { strictJudge } from "./strict-judge.ts";

/**
 * A provider whose calls of `strict` tools are held to their schemas by us. A call that breaks its schema is a malformed
 * answer, which routing asks for again. On a stream such calls are held back until they are whole, and the rest flows.
 */
export const withStrictTools = (provider: ChatProvider): ChatProvider => ({
  chat: async (call) => {
    const reply = await provider.chat(call);
    const judge = await strictJudge(call.request);
    if (judge === undefined) return reply;
    const { strictAnswer } = await import("./strict-answer.ts");
    return strictAnswer(reply, call.provider, judge);
  },
});

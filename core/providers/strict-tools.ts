import type { ProviderId } from "#core/catalog/provider-ids.ts";
import { type ChatCompletion, type ChatProvider, ProviderFailure, type ProviderOutcome } from "./provider.ts";
import { cutsOff, type StrictJudge, strictJudge } from "./strict-judge.ts";

/** The first fault among the calls of strict tools, or undefined. */
const faultIn = ({ choices }: ChatCompletion, judge: StrictJudge): string | undefined => {
  for (const { message, finish_reason: reason } of choices) {
    if (cutsOff(reason)) continue;
    for (const call of message.tool_calls ?? []) {
      if (call.type !== "function" || !judge.isStrict(call.function.name)) continue;
      const fault = judge.faultOf(call.function.name, call.function.arguments);
      if (fault !== undefined) return fault;
    }
  }
  return undefined;
};

const brokenSchema = (provider: ProviderId, fault: string, outcome: ProviderOutcome): ProviderFailure => {
  const failure = new ProviderFailure(provider, "malformed", `${provider}: a tool call breaks its schema`, {
    providerMessage: `The model called a strict tool with arguments that violate its schema: ${fault}.`,
    providerCode: "tool_call_invalid_arguments",
  });
  failure.outcome = outcome;
  return failure;
};

/**
 * A provider whose calls of `strict` tools are held to their schemas by us. A call that breaks its schema is a malformed
 * answer, which routing asks for again. On a stream such calls are held back until they are whole, and the rest flows.
 */
export const withStrictTools = (provider: ChatProvider): ChatProvider => ({
  chat: async (call) => {
    const reply = await provider.chat(call);
    const judge = await strictJudge(call.request);
    if (judge === undefined) return reply;
    const toFailure = (fault: string): ProviderFailure => brokenSchema(call.provider, fault, reply.outcome);
    if (reply.kind === "stream") {
      // A provider holds calls in its own dialect to their schemas itself.
      if (reply.native !== undefined) return reply;
      const { strictFrames } = await import("./strict-stream.ts");
      return { ...reply, frames: strictFrames(reply.frames, { provider: call.provider, judge, toFailure }) };
    }
    const fault = faultIn(reply.completion, judge);
    if (fault !== undefined) throw toFailure(fault);
    return reply;
  },
});

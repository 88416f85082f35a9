import "#adapter";
import type { ChatProviderId } from "#core/catalog/provider-ids.ts";
import {
  type ChatCompletion,
  type CompletionReply,
  ProviderFailure,
  type ProviderOutcome,
  type StreamReply,
} from "./provider.ts";
import { cutsOff, type StrictJudge } from "./strict-judge.ts";
import { strictFrames } from "./strict-stream.ts";

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

const brokenSchema = (provider: ChatProviderId, fault: string, outcome: ProviderOutcome): ProviderFailure => {
  const failure = new ProviderFailure(provider, "malformed", `${provider}: a tool call breaks its schema`, {
    providerMessage: `The model called a strict tool with arguments that violate its schema: ${fault}.`,
    providerCode: "tool_call_invalid_arguments",
  });
  failure.outcome = outcome;
  return failure;
};

/** An answer whose calls of strict tools hold to their schemas. @throws ProviderFailure malformed */
export const strictAnswer = (
  reply: CompletionReply | StreamReply,
  provider: ChatProviderId,
  judge: StrictJudge,
): CompletionReply | StreamReply => {
  const toFailure = (fault: string): ProviderFailure => brokenSchema(provider, fault, reply.outcome);
  if (reply.kind === "stream") {
    // A provider holds calls in its own dialect to their schemas itself.
    if (reply.native !== undefined) return reply;
    return { ...reply, frames: strictFrames(reply.frames, { provider, judge, toFailure }) };
  }
  const fault = faultIn(reply.completion, judge);
  if (fault !== undefined) throw toFailure(fault);
  return reply;
};

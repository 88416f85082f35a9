import type { FinishReason } from "#core/providers/provider.ts";
import { ownValue } from "#core/values/records.ts";

const finishReasons: Readonly<Record<string, FinishReason>> = {
  end_turn: "stop",
  stop_sequence: "stop",
  // A server tool's turn that Anthropic paused; sent back as it is, it goes on.
  pause_turn: "stop",
  max_tokens: "length",
  model_context_window_exceeded: "length",
  tool_use: "tool_calls",
  refusal: "content_filter",
};

/** Anthropic's stop_reason as OpenAI's finish_reason. One that we do not know yet is a plain end. */
export const toFinishReason = (stopReason: string, toolCalls: number): FinishReason => {
  const reason = ownValue(finishReasons, stopReason) ?? "stop";
  // Without a call for the caller there is nothing for it to answer.
  return reason === "tool_calls" && toolCalls === 0 ? "stop" : reason;
};

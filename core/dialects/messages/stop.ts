import { ownValue } from "#core/values/records.ts";

const stopReasons: Readonly<Record<string, string>> = {
  stop: "end_turn",
  length: "max_tokens",
  tool_calls: "tool_use",
  function_call: "tool_use",
  content_filter: "refusal",
};

export interface Stop {
  readonly stop_reason: string;
  readonly stop_sequence: null;
  readonly stop_details: { readonly type: "refusal"; readonly category: null; readonly explanation: string } | null;
}

/** How an answer ended, in Anthropic's words. `refusal` is what the model said instead of an answer. */
export const toStop = (finishReason: string | null | undefined, refusal: string): Stop => {
  const reason = ownValue(stopReasons, finishReason ?? "stop") ?? "end_turn";
  const refused = refusal !== "" && reason !== "tool_use";
  return {
    stop_reason: refused ? "refusal" : reason,
    stop_sequence: null,
    stop_details: refused ? { type: "refusal", category: null, explanation: refusal } : null,
  };
};

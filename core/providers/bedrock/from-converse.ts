import { parseExactJson } from "#core/providers/anthropic/exact-json.ts";
import { isRecord, type JsonRecord, ownValue } from "#core/values/records.ts";
import { malformed } from "./errors.ts";

/** Answers of Converse as Anthropic's, whose translation into chat completions serves both. */

const stopReasons: Readonly<Record<string, string>> = {
  end_turn: "end_turn",
  stop_sequence: "stop_sequence",
  tool_use: "tool_use",
  max_tokens: "max_tokens",
  model_context_window_exceeded: "model_context_window_exceeded",
  content_filtered: "refusal",
  guardrail_intervened: "refusal",
};

/** @throws ProviderFailure for an answer that the model did not make well, or without a reason */
export const toStopReason = (reason: unknown): string => {
  if (typeof reason !== "string") throw malformed("the answer has no stop reason");
  if (reason.startsWith("malformed_")) throw malformed(`the model ended with ${reason}`);
  return ownValue(stopReasons, reason) ?? "end_turn";
};

/** Tokens that were written to a cache of an hour. */
const longWrites = (details: unknown): number =>
  (Array.isArray(details) ? details : [])
    .filter(isRecord)
    .filter(({ ttl }) => ttl === "1h")
    .reduce((sum, { inputTokens }) => sum + (typeof inputTokens === "number" ? inputTokens : 0), 0);

/** As at Anthropic, `inputTokens` counts neither what was read from a cache nor what was written to one. */
export const toAnthropicUsage = (usage: unknown): JsonRecord | undefined => {
  if (!isRecord(usage)) return undefined;
  const long = longWrites(usage.cacheDetails);
  return {
    input_tokens: usage.inputTokens,
    output_tokens: usage.outputTokens,
    cache_read_input_tokens: usage.cacheReadInputTokens ?? 0,
    cache_creation_input_tokens: usage.cacheWriteInputTokens ?? 0,
    ...(long === 0 ? {} : { cache_creation: { ephemeral_1h_input_tokens: long } }),
  };
};

const toBlock = (block: JsonRecord): readonly JsonRecord[] => {
  const { text, toolUse, reasoningContent } = block;
  if (typeof text === "string") return [{ type: "text", text }];
  if (isRecord(toolUse)) return [{ type: "tool_use", id: toolUse.toolUseId, name: toolUse.name, input: toolUse.input }];
  if (!isRecord(reasoningContent)) return [];
  const { reasoningText, redactedContent } = reasoningContent;
  if (typeof redactedContent === "string") return [{ type: "redacted_thinking", data: redactedContent }];
  if (!isRecord(reasoningText)) return [];
  return [{ type: "thinking", thinking: reasoningText.text, signature: reasoningText.signature }];
};

/** A whole answer as the text of Anthropic's message. @throws ProviderFailure for what is not an answer of Converse */
export const toAnthropicMessage = (text: string): string => {
  let body: unknown;
  try {
    body = parseExactJson(text);
  } catch {
    throw malformed("the answer is not JSON");
  }
  const output = isRecord(body) && isRecord(body.output) ? body.output.message : undefined;
  if (!isRecord(body) || !isRecord(output) || !Array.isArray(output.content)) {
    throw malformed("the answer is not one of Converse");
  }
  return JSON.stringify({
    type: "message",
    role: "assistant",
    content: output.content.filter(isRecord).flatMap(toBlock),
    stop_reason: toStopReason(body.stopReason),
    usage: toAnthropicUsage(body.usage),
  });
};

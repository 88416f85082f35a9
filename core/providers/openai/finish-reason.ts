import type { FinishReason } from "#core/providers/provider.ts";
import { ownValue } from "#core/values/records.ts";

/** Reasons of OpenAI and of servers that follow it in all but this, in lower case. */
const known: Readonly<Record<string, FinishReason>> = {
  stop: "stop",
  length: "length",
  max_tokens: "length",
  max_output_tokens: "length",
  model_length: "length",
  model_context_window_exceeded: "length",
  tool_calls: "tool_calls",
  tool_call: "tool_calls",
  tool_use: "tool_calls",
  function_call: "tool_calls",
  content_filter: "content_filter",
  content_filtered: "content_filter",
  safety: "content_filter",
  recitation: "content_filter",
  blocklist: "content_filter",
  prohibited_content: "content_filter",
  spii: "content_filter",
  image_safety: "content_filter",
  refusal: "content_filter",
  sensitive: "content_filter",
};

/** Ends that are none: what came is not the model's whole answer. The last two are DeepSeek's and those of vLLM and SGLang. */
const broken: ReadonlySet<string> = new Set(["error", "insufficient_system_resource", "abort"]);

/**
 * A provider's finish reason as one of the contract's. Undefined for an error and for a call that the model garbled: there the
 * answer is not one. A reason that we do not know yet is a plain end.
 */
export const toFinishReason = (reason: string): FinishReason | undefined => {
  const said = reason.toLowerCase();
  const found = ownValue(known, said);
  if (found !== undefined) return found;
  // Google adds its own reason: "content_filter: PROHIBITED_CONTENT".
  if (said.startsWith("content_filter")) return "content_filter";
  return broken.has(said) || said.includes("malformed") ? undefined : "stop";
};

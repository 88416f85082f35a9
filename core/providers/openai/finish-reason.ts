import type { FinishReason } from "#core/providers/provider.ts";
import { ownValue } from "#core/values/own-value.ts";

const known: Readonly<Record<string, FinishReason>> = {
  stop: "stop",
  length: "length",
  tool_calls: "tool_calls",
  function_call: "tool_calls",
  content_filter: "content_filter",
};

/**
 * A provider's finish reason as one of the contract's. Undefined for `error` and for a call that the model garbled: there the
 * answer is not one. A reason that we do not know yet is a plain end.
 */
export const toFinishReason = (reason: string): FinishReason | undefined => {
  const found = ownValue(known, reason);
  if (found !== undefined) return found;
  // Google adds its own reason: "content_filter: PROHIBITED_CONTENT".
  if (reason.startsWith("content_filter")) return "content_filter";
  return reason === "error" || /malformed/i.test(reason) ? undefined : "stop";
};

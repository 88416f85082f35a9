import type { RedactedThinkingBlockParam, ThinkingBlockParam } from "@anthropic-ai/sdk/resources/messages";
import { isRecord } from "#core/values/records.ts";

/**
 * A block of thinking as we put it on an assistant message or delta (`thinking_blocks`) and take it back. The signature
 * makes it valid only unchanged. `tool_calls_before` is ours: how many tool calls of the message precede it, left out
 * when none do, so that interleaved thinking goes back to its place.
 */
export type ThinkingBlockFields = (ThinkingBlockParam | RedactedThinkingBlockParam) & {
  readonly tool_calls_before?: number;
};

interface PlacedThinking {
  readonly toolCallsBefore: number;
  readonly block: ThinkingBlockParam | RedactedThinkingBlockParam;
}

const toBlock = (value: Record<string, unknown>): PlacedThinking["block"] | undefined => {
  const { thinking, signature } = value;
  if (value.type === "thinking" && typeof thinking === "string" && typeof signature === "string" && signature !== "") {
    return { type: "thinking", thinking, signature };
  }
  if (value.type === "redacted_thinking" && typeof value.data === "string") {
    return { type: "redacted_thinking", data: value.data };
  }
  return undefined;
};

/** Reads an assistant message's `thinking_blocks`. What is not one of ours, or has no signature, could only be refused: skipped. */
export const readThinkingBlocks = (value: unknown): PlacedThinking[] => {
  if (!Array.isArray(value)) return [];
  return value.filter(isRecord).flatMap((entry) => {
    const block = toBlock(entry);
    const before = entry.tool_calls_before;
    return block === undefined ? [] : [{ block, toolCallsBefore: typeof before === "number" ? before : 0 }];
  });
};

/** Puts a block of Anthropic's into the caller's form. */
export const toThinkingFields = (
  block: ThinkingBlockParam | RedactedThinkingBlockParam,
  toolCallsBefore: number,
): ThinkingBlockFields => (toolCallsBefore === 0 ? block : { ...block, tool_calls_before: toolCallsBefore });

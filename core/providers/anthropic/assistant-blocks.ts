import type { ContentBlockParam, TextBlockParam, ToolUseBlockParam } from "@anthropic-ai/sdk/resources/messages";
import { argumentsWarning, readArguments } from "#core/providers/call-arguments.ts";
import { refusedCustom } from "#core/providers/function-tools.ts";
import type { ChatMessage, ChatToolCall } from "#core/schemas/chat.ts";
import { cacheMark } from "./cache-mark.ts";
import { readThinkingBlocks } from "./thinking-blocks.ts";
import type { ToolCallLedger } from "./tool-ids.ts";
import { hasText } from "./user-blocks.ts";

/** What the turns of one conversation share. */
export interface AssistantContext {
  readonly ledger: ToolCallLedger;
  readonly warnings: Set<string>;
}

type AssistantMessage = Extract<ChatMessage, { role: "assistant" }>;

const toolUse = (call: ChatToolCall, path: string, { ledger, warnings }: AssistantContext): ToolUseBlockParam => {
  if (call.type === "custom") throw refusedCustom(`${path}.custom`);
  const { input, wrapped } = readArguments(call.function.arguments);
  if (wrapped) warnings.add(argumentsWarning);
  return {
    type: "tool_use",
    id: ledger.call(call.id, `${path}.id`),
    name: call.function.name,
    input,
    ...cacheMark(call),
  };
};

const saidBlocks = ({ content, refusal }: AssistantMessage): TextBlockParam[] => {
  const parts = typeof content === "string" ? [{ type: "text" as const, text: content }] : (content ?? []);
  const blocks = parts.map(
    (part): TextBlockParam => ({
      type: "text",
      text: part.type === "refusal" ? part.refusal : part.text,
      ...cacheMark(part),
    }),
  );
  if (parts.length === 0 && typeof refusal === "string") blocks.push({ type: "text", text: refusal });
  return blocks.filter((block) => hasText(block.text));
};

/**
 * An assistant turn of the past: its thinking, what it said, its tool calls, each in its place.
 * @param path of the message, such as `messages[1]`.
 * @throws GatewayError for a call of a custom tool.
 */
export const assistantBlocks = (
  message: AssistantMessage,
  path: string,
  context: AssistantContext,
): ContentBlockParam[] => {
  const thinking = readThinkingBlocks(message.thinking_blocks);
  const calls = message.tool_calls ?? [];
  const blocks: ContentBlockParam[] = thinking
    .filter((placed) => placed.toolCallsBefore === 0)
    .map(({ block }) => block);
  blocks.push(...saidBlocks(message));
  calls.forEach((call, index) => {
    if (index > 0)
      blocks.push(...thinking.filter((placed) => placed.toolCallsBefore === index).map(({ block }) => block));
    blocks.push(toolUse(call, `${path}.tool_calls[${index}]`, context));
  });
  return blocks;
};

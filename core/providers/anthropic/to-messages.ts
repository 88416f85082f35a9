import type {
  ContentBlockParam,
  MessageParam,
  TextBlockParam,
  ToolResultBlockParam,
} from "@anthropic-ai/sdk/resources/messages";
import type { ChatMessage } from "#core/schemas/chat.ts";
import { assistantBlocks } from "./assistant-blocks.ts";
import { markLast } from "./cache-mark.ts";
import { ToolCallLedger } from "./tool-ids.ts";
import { textBlocks, userBlocks } from "./user-blocks.ts";

interface Turn {
  readonly role: "user" | "assistant";
  readonly content: ContentBlockParam[];
}

export interface Conversation {
  readonly system: TextBlockParam[];
  /** May be added to. */
  readonly messages: MessageParam[];
}

/** Stands for the user's turn where a conversation has none at its start: Anthropic needs one. */
const openingText = "(The conversation starts here.)";

/** Stands for the user's turn where a model does not go on from its own. */
const continueText = "(Continue.)";

/** Gives a conversation that ends with the assistant's turn to a model that only answers the user: OpenAI's do both. */
export const endWithUser = (messages: MessageParam[], warnings: Set<string>): void => {
  if (messages.at(-1)?.role !== "assistant") return;
  warnings.add("messages");
  messages.push({ role: "user", content: [{ type: "text", text: continueText }] });
};

const toolResult = (
  message: Extract<ChatMessage, { role: "tool" }>,
  path: string,
  toolUseId: string,
): ToolResultBlockParam => {
  const blocks = userBlocks(message.content, path);
  const content = typeof message.content === "string" ? message.content : blocks;
  return {
    type: "tool_result",
    tool_use_id: toolUseId,
    ...(blocks.length === 0 ? {} : { content }),
    ...(message.is_error === true ? { is_error: true } : {}),
  };
};

const append = (turns: Turn[], role: Turn["role"], blocks: ContentBlockParam[]): void => {
  if (blocks.length === 0) return;
  const last = turns.at(-1);
  if (last?.role === role) last.content.push(...blocks);
  else turns.push({ role, content: blocks });
};

/** A last assistant turn is what the answer goes on from; Anthropic refuses one that ends in white space. */
const trimPrefill = (turns: readonly Turn[]): void => {
  const last = turns.at(-1);
  const block = last?.role === "assistant" ? last.content.at(-1) : undefined;
  if (block?.type === "text") block.text = block.text.trimEnd();
};

/**
 * OpenAI messages as Anthropic's: system and developer messages hoisted in order, neighbours of one role merged, the
 * results of parallel tool calls in one user turn right after the calls, the first turn the user's.
 * @throws GatewayError naming the message at fault.
 */
export const toMessages = (messages: readonly ChatMessage[], warnings: Set<string>): Conversation => {
  const system: TextBlockParam[] = [];
  const turns: Turn[] = [];
  const ledger = new ToolCallLedger();
  messages.forEach((message, index) => {
    const path = `messages[${index}]`;
    switch (message.role) {
      case "system":
      case "developer":
        system.push(...markLast(textBlocks(message.content), message));
        break;
      case "tool": {
        const result = toolResult(message, path, ledger.result(message.tool_call_id, `${path}.tool_call_id`));
        append(turns, "user", markLast([result], message));
        break;
      }
      case "user":
        ledger.assertAnswered();
        append(turns, "user", markLast(userBlocks(message.content, path), message));
        break;
      case "assistant":
        ledger.assertAnswered();
        append(turns, "assistant", markLast(assistantBlocks(message, path, { ledger, warnings }), message));
        break;
    }
  });
  ledger.assertAnswered();
  if (turns[0]?.role !== "user") turns.unshift({ role: "user", content: [{ type: "text", text: openingText }] });
  trimPrefill(turns);
  return { system, messages: turns };
};

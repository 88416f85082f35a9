import { GatewayError } from "#core/errors.ts";
import type { ChatMessage, ChatToolCall } from "#core/schemas/chat.ts";
import { type BlockOf, isKnownBlock, type KnownBlock, type MessagesTurn } from "#core/schemas/messages.ts";
import { type Carried, fromSignature } from "./carried.ts";
import type { ToolNames } from "./tool-names.ts";
import type { Translation } from "./translation.ts";
import { marked, partsOf, textPart, type UserPart, userParts } from "./user-parts.ts";

/** Anthropic's turns as chat messages. */

type AssistantMessage = Extract<ChatMessage, { role: "assistant" }>;
type Thinking = BlockOf<"thinking"> | BlockOf<"redacted_thinking">;

interface Turn {
  readonly said: { text: string; cache_control?: unknown }[];
  readonly calls: ChatToolCall[];
  readonly thinking: Record<string, unknown>[];
  readonly details: unknown[];
  reasoning: string;
  /** For the next call. */
  extra: unknown;
}

const takeCarried = (turn: Turn, block: BlockOf<"thinking">, carried: Carried): void => {
  turn.reasoning += block.thinking || (carried.reasoning ?? "");
  turn.details.push(...(carried.details ?? []));
  if (carried.extra !== undefined) turn.extra = carried.extra;
};

const takeThinking = (turn: Turn, block: Thinking): void => {
  const before = turn.calls.length === 0 ? {} : { tool_calls_before: turn.calls.length };
  if (block.type === "redacted_thinking") {
    turn.thinking.push({ type: "redacted_thinking", data: block.data, ...before });
    return;
  }
  const signature = block.signature ?? "";
  const carried = signature === "" ? {} : fromSignature(signature);
  // Of Anthropic itself: it is valid only unchanged.
  if (carried === undefined) turn.thinking.push({ type: "thinking", thinking: block.thinking, signature, ...before });
  else takeCarried(turn, block, carried);
};

const takeCall = (turn: Turn, block: BlockOf<"tool_use">, names: ToolNames): void => {
  turn.calls.push({
    id: block.id,
    type: "function",
    function: { name: names.toChat(block.name), arguments: JSON.stringify(block.input) },
    ...marked(block),
    ...(turn.extra === undefined ? {} : { extra_content: turn.extra }),
  });
  turn.extra = undefined;
};

const takeBlock = (turn: Turn, block: KnownBlock, names: ToolNames, translation: Translation): void => {
  switch (block.type) {
    case "text":
      if (block.text !== "") turn.said.push({ text: block.text, ...marked(block) });
      break;
    case "thinking":
    case "redacted_thinking":
      takeThinking(turn, block);
      break;
    case "tool_use":
      takeCall(turn, block, names);
      break;
    default:
      translation.drop(`assistant.${block.type}`);
  }
};

const contentOf = ({ said, calls }: Turn): AssistantMessage["content"] => {
  const [first] = said;
  if (first === undefined) return calls.length > 0 ? null : "";
  return said.length === 1 && first.cache_control === undefined
    ? first.text
    : said.map(({ text, ...mark }) => textPart(text, mark));
};

const assistantMessage = (turn: Turn): AssistantMessage[] => {
  const { said, calls, thinking, details, reasoning } = turn;
  // A turn of thoughts only is one that was cut off: nobody takes it back.
  if (said.length === 0 && calls.length === 0) return [];
  return [
    {
      role: "assistant",
      content: contentOf(turn),
      ...(calls.length === 0 ? {} : { tool_calls: calls }),
      ...(thinking.length === 0 ? {} : { thinking_blocks: thinking }),
      ...(details.length === 0 ? {} : { reasoning_details: details }),
      ...(reasoning === "" ? {} : { reasoning_content: reasoning }),
    },
  ];
};

const assistantTurn = (
  { content }: MessagesTurn,
  names: ToolNames,
  translation: Translation,
): readonly AssistantMessage[] => {
  const turn: Turn = { said: [], calls: [], thinking: [], details: [], reasoning: "", extra: undefined };
  if (typeof content === "string") {
    if (content !== "") turn.said.push({ text: content });
    return assistantMessage(turn);
  }
  for (const block of content) {
    if (isKnownBlock(block)) takeBlock(turn, block, names, translation);
    // Blocks of Anthropic's own tools: nobody else can read them.
    else translation.drop(block.type);
  }
  return assistantMessage(turn);
};

/** Chat's tool messages hold text only: what else a result has follows as the user's words. */
const toolResult = (block: BlockOf<"tool_result">, path: string, translation: Translation) => {
  const { content } = block;
  const parts =
    typeof content === "string" || content === null || content === undefined
      ? [textPart(content ?? "")]
      : userParts(content, `${path}.content`, translation);
  const texts = parts.filter((part) => part.type === "text");
  const others = parts.filter((part) => part.type !== "text");
  const text = texts.map((part) => part.text).join("\n");
  const attached = others.length === 0 ? text : [text, "(The next message has the attachments of this result.)"];
  const message: ChatMessage = {
    role: "tool",
    tool_call_id: block.tool_use_id,
    content: typeof attached === "string" ? attached : attached.filter((line) => line !== "").join("\n"),
    ...(block.is_error === true ? { is_error: true } : {}),
    ...marked(block),
  };
  const following: UserPart[] =
    others.length === 0 ? [] : [textPart(`Attachments of the result of ${block.tool_use_id}:`), ...others];
  return { message, following };
};

const userTurn = (turn: MessagesTurn, path: string, translation: Translation): readonly ChatMessage[] => {
  const { content } = turn;
  if (typeof content === "string") return content === "" ? [] : [{ role: "user", content }];
  const results: ChatMessage[] = [];
  const parts: UserPart[] = [];
  content.forEach((block, index) => {
    const blockPath = `${path}.content[${index}]`;
    if (isKnownBlock(block) && block.type === "tool_result") {
      const { message, following } = toolResult(block, blockPath, translation);
      results.push(message);
      parts.push(...following);
    } else parts.push(...partsOf(block, blockPath, translation));
  });
  if (parts.length === 0) return results;
  return [...results, { role: "user", content: parts }];
};

const systemTurn = ({ content }: MessagesTurn, path: string, translation: Translation): readonly ChatMessage[] => {
  if (typeof content === "string") return content === "" ? [] : [{ role: "system", content }];
  const parts = userParts(content, `${path}.content`, translation).filter((part) => part.type === "text");
  return parts.length === 0 ? [] : [{ role: "system", content: parts }];
};

/** Results have to follow their calls at once: what the system says between them comes after. */
class Order {
  readonly messages: ChatMessage[] = [];
  readonly #open = new Set<string>();
  #waiting: ChatMessage[] = [];

  push(message: ChatMessage): void {
    if (message.role === "system" && this.#open.size > 0) {
      this.#waiting.push(message);
      return;
    }
    if (message.role === "tool") this.#open.delete(message.tool_call_id);
    else this.#open.clear();
    if (message.role === "assistant") for (const { id } of message.tool_calls ?? []) this.#open.add(id);
    if (message.role !== "tool") this.flush();
    this.messages.push(message);
    if (this.#open.size === 0) this.flush();
  }

  flush(): void {
    this.messages.push(...this.#waiting);
    this.#waiting = [];
  }
}

const checkResults = (turns: readonly MessagesTurn[]): void => {
  const known = new Set<string>();
  turns.forEach(({ content }, index) => {
    if (typeof content === "string") return;
    content.filter(isKnownBlock).forEach((block) => {
      if (block.type === "tool_use") known.add(block.id);
      if (block.type !== "tool_result" || known.has(block.tool_use_id)) return;
      throw new GatewayError(
        "tool_call_id_mismatch",
        `messages[${index}]: no earlier tool_use block has the id of this tool_result.`,
        { param: `messages[${index}].content` },
      );
    });
  });
};

/** Turns as chat messages, in their order. @throws GatewayError for a result without a call */
export const toChatMessages = (
  turns: readonly MessagesTurn[],
  names: ToolNames,
  translation: Translation,
): ChatMessage[] => {
  checkResults(turns);
  const order = new Order();
  turns.forEach((turn, index) => {
    const path = `messages[${index}]`;
    const messages =
      turn.role === "assistant"
        ? assistantTurn(turn, names, translation)
        : turn.role === "system"
          ? systemTurn(turn, path, translation)
          : userTurn(turn, path, translation);
    for (const message of messages) order.push(message);
  });
  order.flush();
  return order.messages;
};

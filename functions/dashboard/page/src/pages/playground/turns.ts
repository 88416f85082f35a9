import type { ChatFacts, ChatMessage, ChatUsage, ToolCall } from "../../api/chat.ts";

/** A conversation as a tree of turns: an edited message and a repeated answer are branches next to the first. */

export interface Turn {
  readonly id: number;
  /** The turn that it follows; null for the first. */
  readonly parent: number | null;
  /** `tool`: what a tool returned for a call of the answer before. */
  readonly role: "user" | "assistant" | "tool";
  readonly content: string;
  /** Of a user's message, as data URLs. */
  readonly images?: readonly string[];
  /** Of an answer. */
  readonly toolCalls?: readonly ToolCall[];
  /** Of a tool's result: the call, and the tool's name. */
  readonly toolCall?: ToolCall;
  readonly facts?: ChatFacts;
  readonly usage?: ChatUsage;
  readonly finishReason?: string;
  /** Until the first text and until the end, ms. */
  readonly firstTextMs?: number;
  readonly totalMs?: number;
  readonly stopped?: boolean;
  readonly error?: Error;
}

export type Turns = readonly Turn[];

const byId = (turns: Turns, id: number | null): Turn | undefined => turns.find((turn) => turn.id === id);

/** The turns from the first to `leaf`. */
export const pathTo = (turns: Turns, leaf: number | null): Turns => {
  const path: Turn[] = [];
  for (let turn = byId(turns, leaf); turn !== undefined; turn = byId(turns, turn.parent)) path.unshift(turn);
  return path;
};

/** A turn and its alternatives, oldest first. */
export const alternativesOf = (turns: Turns, { parent }: Turn): Turns => turns.filter((turn) => turn.parent === parent);

/** The newest turn at or below this one. */
export const newestLeaf = (turns: Turns, id: number): number => {
  const next = turns.findLast(({ parent }) => parent === id);
  return next === undefined ? id : newestLeaf(turns, next.id);
};

const contentOf = ({ content, images = [] }: Turn): Extract<ChatMessage, { role: "user" }>["content"] =>
  images.length === 0
    ? content
    : [
        ...images.map((url) => ({ type: "image_url" as const, image_url: { url } })),
        ...(content === "" ? [] : [{ type: "text" as const, text: content }]),
      ];

const toMessage = (turn: Turn): readonly ChatMessage[] => {
  const { role, content, toolCalls = [], toolCall, images = [] } = turn;
  if (role === "tool") return toolCall === undefined ? [] : [{ role, tool_call_id: toolCall.id, content }];
  if (role === "user") return content === "" && images.length === 0 ? [] : [{ role, content: contentOf(turn) }];
  if (toolCalls.length > 0) return [{ role, content: content === "" ? null : content, tool_calls: toolCalls }];
  return content === "" ? [] : [{ role, content }];
};

/** The messages of a path: every turn that said something. */
export const messagesOf = (path: Turns): readonly ChatMessage[] => path.flatMap(toMessage);

import type { ChatMessage } from "#core/schemas/chat.ts";

/**
 * A conversation as models without its tools can take it: calls and results become words. Drafts have no tools of an agent,
 * and providers refuse calls of tools that a request does not define.
 */

const partText = (content: unknown): string => {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content
    .map((part: { readonly text?: unknown }) => (typeof part.text === "string" ? part.text : ""))
    .filter((text) => text !== "")
    .join("\n");
};

const callText = (call: NonNullable<Extract<ChatMessage, { role: "assistant" }>["tool_calls"]>[number]): string =>
  call.type === "custom"
    ? `[called ${call.custom.name}: ${call.custom.input}]`
    : `[called ${call.function.name}: ${call.function.arguments}]`;

const toPlain = (message: ChatMessage): ChatMessage => {
  if (message.role === "tool") return { role: "user", content: `[result of a tool]\n${partText(message.content)}` };
  if (message.role !== "assistant" || message.tool_calls === undefined) return message;
  const text = [partText(message.content), ...message.tool_calls.map(callText)].filter((part) => part !== "");
  return { role: "assistant", content: text.join("\n") };
};

export const plainHistory = (messages: readonly ChatMessage[]): readonly ChatMessage[] => messages.map(toPlain);

/** The text of what is answered: the last turn of the user. */
export const questionOf = (messages: readonly ChatMessage[]): string =>
  partText(messages.findLast(({ role }) => role === "user")?.content);

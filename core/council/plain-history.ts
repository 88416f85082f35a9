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

type UserPart = Exclude<Extract<ChatMessage, { role: "user" }>["content"], string>[number];

const resultMark = "[result of a tool]";

/** Images and files of a result stay: what is asked may be about them. */
const toPlainResult = (content: Extract<ChatMessage, { role: "tool" }>["content"]): ChatMessage => {
  const parts: readonly UserPart[] = typeof content === "string" ? [] : content;
  if (parts.every(({ type }) => type === "text")) {
    return { role: "user", content: `${resultMark}\n${partText(content)}` };
  }
  return { role: "user", content: [{ type: "text", text: resultMark }, ...parts] };
};

const toPlain = (message: ChatMessage): ChatMessage => {
  if (message.role === "tool") return toPlainResult(message.content);
  if (message.role !== "assistant" || message.tool_calls === undefined) return message;
  const text = [partText(message.content), ...message.tool_calls.map(callText)].filter((part) => part !== "");
  return { role: "assistant", content: text.join("\n") };
};

export const plainHistory = (messages: readonly ChatMessage[]): readonly ChatMessage[] => messages.map(toPlain);

/** The text of what is answered: the last turn of the user. */
export const questionOf = (messages: readonly ChatMessage[]): string =>
  partText(messages.findLast(({ role }) => role === "user")?.content);

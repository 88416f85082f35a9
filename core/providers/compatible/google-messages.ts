import { isRecord, type JsonRecord } from "#core/values/records.ts";

/** What Google wants of a conversation beyond OpenAI's rules. Conversations that have it come back as the same objects. */

/** Stands for the user's turn where a conversation has none at its start, as on the way to Claude. */
const openingText = "(The conversation starts here.)";

/** Stands for the result of a tool that returned nothing. */
const noOutput = "(no output)";

type Messages = readonly JsonRecord[];

const hasText = (text: unknown): boolean => typeof text === "string" && text.trim() !== "";

const isFilled = (part: unknown): boolean => isRecord(part) && (part.type !== "text" || hasText(part.text));

/** A message without its empty parts, or undefined where nothing is left of it: Google refuses both. */
const filled = (message: JsonRecord): JsonRecord | undefined => {
  const { content, tool_calls: calls, ...rest } = message;
  const parts = Array.isArray(content) ? (content as readonly unknown[]).filter(isFilled) : undefined;
  if (parts === undefined ? hasText(content) : parts.length > 0) {
    return parts === undefined || parts.length === (content as readonly unknown[]).length
      ? message
      : { ...message, content: parts };
  }
  if (message.role === "tool") return { ...message, content: noOutput };
  // A turn that only called tools says nothing.
  return Array.isArray(calls) && calls.length > 0 ? { ...rest, content: null, tool_calls: calls } : undefined;
};

const nameOf = (call: unknown): unknown => (isRecord(call) && isRecord(call.function) ? call.function.name : undefined);

/** Tool results under the names of the calls that they answer: Google pairs by them. A name that the caller gave stays. */
const withToolNames = (messages: Messages): Messages => {
  const names = new Map<unknown, unknown>();
  return messages.map((message) => {
    for (const call of Array.isArray(message.tool_calls) ? (message.tool_calls as readonly unknown[]) : []) {
      if (isRecord(call)) names.set(call.id, nameOf(call));
    }
    if (message.role !== "tool" || hasText(message.name)) return message;
    const name = names.get(message.tool_call_id);
    return name === undefined ? message : { ...message, name };
  });
};

/** The first turn is the user's. */
const opened = (messages: Messages): readonly JsonRecord[] => {
  const first = messages.findIndex(({ role }) => role !== "system");
  if (first >= 0 && messages[first]?.role === "user") return messages;
  const at = first < 0 ? messages.length : first;
  return [...messages.slice(0, at), { role: "user", content: openingText }, ...messages.slice(at)];
};

/** Messages in OpenAI's form as Google takes them. */
export const toGoogleMessages = (messages: Messages): Messages =>
  opened(withToolNames(messages.map(filled).filter((message) => message !== undefined)));

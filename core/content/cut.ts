import type { ContentMessage, ContentPart, ContentSide } from "./content.ts";

/** Keeps the beginning of messages, up to a size. */

const jsonBytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

/** Members that may be long. */
const longMembers = ["content", "arguments", "response", "uri"] as const;

/** The longest beginning of a text that takes this many bytes in JSON, quotes apart. Never half a character. */
const beginningOf = (text: string, bytes: number): string => {
  let [least, most] = [0, Math.min(text.length, Math.max(0, bytes))];
  while (least < most) {
    const middle = Math.ceil((least + most) / 2);
    if (jsonBytes(text.slice(0, middle)) - 2 <= bytes) least = middle;
    else most = middle - 1;
  }
  const last = text.charCodeAt(least - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? least - 1 : least);
};

/** A part that is too long, without its end; undefined where nothing of it fits. */
const shortened = (part: ContentPart, bytes: number): ContentPart | undefined => {
  const member = longMembers.find((name) => typeof part[name] === "string");
  if (member === undefined) return undefined;
  const left = bytes - jsonBytes({ ...part, [member]: "" });
  const text = left > 0 ? beginningOf(String(part[member]), left) : "";
  return text === "" ? undefined : { ...part, [member]: text };
};

/** The first messages that take this many bytes as JSON together. Of the first that does not fit, its beginning. */
export const cutTo = (messages: readonly ContentMessage[], maxBytes: number): ContentSide => {
  const kept: ContentMessage[] = [];
  let left = maxBytes - 2;
  for (const message of messages) {
    left -= jsonBytes({ ...message, parts: [] }) + 1;
    if (left < 0) return { messages: kept, cut: true };
    const parts: ContentPart[] = [];
    for (const part of message.parts) {
      const bytes = jsonBytes(part) + 1;
      if (bytes > left) {
        const beginning = shortened(part, left - 1);
        if (beginning !== undefined) parts.push(beginning);
        return { messages: [...kept, { ...message, parts }], cut: true };
      }
      left -= bytes;
      parts.push(part);
    }
    kept.push({ ...message, parts });
  }
  return { messages: kept, cut: false };
};

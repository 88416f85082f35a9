import { expect, test } from "vitest";
import { toJsonText, wellFormedJson } from "#core/values/json-text.ts";

test.each([
  ["cut \ud83d here", "cut \ufffd here"],
  ["\ude00", "\ufffd"],
  ["\ud83d\ud83d\ude00", "\ufffd\ud83d\ude00"],
  ["a whole 😀", "a whole 😀"],
  ["C:\\ud83d\\", "C:\\ud83d\\"],
  ["\\\ud83d", "\\\ufffd"],
])("half a character leaves as U+FFFD, and nothing else changes: %j", (text, expected) => {
  const value = { messages: [{ content: text, [`key ${text}`]: [text] }] };
  expect(JSON.parse(toJsonText(value))).toEqual({ messages: [{ content: expected, [`key ${expected}`]: [expected] }] });
});

test.each([
  ['{"x":"\\ud83d"}', '{"x":"\\ufffd"}'],
  ['{"x":"\\uD83D\\uDE00 \\uDE00"}', '{"x":"\\uD83D\\uDE00 \\ufffd"}'],
  ['{"x":"\\\\ud83d"}', '{"x":"\\\\ud83d"}'],
  ['{"x":"\\ud83d', '{"x":"\\ufffd'],
  ["12345678901234567890", "12345678901234567890"],
])("so does that in JSON within JSON, whole or cut: %s", (text, expected) => {
  expect(wellFormedJson(text)).toBe(expected);
});

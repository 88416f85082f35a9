import { expect, test } from "vitest";
import { replayWarnings } from "#core/chat/cached-answer.ts";
import { chatRequest } from "#tests/core/providers/support.ts";

const stored = (warnings?: string[]) => ({
  format: "completion" as const,
  model: "m",
  provider: "openai",
  simulated: false,
  usage: undefined,
  warnings,
  text: "{}",
});

test("a stored answer warns of what its own request warned of, unless only another request had that field", () => {
  const hit = stored(["user", "metadata", "top_k", "messages.name"]);
  expect(replayWarnings(hit, chatRequest({ top_k: 1, user: "a" }))).toEqual(["user", "top_k", "messages.name"]);
  expect(replayWarnings(hit, chatRequest({ top_k: 1 }))).toEqual(["top_k", "messages.name"]);
});

test("a row of an older version, which has none, is served without", () => {
  expect(replayWarnings(stored(), chatRequest())).toEqual([]);
});

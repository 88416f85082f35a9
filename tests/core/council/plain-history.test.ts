import { expect, it } from "vitest";
import { plainHistory } from "#core/council/plain-history.ts";
import type { ChatMessage } from "#core/schemas/chat.ts";

const image = { type: "image_url" as const, image_url: { url: "data:image/png;base64,iVBORw0KGgo=" } };
const called: ChatMessage = {
  role: "assistant",
  content: "Let me look.",
  tool_calls: [
    { id: "1", type: "function", function: { name: "look", arguments: '{"at":"it"}' } },
    { id: "2", type: "custom", custom: { name: "patch", input: "*** Begin" } },
  ],
};

it("a history of calls becomes words that a model without the tools can read", () => {
  const result: ChatMessage = { role: "tool", tool_call_id: "1", content: [{ type: "text", text: "A cat" }] };
  expect(plainHistory([{ role: "user", content: "What is it?" }, called, result])).toEqual([
    { role: "user", content: "What is it?" },
    { role: "assistant", content: 'Let me look.\n[called look: {"at":"it"}]\n[called patch: *** Begin]' },
    { role: "user", content: "[result of a tool]\nA cat" },
  ]);
});

it("images that a tool gave back stay images", () => {
  const result: ChatMessage = { role: "tool", tool_call_id: "1", content: [{ type: "text", text: "Seen" }, image] };
  expect(plainHistory([called, result])[1]).toEqual({
    role: "user",
    content: [{ type: "text", text: "[result of a tool]" }, { type: "text", text: "Seen" }, image],
  });
});

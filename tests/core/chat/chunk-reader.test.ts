import { expect, it } from "vitest";
import { ChunkReader } from "#core/chat/chunk-reader.ts";

const frame = (delta: object) => `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: null }] })}\n\n`;
const call = (fields: object) => frame({ tool_calls: [{ index: 0, ...fields }] });

it("puts calls together from their pieces, of functions and of custom tools", () => {
  const reader = new ChunkReader();
  expect(reader.push(frame({ role: "assistant", content: "Let me " }) + frame({ content: "see" }))).toBe("Let me see");
  reader.push(call({ id: "call_1", type: "function", function: { name: "read", arguments: '{"a"' } }));
  reader.push(call({ function: { arguments: ":1}" } }));
  const patch = (fields: object) => frame({ tool_calls: [{ index: 1, ...fields }] });
  reader.push(patch({ id: "call_2", type: "custom", custom: { name: "apply_patch", input: "*** Beg" } }));
  reader.push(patch({ custom: { input: "in" } }));
  expect(reader.toolCalls).toEqual([
    { id: "call_1", name: "read", arguments: '{"a":1}' },
    { id: "call_2", name: "apply_patch", arguments: "*** Begin", isCustom: true },
  ]);
});

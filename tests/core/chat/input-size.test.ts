import { describe, expect, it } from "vitest";
import { inputCharacters } from "#core/chat/input-size.ts";
import { chatRequestSchema } from "#core/schemas/chat.ts";

const size = (request: object): number => inputCharacters(chatRequestSchema.parse({ model: "gpt", ...request }));
const user = (content: unknown) => ({ messages: [{ role: "user", content }] });

describe("inputCharacters", () => {
  const nothing = size(user(""));

  it("counts text, whether it comes whole or in parts", () => {
    expect(size(user("x".repeat(100)))).toBe(nothing + 100);
    expect(
      size(
        user([
          { type: "text", text: "x".repeat(60) },
          { type: "text", text: "y".repeat(40) },
        ]),
      ),
    ).toBe(nothing + 100);
  });

  it("counts an image as what it costs, not as what its base64 weighs", () => {
    const image = (bytes: number) =>
      size(user([{ type: "image_url", image_url: { url: `data:image/png;base64,${"A".repeat(bytes)}` } }]));
    expect(image(4_000_000)).toBe(image(10));
    expect(image(10)).toBe(nothing + 4_000);
  });

  it("counts every message, tool calls and the tools themselves", () => {
    const messages = [
      { role: "system", content: "s".repeat(10) },
      {
        role: "assistant",
        tool_calls: [{ id: "a", type: "function", function: { name: "nnn", arguments: "a".repeat(50) } }],
      },
      { role: "tool", content: "t".repeat(20), tool_call_id: "a" },
    ];
    const tools = [{ type: "function", function: { name: "nnn", parameters: { type: "object", properties: {} } } }];
    expect(size({ messages })).toBe(3 * nothing + 10 + 53 + 20);
    expect(size({ messages, tools })).toBe(size({ messages }) + JSON.stringify(tools).length);
  });
});

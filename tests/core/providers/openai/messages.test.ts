import { describe, expect, it } from "vitest";
import { plainRules, toMessages } from "#core/providers/openai/messages.ts";
import { chatRequest } from "../support.ts";

describe("toMessages", () => {
  it("a whole answer dumped into the history goes out without the nulls that not every provider knows", () => {
    const { messages } = chatRequest({
      messages: [
        { role: "user", content: "Hi" },
        {
          role: "assistant",
          content: "Hello",
          refusal: null,
          annotations: [],
          audio: null,
          function_call: null,
          tool_calls: null,
        },
        { role: "user", content: "And?" },
      ],
    });
    const warnings = new Set<string>();
    expect(JSON.parse(JSON.stringify(toMessages(messages, plainRules, warnings)))).toEqual([
      { role: "user", content: "Hi" },
      { role: "assistant", content: "Hello" },
      { role: "user", content: "And?" },
    ]);
    expect([...warnings]).toEqual([]);
  });

  it("images of results follow them where a provider takes only text there", () => {
    const image = { type: "image_url", image_url: { url: "https://images.example.com/a.png" } };
    const call = (id: string) => ({ id, type: "function", function: { name: "f", arguments: "{}" } });
    const result = (id: string, content: unknown) => ({ role: "tool", tool_call_id: id, content });
    const { messages } = chatRequest({
      messages: [
        { role: "user", content: "Hi" },
        { role: "assistant", content: null, tool_calls: [call("a"), call("b"), call("c")] },
        result("a", [{ type: "text", text: "Seen" }, image]),
        result("b", "Words"),
        result("c", [image]),
        { role: "assistant", content: "Two" },
      ],
    });
    const sent = toMessages(messages, plainRules, new Set());
    expect(sent.slice(2)).toEqual([
      result("a", [{ type: "text", text: "Seen" }]),
      result("b", "Words"),
      result("c", "The next message holds the result."),
      { role: "user", content: [image, image] },
      { role: "assistant", content: "Two" },
    ]);
    expect(toMessages(messages, { ...plainRules, toolParts: true }, new Set())).toBe(messages);
  });
});

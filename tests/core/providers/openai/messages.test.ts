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
});

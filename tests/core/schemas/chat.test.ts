import { describe, expect, it } from "vitest";
import { chatRequestSchema } from "#core/schemas/chat.ts";

const user = { role: "user", content: "hi" };
/** What a provider would be sent: keys without a value are not written. */
const written = (request: object): unknown =>
  JSON.parse(JSON.stringify(chatRequestSchema.parse({ model: "gpt", messages: [user], ...request })));
const plain = { model: "gpt", messages: [user] };
const parametersOf = (parameters: unknown): unknown => {
  const tools = [{ type: "function", function: { name: "f", parameters } }];
  return chatRequestSchema.parse({ ...plain, tools }).tools?.[0]?.function.parameters;
};

describe("chatRequestSchema", () => {
  it.each([
    "tools",
    "tool_choice",
    "fallback",
    "retries",
    "timeout",
    "load_balance",
    "guardrails",
    "prompt_id",
    "prompt_version",
    "prompt_variables",
  ])("%s: null is as if it were not there", (name) => {
    expect(written({ [name]: null })).toEqual(plain);
  });

  it("an answer that a client dumped with all its nulls may come back as history", () => {
    const turn = { role: "assistant", content: "hello", name: null, tool_calls: null };
    expect(written({ messages: [user, turn, { ...user, name: null }] })).toEqual({
      ...plain,
      messages: [user, { role: "assistant", content: "hello" }, user],
    });
  });

  it.each<[unknown, unknown]>([
    [undefined, undefined],
    [null, undefined],
    [{}, { type: "object", properties: {} }],
    [{ type: "object" }, { type: "object", properties: {} }],
    [
      { type: "object", additionalProperties: false },
      { type: "object", additionalProperties: false, properties: {} },
    ],
    [{ anyOf: [] }, { anyOf: [] }],
    [
      { type: "object", properties: { constructor: { type: "string" } } },
      { type: "object", properties: { constructor: { type: "string" } } },
    ],
  ])("a tool without arguments reaches every provider in the form that all take: %j", (given, sent) => {
    expect(parametersOf(given)).toEqual(sent);
  });
});

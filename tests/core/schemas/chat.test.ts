import { describe, expect, it } from "vitest";
import type * as z from "zod";
import { chatRequestSchema } from "#core/schemas/chat.ts";

const user = { role: "user", content: "hi" };
/** What a provider would be sent: keys without a value are not written. */
const written = (request: object): unknown =>
  JSON.parse(JSON.stringify(chatRequestSchema.parse({ model: "gpt", messages: [user], ...request })));
const plain = { model: "gpt", messages: [user] };
const parametersOf = (parameters: unknown): unknown => {
  const tools = [{ type: "function", function: { name: "f", parameters } }];
  const [tool] = chatRequestSchema.parse({ ...plain, tools }).tools ?? [];
  return tool?.type === "function" ? tool.function.parameters : tool;
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

  it.each<[string, object, string]>([
    ["a tool of another type", { tools: [{ type: "web_search" }] }, "tools.0.type: must be function or custom"],
    [
      "a grammar without its text",
      { tools: [{ type: "custom", custom: { name: "f", format: { type: "grammar", grammar: { syntax: "lark" } } } }] },
      "tools.0.custom.format.grammar.definition",
    ],
    [
      "a custom call without its input",
      { messages: [user, { role: "assistant", tool_calls: [{ id: "a", type: "custom", custom: { name: "f" } }] }] },
      "messages.1.tool_calls.0.custom.input",
    ],
    ["a choice of another type", { tool_choice: { type: "mcp" } }, "must be function, custom or allowed_tools"],
    ["a choice of another word", { tool_choice: "any" }, "must be auto, none, required, or an object"],
    [
      "no allowed tool",
      { tool_choice: { type: "allowed_tools", allowed_tools: { mode: "auto", tools: [] } } },
      "allowed_tools.tools",
    ],
  ])("%s is refused in words that say where", (_, request, told) => {
    const { error } = chatRequestSchema.safeParse({ ...plain, ...request });
    const deep = (issues: readonly z.core.$ZodIssue[], before: readonly PropertyKey[] = []): string[] =>
      issues.flatMap((issue) => [
        `${[...before, ...issue.path].join(".")}: ${issue.message}`,
        ...(issue.code === "invalid_union" ? issue.errors.flatMap((each) => deep(each, issue.path)) : []),
      ]);
    expect(deep(error?.issues ?? []).join("\n")).toContain(told);
  });

  it("a call without a type is one of a function", () => {
    const call = { id: "a", function: { name: "f", arguments: "{}" } };
    expect(written({ messages: [user, { role: "assistant", tool_calls: [call] }] })).toMatchObject({
      messages: [user, { tool_calls: [{ ...call, type: "function" }] }],
    });
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
    [{ required: ["a"] }, { required: ["a"], type: "object", properties: {} }],
    [
      { type: null, anyOf: [{ type: "object" }], properties: null },
      { type: "object", anyOf: [{ type: "object" }], properties: {} },
    ],
    [{ type: "string" }, { type: "string" }],
    [
      { type: "object", properties: { constructor: { type: "string" } } },
      { type: "object", properties: { constructor: { type: "string" } } },
    ],
  ])("a tool without arguments reaches every provider in the form that all take: %j", (given, sent) => {
    expect(parametersOf(given)).toEqual(sent);
  });
});

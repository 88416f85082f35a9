import { describe, expect, test } from "vitest";
import { readCompletion } from "#core/providers/openai/from-response.ts";
import { newOutcome } from "#core/providers/provider.ts";
import { hasOpenAiSchemas, openAiFault } from "#tests/support/openai-schemas.ts";

const facts = { completionId: "chatcmpl-1", model: "asked", createdSeconds: 7 };

const read = (body: unknown) => {
  const outcome = newOutcome();
  const options = { provider: "openrouter", outcome, reasoning: "included", facts, choices: 1 } as const;
  const completion = readCompletion(JSON.stringify(body), options);
  if (hasOpenAiSchemas) expect(openAiFault("CreateChatCompletionResponse", completion)).toBeUndefined();
  return { completion, outcome };
};
const choice = (message: unknown, finish: unknown = "stop", more: object = {}) => ({
  message,
  finish_reason: finish,
  ...more,
});

describe("a whole answer has what OpenAI's schema requires", () => {
  test("where the provider sent no more than its words", () => {
    expect(read({ choices: [choice({ content: "a" })] }).completion).toEqual({
      id: "chatcmpl-1",
      object: "chat.completion",
      created: 7,
      model: "asked",
      choices: [
        {
          index: 0,
          message: { role: "assistant", content: "a", refusal: null },
          logprobs: null,
          finish_reason: "stop",
        },
      ],
    });
  });

  test("and numbers for its choices, in their order", () => {
    const numbers = (indexes: readonly unknown[]) =>
      read({
        choices: indexes.map((index) => choice({ content: String(index) }, "stop", { index })),
      }).completion.choices.map(({ index, message }) => `${index}${message.content}`);
    expect(numbers([undefined, undefined])).toEqual(["0undefined", "1undefined"]);
    expect(numbers([1, 2])).toEqual(["01", "12"]);
    expect(numbers([0, 0])).toEqual(["00", "10"]);
    expect(numbers([1, 0])).toEqual(["00", "11"]);
  });

  test.each<[string, unknown, object]>([
    [
      "parts of text",
      {
        content: [
          { type: "text", text: "a" },
          { type: "text", text: "b" },
        ],
      },
      { content: "ab" },
    ],
    ["another role", { role: "model", content: "ab" }, { role: "assistant" }],
    ["null for annotations", { content: "ab", annotations: null }, { content: "ab" }],
    ["no list of calls", { content: "ab", tool_calls: [] }, { content: "ab" }],
  ])("from %s", (_, message, expected) => {
    const [first] = read({ choices: [choice(message)] }).completion.choices;
    expect(first?.message).toMatchObject(expected);
    expect(first?.message).not.toHaveProperty("tool_calls");
  });

  test.each<[string, unknown, string]>([
    ["no choices", { choices: [] }, "the answer has no choices"],
    ["no message", { choices: [choice(undefined)] }, "a choice without a message"],
    ["content that is a number", { choices: [choice({ content: 5 })] }, "the content of the message is not text"],
    ["calls that are a text", { choices: [choice({ tool_calls: "f()" })] }, "the tool calls are not a list"],
    ["a call without a name", { choices: [choice({ tool_calls: [{ id: "a" }] })] }, "a tool call has no name"],
    ["no reason", { choices: [choice({ content: "a" }, "")] }, "the answer has no finish reason"],
  ])("or is an error that says what is missing: %s", (_, body, message) => {
    expect(() => read(body)).toThrow(message);
  });

  test("a filtered answer without a message is an empty one", () => {
    const [first] = read({ choices: [{ finish_reason: "content_filter: PROHIBITED_CONTENT" }] }).completion.choices;
    expect(first).toMatchObject({ message: { content: "" }, finish_reason: "content_filter" });
  });
});

describe("calls of a whole answer are whole", () => {
  const callsOf = (calls: unknown, finish = "stop") => {
    const [first] = read({ choices: [choice({ content: null, tool_calls: calls }, finish)] }).completion.choices;
    expect(first?.finish_reason).toBe("tool_calls");
    const made = first?.message.tool_calls ?? [];
    expect(new Set(made.map(({ id }) => id)).size).toBe(made.length);
    return made.map((call) =>
      call.type === "custom" ? call.custom : { name: call.function.name, arguments: call.function.arguments },
    );
  };

  test.each<[string, unknown, string]>([
    ["text", { name: "f", arguments: '{"a":1}' }, '{"a":1}'],
    ["an object", { name: "f", arguments: { a: 1 } }, '{"a":1}'],
    ["nothing", { name: "f" }, "{}"],
    ["null", { name: "f", arguments: null }, "{}"],
    ["an empty text", { name: "f", arguments: "" }, "{}"],
    ["white space", { name: "f", arguments: " " }, "{}"],
    ["a text that breaks off", { name: "f", arguments: '{"a' }, '{"a'],
  ])("with arguments from %s", (_, called, text) => {
    expect(callsOf([{ function: called }])).toEqual([{ name: "f", arguments: text }]);
  });

  test("with an id each, also where two have one", () => {
    const called = { function: { name: "f", arguments: "{}" } };
    expect(callsOf([called, { ...called, id: "a" }, { ...called, id: "a" }, { ...called, id: "" }])).toHaveLength(4);
  });

  test("of custom tools, too, and from the older function_call", () => {
    expect(callsOf([{ custom: { name: "p" } }])).toEqual([{ name: "p", input: "" }]);
    const [first] = read({
      choices: [choice({ content: null, function_call: { name: "f", arguments: "{}" } }, "function_call")],
    }).completion.choices;
    expect(first).toMatchObject({
      finish_reason: "tool_calls",
      message: { tool_calls: [{ type: "function", function: { name: "f" } }] },
    });
  });
});

describe("usage of a whole answer", () => {
  test("keeps the counts and additions of the provider, and loses what is no count", () => {
    const usage = {
      prompt_tokens: 100,
      completion_tokens: 40,
      total_tokens: 140,
      cost: 0.00123,
      prompt_tokens_details: { cached_tokens: 10, audio_tokens: 50, cache_write_tokens: 20, image_tokens: null },
      completion_tokens_details: null,
    };
    const { completion, outcome } = read({ choices: [choice({ content: "a" })], usage });
    expect(completion.usage).toEqual({
      ...usage,
      prompt_tokens_details: { cached_tokens: 10, audio_tokens: 50, cache_write_tokens: 20 },
      completion_tokens_details: { reasoning_tokens: 0 },
    });
    expect(outcome.reportedUsage).toEqual(usage);
  });

  test("is left out where the provider told none that can be read", () => {
    for (const usage of [null, "5", {}, [], { prompt_tokens: "3" }]) {
      expect(read({ choices: [choice({ content: "a" })], usage }).completion).not.toHaveProperty("usage");
    }
  });
});

import { describe, expect, test } from "vitest";
import { StreamTap } from "#core/providers/openai/stream-tap.ts";
import { newOutcome } from "#core/providers/provider.ts";
import { hasOpenAiSchemas, openAiFault } from "#tests/support/openai-schemas.ts";
import { assemble, chunksOf } from "../support.ts";

const facts = { completionId: "chatcmpl-1", model: "asked", createdSeconds: 7 };
const top = { id: "c", object: "chat.completion.chunk", created: 1, model: "m" };
const data = (chunk: unknown): string => `data: ${JSON.stringify(chunk)}\n\n`;
const frame = (delta: unknown, finish: unknown = null, more: object = {}): string =>
  data({ ...top, choices: [{ index: 0, delta, finish_reason: finish }], ...more });

const read = (frames: readonly string[], choices = 1) => {
  const outcome = newOutcome();
  const tap = new StreamTap({ provider: "x-ai", outcome, reasoning: "included", facts, choices });
  const text = frames.map((each) => tap.push(Buffer.from(each)).toString()).join("") + tap.end().toString();
  const chunks = chunksOf(text);
  if (hasOpenAiSchemas) {
    for (const chunk of chunks) expect(openAiFault("CreateChatCompletionStreamResponse", chunk)).toBeUndefined();
  }
  return { text, chunks, outcome, said: choices === 1 ? assemble(chunks) : undefined };
};
const words = (first: string, second: string, end = frame({}, "stop")) => [
  frame({ role: "assistant", content: "" }),
  first,
  second,
  end,
];
const whole = { content: "ab", finish: "stop" };

describe("chunks that say nothing of the answer do not leave", () => {
  test.each<[string, unknown]>([
    ["no choices", { ...top, choices: [] }],
    ["null for choices", { ...top, choices: null }],
    ["an object for choices", { ...top, choices: {} }],
    ["choices left out", top],
    ["null for a choice", { ...top, choices: [null] }],
    ["null for the delta", { ...top, choices: [{ index: 0, delta: null, finish_reason: null }] }],
    ["a text for the delta", { ...top, choices: [{ index: 0, delta: "x", finish_reason: null }] }],
    ["the delta left out", { ...top, choices: [{ index: 0, finish_reason: null }] }],
  ])("%s", (_, chunk) => {
    const { chunks, said } = read(words(frame({ content: "a" }) + data(chunk), data(chunk) + frame({ content: "b" })));
    expect(chunks).toHaveLength(4);
    expect(said).toMatchObject(whole);
  });
});

describe("what OpenAI's schema requires is there", () => {
  test.each<[string, (content: string) => unknown]>([
    [
      "object and created",
      (content) => ({ id: "c", model: "m", choices: [{ index: 0, delta: { content }, finish_reason: null }] }),
    ],
    [
      "id and model",
      (content) => ({
        id: null,
        object: top.object,
        created: 1,
        choices: [{ index: 0, delta: { content }, finish_reason: null }],
      }),
    ],
    [
      "another object, created as a fraction",
      (content) => ({
        ...top,
        object: "chat.completion",
        created: 1.5,
        choices: [{ index: 0, delta: { content }, finish_reason: null }],
      }),
    ],
    ["the number of a choice", (content) => ({ ...top, choices: [{ delta: { content }, finish_reason: null }] })],
    [
      "a choice counted from 1",
      (content) => ({ ...top, choices: [{ index: 1, delta: { content }, finish_reason: null }] }),
    ],
    ["finish_reason", (content) => ({ ...top, choices: [{ index: 0, delta: { content } }] })],
    [
      "an empty finish_reason",
      (content) => ({ ...top, choices: [{ index: 0, delta: { content }, finish_reason: "" }] }),
    ],
    [
      "a finish_reason that is no text",
      (content) => ({ ...top, choices: [{ index: 0, delta: { content }, finish_reason: false }] }),
    ],
    [
      "a role of another name",
      (content) => ({ ...top, choices: [{ index: 0, delta: { role: "model", content }, finish_reason: null }] }),
    ],
    [
      "content in parts",
      (content) => ({
        ...top,
        choices: [{ index: 0, delta: { content: [{ type: "text", text: content }] }, finish_reason: null }],
      }),
    ],
    [
      "log probabilities without bytes",
      (content) => ({
        ...top,
        choices: [
          { index: 0, delta: { content }, finish_reason: null, logprobs: { content: [{ token: "a", logprob: -1 }] } },
        ],
      }),
    ],
    [
      "a service tier of its own",
      (content) => ({
        ...top,
        service_tier: "standard",
        choices: [{ index: 0, delta: { content }, finish_reason: null }],
      }),
    ],
    [
      "spaces between the members",
      (content) => ({ ...top, choices: [{ index: 0, delta: { content }, finish_reason: null }] }),
    ],
  ])("%s", (_, chunk) => {
    const end = data({
      ...top,
      choices: [
        { ...(JSON.stringify(chunk("")).includes('"index":1') ? { index: 1 } : {}), delta: {}, finish_reason: "stop" },
      ],
    });
    const frames = ["a", "b", "c", "d"].map((content) => data(chunk(content)));
    expect(read([...frames, end]).said).toMatchObject({ content: "abcd", finish: "stop" });
    // In one read and with other spaces the same.
    expect(read([[...frames, end].join("")]).said).toMatchObject({ content: "abcd", finish: "stop" });
  });

  test("a fault around the text is repaired without a parse of every frame", () => {
    const outcome = newOutcome();
    const tap = new StreamTap({ provider: "google", outcome, reasoning: "included", facts, choices: 1 });
    const bare = (content: string) => data({ choices: [{ delta: { content } }] });
    tap.push(Buffer.from(bare("a") + bare("b")));
    const parse = JSON.parse;
    let parsed = 0;
    JSON.parse = (...given) => {
      parsed += 1;
      return parse(...given);
    };
    const text = tap.push(Buffer.from(bare("Grüße \\ \u2028") + bare('"'))).toString();
    JSON.parse = parse;
    expect(parsed).toBe(0);
    expect(chunksOf(text)).toMatchObject([
      {
        id: "chatcmpl-1",
        object: "chat.completion.chunk",
        created: 7,
        choices: [{ index: 0, delta: { content: "Grüße \\ \u2028" }, finish_reason: null }],
      },
      { choices: [{ delta: { content: '"' } }] },
    ]);
    expect(outcome.outputCharacters).toBeGreaterThan(4);
  });

  test.each(["\\x", "\\u12", "\t", "\u0000"])("a text with %j in it is no JSON and does not leave", (broken) => {
    const tap = new StreamTap({ provider: "openai", outcome: newOutcome(), reasoning: "included", facts, choices: 1 });
    tap.push(Buffer.from(frame({ role: "assistant", content: "" }) + frame({ content: "a" })));
    expect(tap.push(Buffer.from(frame({ content: "@" }).replace("@", broken))).toString()).toBe("");
    expect(() => tap.throwFault()).toThrow("a frame is not JSON");
  });

  test.each<[string, unknown]>([
    ["content that is a number", { content: 5 }],
    ["content that is an image", { content: [{ type: "image_url" }] }],
    ["calls that are a text", { tool_calls: "f()" }],
  ])("%s is an error that says so", (_, delta) => {
    expect(() => read(words(frame(delta), frame({ content: "b" })))).toThrow(/not (text|a list)/);
  });
});

test("every chunk has the id of the first, since OpenAI's SDK takes another one for another answer", () => {
  const named = (id: unknown, delta: object, finish: string | null = null) =>
    data({ ...top, id, choices: [{ index: 0, delta, finish_reason: finish }] });
  for (const ids of [
    ["a", "b", undefined, "c"],
    [undefined, "b", "b", "b"],
  ]) {
    const { chunks, outcome } = read([
      ...ids.slice(0, 3).map((id) => named(id, { content: "x" })),
      named(ids[3], {}, "stop"),
    ]);
    expect(new Set(chunks.map(({ id }) => id))).toEqual(new Set([ids[0] ?? "chatcmpl-1"]));
    expect(outcome.responseId).toBe(ids[0] ?? "chatcmpl-1");
  }
});

describe("an answer ends once, last, and by a reason of the contract", () => {
  test.each([
    ["max_tokens", "length"],
    ["MAX_TOKENS", "length"],
    ["model_length", "length"],
    ["SAFETY", "content_filter"],
    ["content_filter: PROHIBITED_CONTENT", "content_filter"],
    ["end_turn", "stop"],
    ["eos", "stop"],
    ["tool_calls", "stop"],
  ])("%s is %s", (reason, expected) => {
    expect(read(words(frame({ content: "a" }), frame({ content: "b" }), frame({}, reason))).said?.finish).toBe(
      expected,
    );
  });

  test.each(["error", "MALFORMED_FUNCTION_CALL", "insufficient_system_resource", "abort"])("%s is no end", (reason) => {
    expect(() => read(words(frame({ content: "a" }), frame({ content: "b" }), frame({}, reason)))).toThrow(
      "ended in an error",
    );
  });

  test.each<[string, readonly string[]]>([
    ["with stop on every chunk", words(frame({ content: "a" }, "stop"), frame({ content: "b" }, "stop"))],
    ["twice", [...words(frame({ content: "a" }), frame({ content: "b" })), frame({}, "stop")]],
    ["before its last words", words(frame({ content: "a" }), frame({}, "stop"), frame({ content: "b" }))],
    [
      "with the end mark twice",
      [...words(frame({ content: "a" }), frame({ content: "b" })), "data: [DONE]\n\n", "data: [DONE]\n\n"],
    ],
  ])("also when the provider ends it %s", (_, frames) => {
    const { chunks, said } = read(frames);
    expect(said).toMatchObject(whole);
    expect(chunks.flatMap(({ choices }) => choices).filter((choice) => choice.finish_reason !== null)).toHaveLength(1);
  });

  test("the first telling end counts where two differ", () => {
    expect(read(words(frame({ content: "a" }, "stop"), frame({ content: "b" }, "length"))).said?.finish).toBe("length");
  });

  test("calls behind the end are calls of the answer", () => {
    const call = { index: 0, id: "a", type: "function", function: { name: "f", arguments: "{}" } };
    const { said, outcome } = read(words(frame({ content: "ab" }), frame({}, "stop"), frame({ tool_calls: [call] })));
    expect(said).toMatchObject({ content: "ab", finish: "tool_calls", toolCalls: [{ function: { name: "f" } }] });
    expect(outcome.finishReason).toBe("tool_calls");
  });
});

describe("of several choices", () => {
  const both = (first: string, second: string) =>
    data({
      ...top,
      choices: [first, second].map((content, index) => ({ index, delta: { content }, finish_reason: null })),
    });
  const ends = [0, 1].map((index) => data({ ...top, choices: [{ index, delta: {}, finish_reason: "stop" }] }));

  test("each begins with its role and ends by itself", () => {
    const { chunks } = read([both("a", "x"), both("b", "y"), ...ends], 2);
    for (const index of [0, 1]) {
      const own = chunks.flatMap(({ choices }) => choices).filter((choice) => choice.index === index);
      expect(own[0]?.delta.role).toBe("assistant");
      expect(own.map(({ delta }) => delta.content ?? "").join("")).toBe(index === 0 ? "ab" : "xy");
      expect(own.at(-1)).toMatchObject({ delta: {}, finish_reason: "stop" });
    }
  });

  test("one that never ends makes the answer none", () => {
    expect(() => read([both("a", "x"), ...ends.slice(0, 1)], 2)).toThrow("without a finish reason");
  });

  test("one more than was asked for is an error that says so", () => {
    expect(() => read([both("a", "x"), ...ends], 1)).toThrow("a choice has the number 1, and 1 were asked for");
  });
});

describe("usage that is told", () => {
  const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5, cost: 0.5 };

  test.each<[string, readonly string[]]>([
    ["with the first words", words(frame({ content: "a" }, null, { usage }), frame({ content: "b" }))],
    [
      "before the first words",
      [data({ ...top, choices: [], usage }), ...words(frame({ content: "a" }), frame({ content: "b" }))],
    ],
    [
      "in the choice",
      words(
        frame({ content: "a" }),
        frame({ content: "b" }),
        data({ ...top, choices: [{ index: 0, delta: {}, finish_reason: "stop", usage }] }),
      ),
    ],
    ["with the end", words(frame({ content: "a" }), frame({ content: "b" }), frame({}, "stop", { usage }))],
    [
      "and then none",
      [
        ...words(frame({ content: "a" }), frame({ content: "b" })),
        data({ ...top, choices: [], usage }),
        data({ ...top, choices: [], usage: {} }),
      ],
    ],
  ])("%s is noted with the provider's own additions, and does not leave", (_, frames) => {
    const { outcome, text, said } = read(frames);
    expect(said).toMatchObject(whole);
    expect(text).not.toContain("prompt_tokens");
    expect(outcome).toMatchObject({ usage: { inputTokens: 3, outputTokens: 2 }, reportedUsage: usage });
  });
});

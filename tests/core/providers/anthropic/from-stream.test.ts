import { describe, expect, it } from "vitest";
import { StreamTranslator } from "#core/providers/anthropic/from-stream.ts";
import { toMessages } from "#core/providers/anthropic/to-messages.ts";
import { newOutcome, ProviderFailure } from "#core/providers/provider.ts";
import { SseParser } from "#core/providers/sse-parser.ts";
import { fc } from "#tests/support/property.ts";
import { assemble, chatRequest, chunksOf, fixture } from "./support.ts";

const translator = () => {
  const outcome = newOutcome();
  const options = { completionId: "chatcmpl_1", model: "asked", createdSeconds: 7, outcome };
  return { outcome, stream: new StreamTranslator(options) };
};

const convert = (name: string) => {
  const { outcome, stream } = translator();
  let frames = "";
  for (const { data } of new SseParser().push(Buffer.from(fixture(name)))) frames += stream.translate(data);
  return { outcome, chunks: chunksOf(frames + stream.end()) };
};

const failureOf = (act: () => unknown): ProviderFailure => {
  try {
    act();
  } catch (error) {
    if (error instanceof ProviderFailure) return error;
    throw error;
  }
  throw new Error("It did not fail");
};

const event = (value: unknown): string => JSON.stringify(value);

it("ends once: what follows its last event, and the event again, is not part of the answer", () => {
  const { stream } = translator();
  const last = [
    event({ type: "content_block_start", index: 0, content_block: { type: "text", text: "a" } }),
    event({ type: "message_delta", delta: { stop_reason: "end_turn" } }),
    event({ type: "message_stop" }),
  ].map((data) => stream.translate(data));
  const after = [
    event({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "b" } }),
    event({ type: "message_stop" }),
    "no JSON",
  ].map((data) => stream.translate(data));
  expect(assemble(chunksOf(last.join("")))).toMatchObject({ content: "a", finish: "stop" });
  expect(after.join("") + stream.end()).toBe("");
});

it("names each call and gives it an id, or is no answer", () => {
  const call = (block: object) =>
    event({ type: "content_block_start", index: 0, content_block: { type: "tool_use", ...block } });
  const { stream } = translator();
  const calls = [{ name: "f" }, { name: "f", id: "toolu_1" }, { name: "f", id: "toolu_1" }].map((block) =>
    chunksOf(stream.translate(call(block))),
  );
  const ids = calls.map(([chunk]) => chunk?.choices[0]?.delta.tool_calls?.[0]?.id);
  expect(ids.every((id) => /^call_/.test(id ?? ""))).toBe(true);
  expect(new Set(ids).size).toBe(3);
  expect(failureOf(() => translator().stream.translate(call({ id: "toolu_1" }))).message).toContain("without a name");
});

it("makes the same of a text delta in Anthropic's own form, which is copied, and in any other, which is parsed", () => {
  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: "binary" }),
    fc.constantFrom('"}}', "\\", "\u0000", "\u2028", "😀", ""),
  );
  fc.assert(
    fc.property(fc.array(text, { minLength: 1 }), fc.nat(), (texts, index) => {
      const all = texts.map((said) => said.toWellFormed());
      const made = (toData: (delta: object) => string) => {
        const { outcome, stream } = translator();
        const frames = all.map((said) => stream.translate(toData({ type: "text_delta", text: said }))).join("");
        return { frames, outcome };
      };
      const own = made((delta) => event({ type: "content_block_delta", index, delta }));
      expect(own).toEqual(made((delta) => event({ index, delta, type: "content_block_delta" })));
      expect(assemble(chunksOf(own.frames)).content ?? "").toBe(all.join(""));
    }),
  );
});

it("does not copy what only looks like a text delta", () => {
  const start = '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":';
  for (const end of ['"a"}', '"a"}}}', '"a" "b"}}', '"a\tb"}}', '"a', "1}}", '"a","text":1}}']) {
    expect(failureOf(() => translator().stream.translate(start + end)).kind, end).toBe("malformed");
  }
});

describe("a stream of text", () => {
  it("becomes chunks of one form: the role with the first text, an empty delta with the finish reason at the end", () => {
    const constant = {
      id: "chatcmpl_1",
      object: "chat.completion.chunk",
      created: 7,
      model: "claude-sonnet-4-5-20250929",
    };
    const chunk = (delta: unknown, finish: string | null = null) => ({
      ...constant,
      choices: [{ index: 0, delta, finish_reason: finish }],
    });
    expect(convert("text.sse").chunks).toEqual([
      chunk({ role: "assistant", content: "Grüße, " }),
      chunk({ content: "世界 " }),
      chunk({ content: '\u{1F680}\n"done"' }),
      chunk({}, "stop"),
    ]);
  });

  it("fills the outcome", () => {
    expect(convert("text.sse").outcome).toMatchObject({
      usage: { inputTokens: 12, outputTokens: 15, estimated: false },
      finishReason: "stop",
      responseModel: "claude-sonnet-4-5-20250929",
      contentStarted: true,
      outputCharacters: 19,
    });
  });

  it("has not started with message_start and pings alone, so that routing may still turn elsewhere", () => {
    const { outcome, stream } = translator();
    const [start] = new SseParser().push(Buffer.from(fixture("text.sse")));
    expect(stream.translate(start?.data ?? "")).toBe("");
    expect(stream.translate(event({ type: "ping" }))).toBe("");
    expect(outcome.contentStarted).toBe(false);
    expect(outcome.usage?.inputTokens).toBe(12);
  });

  it("names the role even in an empty answer", () => {
    const { stream } = translator();
    stream.translate(event({ type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 1 } }));
    expect(chunksOf(stream.translate(event({ type: "message_stop" }))).map(({ choices }) => choices[0])).toEqual([
      { index: 0, delta: { role: "assistant", content: "" }, finish_reason: null },
      { index: 0, delta: {}, finish_reason: "stop" },
    ]);
  });
});

describe("tool calls", () => {
  const { chunks, outcome } = convert("thinking-tools.sse");
  const deltas = chunks.flatMap(({ choices }) => choices.map(({ delta }) => delta));
  const calls = deltas.flatMap((delta) => delta.tool_calls ?? []);

  it("are numbered from 0 in their order, not by content block, and named in their first delta only", () => {
    expect(calls).toEqual([
      { index: 0, id: "call_toolu_01First", type: "function", function: { name: "get_weather", arguments: "" } },
      { index: 0, function: { arguments: '{"city": "Par' } },
      { index: 0, function: { arguments: 'is"}' } },
      { index: 1, id: "call_toolu_02Second", type: "function", function: { name: "get_time", arguments: "" } },
      { index: 1, function: { arguments: "{}" } },
    ]);
  });

  it("without arguments end as {}, and with an input in their first event as that", () => {
    const { stream } = translator();
    const block = { type: "tool_use", id: "toolu_1", name: "f", input: { a: 1 } };
    const frames =
      stream.translate(event({ type: "content_block_start", index: 0, content_block: block })) +
      stream.translate(event({ type: "content_block_stop", index: 0 }));
    expect(assemble(chunksOf(frames)).calls[0]?.function.arguments).toBe('{"a":1}');
    expect(assemble(chunks).calls[1]?.function.arguments).toBe("{}");
  });

  it("finish with tool_calls, and reasoning is part of the output's count", () => {
    expect(assemble(chunks).finish).toBe("tool_calls");
    expect(outcome.usage).toEqual({
      inputTokens: 200,
      cachedInputTokens: 100,
      cacheWriteInputTokens: 50,
      longCacheWriteInputTokens: 20,
      outputTokens: 80,
      reasoningTokens: 33,
      estimated: false,
    });
  });

  it("with role and content null first, where no text precedes them", () => {
    expect(deltas[0]).toEqual({ role: "assistant", content: null, reasoning_content: "Two cities, " });
    expect(deltas.filter((delta) => "role" in delta)).toHaveLength(1);
  });

  it("and thinking, assembled and sent back, are Anthropic's content again, block for block", () => {
    const said = assemble(chunks);
    const { messages } = chatRequest({
      messages: [
        { role: "user", content: "x" },
        { role: "assistant", content: said.content, tool_calls: said.calls, thinking_blocks: said.thinkingBlocks },
        ...said.calls.map(({ id }) => ({ role: "tool", tool_call_id: id, content: "1" })),
      ],
    });
    expect(said.reasoning).toBe("Two cities, two calls.Now the time.");
    expect(toMessages(messages, new Set()).messages[1]?.content).toEqual([
      { type: "thinking", thinking: "Two cities, two calls.", signature: "c2lnbmVkLTE=" },
      { type: "redacted_thinking", data: "cmVkYWN0ZWQ=" },
      { type: "text", text: "Looking it up." },
      { type: "tool_use", id: "toolu_01First", name: "get_weather", input: { city: "Paris" } },
      { type: "thinking", thinking: "Now the time.", signature: "c2lnbmVkLTI=" },
      { type: "tool_use", id: "toolu_02Second", name: "get_time", input: {} },
    ]);
  });
});

describe("other events", () => {
  it("of server tools are skipped, and the counts of message_delta win over message_start's", () => {
    const { chunks, outcome } = convert("server-tool.sse");
    expect(assemble(chunks)).toMatchObject({ content: "Found.", calls: [], finish: "stop" });
    expect(outcome.usage).toMatchObject({ inputTokens: 172, cachedInputTokens: 9, outputTokens: 22 });
  });

  it("that are not known, with blocks and deltas that are not known, are skipped", () => {
    const { stream } = translator();
    const unknown = [
      { type: "tomorrow" },
      { type: "content_block_start", index: 0, content_block: { type: "hologram" } },
      { type: "content_block_delta", index: 0, delta: { type: "hologram_delta" } },
      { type: "content_block_delta", index: 9, delta: { type: "input_json_delta", partial_json: "{" } },
      { type: "content_block_stop", index: 0 },
    ];
    expect(unknown.map((value) => stream.translate(event(value))).join("")).toBe("");
  });

  it("of a refusal end as content_filter, with its explanation", () => {
    const { chunks } = convert("refusal.sse");
    expect(assemble(chunks)).toMatchObject({
      content: "I can",
      refusal: "This could enable cyber harm.",
      finish: "content_filter",
    });
    expect(chunks.at(-1)?.choices[0]?.delta).toEqual({});
  });
});

describe("a stream that goes wrong", () => {
  it("fails with the kind of its error event", () => {
    const { stream } = translator();
    const fail = (type: string) =>
      failureOf(() => stream.translate(event({ type: "error", error: { type, message: "m" } })));
    expect(fail("overloaded_error")).toMatchObject({ kind: "server", status: 529, providerMessage: "m" });
    expect(fail("api_error")).toMatchObject({ kind: "server", status: 500 });
    expect(fail("rate_limit_error")).toMatchObject({ kind: "rate-limit", status: 429 });
    expect(fail("billing_error")).toMatchObject({ kind: "quota" });
    expect(fail("authentication_error")).toMatchObject({ kind: "auth" });
    expect(fail("invalid_request_error")).toMatchObject({ kind: "request", status: 400 });
    expect(fail("tomorrow's error")).toMatchObject({ kind: "server" });
  });

  it("is malformed when it ends without a stop reason, with or without message_stop", () => {
    expect(failureOf(() => convert("cut.sse")).kind).toBe("malformed");
    const { stream } = translator();
    expect(failureOf(() => stream.translate(event({ type: "message_stop" }))).kind).toBe("malformed");
  });

  it("is whole once its stop reason came, even if message_stop did not", () => {
    const { stream } = translator();
    stream.translate(event({ type: "message_delta", delta: { stop_reason: "max_tokens" }, usage: {} }));
    expect(assemble(chunksOf(stream.end())).finish).toBe("length");
    expect(stream.end()).toBe("");
  });

  it.each([
    "{",
    "null",
    event({ type: "content_block_delta", index: 0 }),
    event({ type: "content_block_delta", index: 0, delta: { type: "text_delta" } }),
    event({ type: "content_block_start", index: 0 }),
    event({ type: "message_start" }),
  ])("is malformed at an event such as %s", (data) => {
    const { stream } = translator();
    expect(failureOf(() => stream.translate(data)).kind).toBe("malformed");
  });
});

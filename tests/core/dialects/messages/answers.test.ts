import Anthropic from "@anthropic-ai/sdk";
import type { ChatCompletion } from "openai/resources/chat/completions";
import { describe, expect, it } from "vitest";
import { fromSignature } from "#core/dialects/messages/carried.ts";
import { messagesDialect } from "#core/dialects/messages/dialect.ts";
import { toGatewayError } from "#core/errors.ts";
import { parseWith } from "#core/http/parse-with.ts";
import { type MessagesRequest, messagesRequestSchema } from "#core/schemas/messages.ts";

const requestId = "req_0198d0de-0000-7000-8000-00000000abcd";

const bodyOf = (fields: object = {}): MessagesRequest =>
  parseWith(messagesRequestSchema, {
    model: "gpt",
    max_tokens: 100,
    messages: [{ role: "user", content: "Hello" }],
    ...fields,
  });
const factsOf = (fields: object = {}) => {
  const body = bodyOf(fields);
  const { request } = messagesDialect.toChat(body, {});
  return { requestId, startedAtMs: 0, body, request, fail: toGatewayError };
};

const usage = {
  prompt_tokens: 100,
  completion_tokens: 20,
  total_tokens: 120,
  prompt_tokens_details: { cached_tokens: 60, cache_write_tokens: 30 },
  completion_tokens_details: { reasoning_tokens: 7 },
};

type Loose = Record<string, unknown>;

const whole = (message: Loose, finish = "stop", fields: object = {}) => {
  const completion = {
    id: "chatcmpl-1",
    object: "chat.completion",
    created: 1,
    model: "gpt-5.2-2025",
    choices: [
      { index: 0, message: { role: "assistant", content: null, refusal: null, ...message }, finish_reason: finish },
    ],
    usage,
  };
  return messagesDialect.answer(completion as unknown as ChatCompletion, factsOf(fields)) as Anthropic.Message;
};

const frame = (delta: object, finish: string | null = null) =>
  `data: ${JSON.stringify({ id: "chatcmpl-1", model: "gpt-5.2-2025", choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
const ending = (finish = "stop") => [
  frame({}, finish),
  `data: ${JSON.stringify({ id: "chatcmpl-1", model: "gpt-5.2-2025", choices: [], usage })}\n\ndata: [DONE]\n\n`,
];

async function* partsOf(frames: readonly string[]) {
  yield* frames;
}

const streamed = async (deltas: readonly object[], finish = "stop", fields: object = {}) => {
  const frames = [...deltas.map((delta) => frame(delta)), ...ending(finish)];
  let text = "";
  for await (const part of messagesDialect.stream(partsOf(frames), factsOf({ stream: true, ...fields }))) text += part;
  const events = text
    .split("\n\n")
    .filter(Boolean)
    .map((event) => {
      const [name = "", data = ""] = event.split("\n");
      const value = JSON.parse(data.slice("data: ".length)) as Loose & { readonly type: string };
      expect(name).toBe(`event: ${value.type}`);
      return value;
    });
  // The SDK's own accumulator reads it as its users do.
  const client = new Anthropic({
    apiKey: "x",
    fetch: async () => new Response(text, { headers: { "content-type": "text/event-stream" } }),
  });
  const message = await client.messages
    .stream({ model: "gpt", max_tokens: 100, messages: [{ role: "user", content: "Hello" }] })
    .finalMessage();
  return { events, message };
};

const types = (events: readonly Loose[]) =>
  events.map(({ type, index }) => (index === undefined ? type : `${type} ${index}`));
const call = (index: number, fields: object) => ({ tool_calls: [{ index, ...fields }] });
const thinkingOn = { thinking: { type: "enabled", budget_tokens: 2_000 } };

describe("a whole answer in Anthropic's form", () => {
  it("has its id, model, text and end, and counts cached input apart", () => {
    const message = whole({ content: "Hi" });
    expect(message).toMatchObject({
      id: "msg_0198d0de-0000-7000-8000-00000000abcd",
      type: "message",
      role: "assistant",
      model: "gpt-5.2-2025",
      content: [{ type: "text", text: "Hi" }],
      stop_reason: "end_turn",
      stop_sequence: null,
    });
    expect(message.usage).toMatchObject({
      input_tokens: 10,
      cache_read_input_tokens: 60,
      cache_creation_input_tokens: 30,
      output_tokens: 20,
      output_tokens_details: { thinking_tokens: 7 },
    });
  });

  it("has calls with parsed input, whatever the numbers, and ids that any provider takes back", () => {
    const { content, stop_reason: reason } = whole(
      {
        content: "Reading",
        tool_calls: [
          {
            id: "call_toolu_01",
            type: "function",
            function: { name: "read", arguments: '{"id":1234567890123456789}' },
          },
          { id: "call_0", type: "function", function: { name: "read", arguments: "" } },
        ],
      },
      "tool_calls",
    );
    expect(reason).toBe("tool_use");
    expect(JSON.stringify(content[1])).toContain('"input":{"id":1234567890123456789}');
    expect(content[1]).toMatchObject({ type: "tool_use", id: "toolu_01", name: "read" });
    expect(content[2]).toMatchObject({ id: "call_0_00000000abcd", input: {} });
  });

  it("hands broken arguments on so that the tool refuses them", () => {
    const broken = { id: "call_0123456789", type: "function", function: { name: "read", arguments: '{"path": "a' } };
    expect(whole({ tool_calls: [broken] }, "tool_calls").content).toMatchObject([
      { input: { INVALID_JSON: '{"path": "a' } },
    ]);
  });

  it.each([
    ["stop", "end_turn"],
    ["length", "max_tokens"],
    ["tool_calls", "tool_use"],
    ["content_filter", "refusal"],
    ["tomorrow", "end_turn"],
  ])("ends %s as %s", (finish, reason) => {
    expect(whole({ content: "Hi" }, finish).stop_reason).toBe(reason);
  });

  it("tells a refusal as text and as the reason", () => {
    expect(whole({ refusal: "I must not" })).toMatchObject({
      content: [{ type: "text", text: "I must not" }],
      stop_reason: "refusal",
      stop_details: { type: "refusal", explanation: "I must not" },
    });
  });

  it("shows reasoning only to those who asked for thinking: others read the first block as the answer", () => {
    const message = { content: "Hi", reasoning_content: "Hm" };
    expect(whole(message).content).toMatchObject([{ type: "text" }]);
    expect(whole(message, "stop", thinkingOn).content).toMatchObject([
      { type: "thinking", thinking: "Hm" },
      { type: "text" },
    ]);
    const omitted = whole(message, "stop", { thinking: { type: "adaptive", display: "omitted" } }).content[0];
    expect(omitted).toMatchObject({ type: "thinking", thinking: "" });
    expect(fromSignature((omitted as Anthropic.ThinkingBlock).signature)).toEqual({ reasoning: "Hm" });
  });

  it("comes back as it left: what a provider wants to see again survives a turn", () => {
    const details = [{ type: "reasoning.encrypted", id: "rs_1", data: "secret", format: "openai-responses-v1" }];
    const extra = { google: { thought_signature: "signed" } };
    const { content } = whole(
      {
        reasoning_content: "Hm",
        reasoning_details: details,
        tool_calls: [
          {
            id: "call_0123456789",
            type: "function",
            function: { name: "read", arguments: "{}" },
            extra_content: extra,
          },
        ],
      },
      "tool_calls",
    );
    const { request } = messagesDialect.toChat(
      bodyOf({
        messages: [
          { role: "user", content: "Hello" },
          { role: "assistant", content },
          { role: "user", content: [{ type: "tool_result", tool_use_id: "call_0123456789", content: "A" }] },
        ],
      }),
      {},
    );
    expect(request.messages[1]).toMatchObject({
      reasoning_content: "Hm",
      reasoning_details: details,
      tool_calls: [{ id: "call_0123456789", extra_content: extra }],
    });
  });
});

describe("a stream in Anthropic's form", () => {
  it("starts, says its text in one block, and ends with the reason and the cumulative usage", async () => {
    const { events, message } = await streamed([
      { role: "assistant", content: "" },
      { content: "Hi " },
      { content: "you" },
    ]);
    expect(types(events)).toEqual([
      "message_start",
      "content_block_start 0",
      "content_block_delta 0",
      "content_block_delta 0",
      "content_block_stop 0",
      "message_delta",
      "message_stop",
    ]);
    expect(message).toMatchObject({ content: [{ type: "text", text: "Hi you" }], stop_reason: "end_turn" });
    expect(message.usage).toMatchObject({ input_tokens: 10, output_tokens: 20, cache_read_input_tokens: 60 });
  });

  it("numbers thinking, text and parallel calls 0, 1, 2, 3, and signs the thinking", async () => {
    const { events, message } = await streamed(
      [
        { reasoning_content: "Hm" },
        { reasoning_content: "…" },
        { content: "Reading" },
        call(0, { id: "call_0123456789", type: "function", function: { name: "read", arguments: "" } }),
        call(0, { function: { arguments: '{"path":' } }),
        call(0, { function: { arguments: '"a"}' } }),
        call(1, { id: "call_9876543210", function: { name: "read", arguments: '{"path":"b"}' } }),
      ],
      "tool_calls",
      thinkingOn,
    );
    expect(new Set(types(events).filter((name) => String(name).startsWith("content_block_start")))).toEqual(
      new Set([0, 1, 2, 3].map((index) => `content_block_start ${index}`)),
    );
    expect(message.content).toMatchObject([
      { type: "thinking", thinking: "Hm…", signature: expect.stringMatching(/^concurred\./) },
      { type: "text", text: "Reading" },
      { type: "tool_use", id: "call_0123456789", input: { path: "a" } },
      { type: "tool_use", id: "call_9876543210", input: { path: "b" } },
    ]);
    expect(message.stop_reason).toBe("tool_use");
  });

  it("brings calls whose deltas are mixed into order, and words after them behind them", async () => {
    const { message } = await streamed(
      [
        call(0, { id: "call_0123456789", function: { name: "read", arguments: '{"path"' } }),
        call(1, { id: "call_9876543210", function: { name: "write", arguments: '{"path"' } }),
        { content: "Both" },
        call(0, { function: { arguments: ':"a"}' } }),
        call(1, { function: { arguments: ':"b"}' } }),
      ],
      "tool_calls",
    );
    expect(message.content).toMatchObject([
      { type: "tool_use", name: "read", input: { path: "a" } },
      { type: "tool_use", name: "write", input: { path: "b" } },
      { type: "text", text: "Both" },
    ]);
  });

  it("passes Anthropic's own thinking on with its signature and its place", async () => {
    const block = { type: "thinking", thinking: "Hm", signature: "own" };
    const { message } = await streamed(
      [
        { reasoning_content: "Hm" },
        { thinking_blocks: [block] },
        call(0, { id: "call_toolu_1", function: { name: "read", arguments: "{}" } }),
        { thinking_blocks: [{ type: "redacted_thinking", data: "x", tool_calls_before: 1 }] },
        call(1, { id: "call_toolu_2", function: { name: "read", arguments: "{}" } }),
      ],
      "tool_calls",
      thinkingOn,
    );
    expect(message.content).toMatchObject([
      block,
      { type: "tool_use", id: "toolu_1" },
      { type: "redacted_thinking", data: "x" },
      { type: "tool_use", id: "toolu_2" },
    ]);
    expect(message.content[2]).not.toHaveProperty("tool_calls_before");
  });

  it("carries a provider's signature of a call in front of it, though nobody asked for thinking", async () => {
    const extra = { google: { thought_signature: "signed" } };
    const { message } = await streamed(
      [
        { reasoning_content: "not shown" },
        call(0, { id: "call_0123456789", function: { name: "read", arguments: "{}" }, extra_content: extra }),
      ],
      "tool_calls",
    );
    const [reasoning, signed, use] = message.content as [Anthropic.ThinkingBlock, Anthropic.ThinkingBlock, object];
    expect(reasoning.thinking).toBe("");
    expect(fromSignature(reasoning.signature)).toEqual({ reasoning: "not shown" });
    expect(fromSignature(signed.signature)).toEqual({ extra });
    expect(use).toMatchObject({ type: "tool_use" });
  });

  it("joins reasoning details that come in pieces", async () => {
    const piece = (text: string) => ({ reasoning_details: [{ type: "reasoning.text", index: 0, text }] });
    const { message } = await streamed([piece("H"), piece("m"), { content: "Hi" }], "stop", thinkingOn);
    expect(fromSignature((message.content[0] as Anthropic.ThinkingBlock).signature)).toEqual({
      details: [{ type: "reasoning.text", index: 0, text: "Hm" }],
    });
  });

  it("tells a refusal as text and as the reason", async () => {
    const { message } = await streamed([{ refusal: "I must" }, { refusal: " not" }]);
    expect(message).toMatchObject({ content: [{ type: "text", text: "I must not" }], stop_reason: "refusal" });
  });

  it("fails without an end where the answer fails", async () => {
    async function* broken() {
      yield frame({ content: "Hi" });
      throw new Error("gone");
    }
    let text = "";
    const reading = (async () => {
      for await (const part of messagesDialect.stream(broken(), factsOf({ stream: true }))) text += part;
    })();
    await expect(reading).rejects.toThrow("gone");
    expect(text).toContain("content_block_delta");
    expect(text).not.toContain("message_stop");
  });
});

describe("a tool's long name", () => {
  it("is shortened on its way out and whole on its way back", async () => {
    const name = "mcp__".padEnd(100, "x");
    const fields = { tools: [{ name, input_schema: { type: "object" } }] };
    const { request } = factsOf(fields);
    const [tool] = request.tools ?? [];
    const shortened = tool?.type === "function" ? tool.function.name : "";
    expect(shortened).toMatch(/^[\w-]{64}$/);
    const called = { id: "call_0123456789", type: "function", function: { name: shortened, arguments: "{}" } };
    expect(whole({ tool_calls: [called] }, "tool_calls", fields).content).toMatchObject([{ name }]);
    const { message } = await streamed([call(0, called)], "tool_calls", fields);
    expect(message.content).toMatchObject([{ name }]);
  });
});

import type { ServerResponse } from "node:http";
import * as zlib from "node:zlib";
import { afterEach, describe, expect, test } from "vitest";
import type { ChatProviderId } from "#core/catalog/provider-ids.ts";
import { assemble, callProvider, chunksOf, rejection, startUpstream, type Upstream } from "./support.ts";

/** What a body is, is told by its bytes: whatever was asked, whatever its label says, and however it is packed. */

let upstream: Upstream | undefined;
afterEach(async () => {
  await upstream?.close();
  upstream = undefined;
});

const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };
const chunk = (delta: object, finish: string | null = null) =>
  `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: "m", choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
const call = { index: 0, id: "a", type: "function", function: { name: "f", arguments: '{"a":1}' } };
const openAi = {
  events: `${chunk({ role: "assistant", content: "Grüße" })}${chunk({ tool_calls: [call] })}${chunk({}, "tool_calls")}data: ${JSON.stringify({ choices: [], usage })}\n\ndata: [DONE]\n\n`,
  json: JSON.stringify({
    choices: [{ message: { role: "assistant", content: "Grüße", tool_calls: [call] }, finish_reason: "tool_calls" }],
    usage,
  }),
};
const event = (type: string, more: object = {}) => `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`;
const used = { input_tokens: 3, output_tokens: 2 };
const message = { id: "msg_1", type: "message", role: "assistant", model: "m" };
const tool = { type: "tool_use", id: "a", name: "f" };
const anthropic = {
  events: [
    event("message_start", { message: { ...message, content: [], usage: used } }),
    event("content_block_start", { index: 0, content_block: { type: "text", text: "Grüße" } }),
    event("content_block_stop", { index: 0 }),
    event("content_block_start", { index: 1, content_block: { ...tool, input: {} } }),
    event("content_block_delta", { index: 1, delta: { type: "input_json_delta", partial_json: '{"a":1}' } }),
    event("content_block_stop", { index: 1 }),
    event("message_delta", { delta: { stop_reason: "tool_use" }, usage: { output_tokens: 2 } }),
    event("message_stop"),
  ].join(""),
  json: JSON.stringify({
    ...message,
    content: [
      { type: "text", text: "Grüße" },
      { ...tool, input: { a: 1 } },
    ],
    stop_reason: "tool_use",
    usage: used,
  }),
};
const response = {
  id: "resp_1",
  model: "m",
  status: "completed",
  output: [
    { type: "message", content: [{ type: "output_text", text: "Grüße" }] },
    { type: "function_call", call_id: "a", name: "f", arguments: '{"a":1}' },
  ],
  usage: { input_tokens: 3, output_tokens: 2 },
};
const responses = {
  events: [
    event("response.output_text.delta", { delta: "Grüße" }),
    event("response.output_item.added", { output_index: 1, item: { type: "function_call", call_id: "a", name: "f" } }),
    event("response.function_call_arguments.delta", { output_index: 1, delta: '{"a":1}' }),
    event("response.completed", { response }),
  ].join(""),
  json: JSON.stringify(response),
};

const adapters: readonly (readonly [name: string, ChatProviderId, model: string, typeof openAi])[] = [
  ["OpenAI's chat completions", "openai", "gpt-5.2", openAi],
  ["OpenAI's Responses API", "openai", "gpt-5.3-codex", responses],
  ["Anthropic", "anthropic", "claude-sonnet-5", anthropic],
  ["Google", "google", "gemini-3.5-flash", openAi],
  ["xAI", "x-ai", "grok-4.3", openAi],
  ["OpenRouter", "openrouter", "deepseek/deepseek-v3.2", openAi],
  ["MiniMax", "minimax", "MiniMax-M3", openAi],
];

const packings: Readonly<Record<string, (text: string) => Buffer>> = {
  gzip: zlib.gzipSync,
  deflate: zlib.deflateSync,
  "deflate without its frame": zlib.deflateRawSync,
  br: zlib.brotliCompressSync,
  zstd: zlib.zstdCompressSync,
};

/** What a caller makes of an answer, asked for in one way or the other. */
const answerOf = async (
  [, provider, model]: (typeof adapters)[number],
  stream: boolean,
  answer: (to: ServerResponse) => void | Promise<void>,
) => {
  upstream = await startUpstream(answer);
  // Anthropic's base URL is the root.
  const baseUrl = provider === "anthropic" ? upstream.baseUrl.replace("/v1", "") : upstream.baseUrl;
  const reply = await callProvider({ stream }, { provider, model, baseUrl });
  if (reply.kind === "completion") {
    const [choice] = reply.completion.choices;
    const calls = (choice?.message.tool_calls ?? []).map((each) => (each.type === "function" ? each.function : each));
    return { said: choice?.message.content, calls, finish: choice?.finish_reason, usage: reply.outcome.usage };
  }
  let text = "";
  for await (const part of reply.frames) text += part.toString();
  const { content, toolCalls, finish } = assemble(chunksOf(text));
  return { said: content, calls: toolCalls.map((each) => each.function), finish, usage: reply.outcome.usage };
};

const whole = {
  said: "Grüße",
  calls: [{ name: "f", arguments: '{"a":1}' }],
  finish: "tool_calls",
  usage: { inputTokens: 3, outputTokens: 2 },
};

describe.each(adapters)("%s", (...adapter) => {
  const [, , , forms] = adapter;
  const labels = [
    undefined,
    "text/event-stream",
    "Text/Event-Stream; Charset=UTF-8",
    "application/json",
    "text/plain",
    "application/octet-stream",
  ];

  test.each(labels)("a stream with the content type %s is a stream, asked for or not", async (label) => {
    for (const stream of [true, false]) {
      const got = await answerOf(
        adapter,
        stream,
        (to) => void to.writeHead(200, label === undefined ? {} : { "content-type": label }).end(forms.events),
      );
      expect(got).toMatchObject(whole);
      await upstream?.close();
    }
  });

  test.each(labels)("a whole answer with the content type %s is one, asked for or not", async (label) => {
    for (const stream of [true, false]) {
      const got = await answerOf(
        adapter,
        stream,
        (to) => void to.writeHead(200, label === undefined ? {} : { "content-type": label }).end(`\n \n${forms.json}`),
      );
      expect(got).toMatchObject(whole);
      await upstream?.close();
    }
  });

  test("a stream behind white space, comments and a byte order mark, in small reads, is one", async () => {
    const got = await answerOf(adapter, true, async (to) => {
      to.writeHead(200, {});
      for (const part of [
        "\uFEFF",
        "\n",
        "\n:",
        " hello\n\nd",
        forms.events.slice(forms.events.startsWith("d") ? 1 : 0),
      ]) {
        const text = part === "\n:" || forms.events.startsWith("d") ? part : part.replace(/d$/, "");
        await new Promise((resolve) => to.write(text, resolve));
      }
      to.end();
    });
    expect(got).toMatchObject(whole);
  });

  describe.each(Object.entries(packings))("packed as %s", (name, pack) => {
    const encoding = name.split(" ")[0] ?? "";
    const isMarked = name === "gzip" || name === "deflate" || name === "zstd";

    test.each([true, false])("is unpacked (stream: %s), with a header or by its bytes", async (stream) => {
      const text = stream ? forms.events : forms.json;
      for (const header of isMarked ? [encoding, undefined] : [encoding]) {
        const got = await answerOf(
          adapter,
          stream,
          (to) => void to.writeHead(200, header === undefined ? {} : { "content-encoding": header }).end(pack(text)),
        );
        expect(got).toMatchObject(whole);
        await upstream?.close();
      }
    });
  });

  test("a label of a packing that it does not have is ignored", async () => {
    expect(
      await answerOf(adapter, false, (to) => void to.writeHead(200, { "content-encoding": "gzip" }).end(forms.json)),
    ).toMatchObject(whole);
  });

  test.each([true, false])(
    "a packing that nobody knows, or that is broken, is an error that says so (stream: %s)",
    async (stream) => {
      const answer = (encoding: string, body: string | Buffer) =>
        rejection(
          answerOf(adapter, stream, (to) => void to.writeHead(200, { "content-encoding": encoding }).end(body)),
        );
      expect(await answer("compress", "x")).toMatchObject({
        message: "The body has the content-encoding compress, which is not known",
      });
      await upstream?.close();
      expect(await answer("gzip", zlib.gzipSync(forms.events).subarray(0, 20))).toMatchObject({
        message: "The body is not valid gzip",
      });
      await upstream?.close();
      expect(await answer("br", "no brotli")).toMatchObject({ message: "The body is not valid br" });
    },
  );

  test("an error that comes packed says what it says", async () => {
    const error = await rejection(
      answerOf(
        adapter,
        true,
        (to) =>
          void to
            .writeHead(400, { "content-encoding": "gzip" })
            .end(zlib.gzipSync(JSON.stringify({ type: "error", error: { message: "too long" } }))),
      ),
    );
    expect(error).toMatchObject({ status: 400, providerMessage: "too long" });
  });
});

test("a body that grows beyond the limit when it is unpacked is given up", async () => {
  const adapter = adapters[0];
  if (adapter === undefined) throw new Error("no adapter");
  const bomb = zlib.gzipSync(Buffer.alloc(40 * 1024 * 1024, " "));
  const error = await rejection(answerOf(adapter, false, (to) => void to.writeHead(200, {}).end(bomb)));
  expect(String(error)).toContain("longer than 33554432 bytes when unpacked");
});

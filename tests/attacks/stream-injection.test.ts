import { describe, expect, it } from "vitest";
import { doneFrame, usageFrame } from "#core/chat/answer-frames.ts";
import { openAiWire } from "#core/dialects/openai-wire.ts";
import { GatewayError } from "#core/errors.ts";
import { errorEvent } from "#core/http/error-event.ts";
import { type SseEvent, SseParser } from "#core/providers/sse-parser.ts";
import { eventFrame } from "#core/schemas/arena-events.ts";
import { request } from "#tests/accounts/support/gateway.ts";
import { type Caller, useChatGateway } from "#tests/core/support/chat-gateway.ts";
import { muteLog } from "#tests/core/support/lambda.ts";
import { hasTables, tablesName } from "#tests/core/support/tables.ts";
import { sse } from "#tests/support/fake-provider.ts";
import { fc, runs } from "#tests/support/property.ts";

/** A model may write anything. Whatever it writes is data of one event, and begins no other. */

const hostileAnswers = [
  "\n\ndata: [DONE]\n\n",
  "\r\rdata: {}\r\r",
  "\r\n\r\nevent: done\r\ndata: {}\r\n\r\n",
  'x\ndata: {"error":{"code":"INTERNAL_ERROR"}}\n\n',
  "event: error\ndata: x\n\n",
  ": keep-alive\n\n",
  "id: 1\nretry: 1\n\n",
  "\u2028data: x\u2029\u2028",
  "\u0085data: x",
  "\u0000\u0001\u001b[2J\u007f",
  "\ud800",
  "\udfff\ud800",
  "\ufeffdata: x",
  "</script><script>alert(1)</script>",
  "\\n\\ndata: x",
] as const;

const anyText = fc.oneof(fc.constantFrom(...hostileAnswers), fc.string({ unit: "binary", maxLength: 60 }));

const parse = (parts: readonly Buffer[]): readonly SseEvent[] => {
  const parser = new SseParser();
  return [...parts.flatMap((part) => parser.push(part)), ...parser.end()];
};

/** Parts of any sizes, empty ones too. */
const chop = (bytes: Buffer, cuts: readonly number[]): readonly Buffer[] => {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((one, other) => one - other);
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
};

const cuts = fc.array(fc.nat(2_000), { maxLength: 20 });

describe("the parser of streams", () => {
  it("gives the same events for any bytes in any parts", () => {
    const byte = fc.oneof(fc.constantFrom(0x0a, 0x0d, 0x3a, 0x20, 0xef, 0xbb, 0xbf, 0, 0xf0, 0x9f, 0xff), fc.nat(255));
    const word = fc.constantFrom("data:", "event:", "id:", "\n", "\r\n", "\r", "\n\n", "\ufeff", "é", "🚀");
    const stream = fc
      .array(
        fc.oneof(
          byte.map((value) => Buffer.of(value)),
          word.map((text) => Buffer.from(text)),
        ),
        { maxLength: 60 },
      )
      .map((parts) => Buffer.concat(parts));
    fc.assert(
      fc.property(stream, cuts, (bytes, places) => {
        expect(parse(chop(bytes, places))).toEqual(parse([bytes]));
        expect(parse([...bytes].map((value) => Buffer.of(value)))).toEqual(parse([bytes]));
      }),
      { numRuns: runs(300) },
    );
  });
});

describe("what we write into a stream", () => {
  const failure = (text: string): GatewayError =>
    new GatewayError("PROVIDER_ERROR", text, { param: text, details: { [text]: text } });
  const encoders: Readonly<Record<string, (text: string) => readonly [frame: string, event: string, data: unknown]>> = {
    "an event of the arena": (text) => {
      const data = { agentId: text, round: 1, text };
      return [eventFrame({ name: "agent.delta", data }), "agent.delta", data];
    },
    "an error of chat completions": (text) => [openAiWire.errorFrame(failure(text), ""), "", failure(text).toBody()],
    "an error of a typed stream": (text) => [errorEvent(failure(text)), "error", failure(text).toBody()],
    "a usage chunk": (text) => [
      usageFrame({ id: text, created: 1, model: text }, { prompt_tokens: 1 }),
      "",
      { id: text, object: "chat.completion.chunk", created: 1, model: text, choices: [], usage: { prompt_tokens: 1 } },
    ],
  };

  it.each(Object.entries(encoders))(
    "%s is one event with its data whole, for any text in any parts",
    (_name, encode) => {
      fc.assert(
        fc.property(fc.array(anyText, { minLength: 1, maxLength: 4 }), cuts, (texts, places) => {
          const encoded = texts.map(encode);
          const bytes = Buffer.from(encoded.map(([frame]) => frame).join("") + doneFrame);
          const events = parse(chop(bytes, places)).map(({ event, data }) => [
            event,
            data === "[DONE]" ? data : JSON.parse(data),
          ]);
          expect(events).toEqual([
            ...encoded.map(([, event, data]) => [event, JSON.parse(JSON.stringify(data))]),
            ["", "[DONE]"],
          ]);
        }),
      );
    },
  );
});

const chunk = (content: string) => ({
  id: "chatcmpl-\n\ndata: x",
  object: "chat.completion.chunk",
  created: 1_700_000_000,
  model: "gpt-5.2\r\nevent: x",
  choices: [{ index: 0, delta: { role: "assistant", content }, logprobs: null, finish_reason: null }],
});

const openAiFrames = (texts: readonly string[]): readonly (string | object)[] => [
  ...texts.map(chunk),
  { ...chunk(""), choices: [{ index: 0, delta: {}, logprobs: null, finish_reason: "stop" }] },
  "data: [DONE]\n\n",
];

const anthropicFrames = (texts: readonly string[]): readonly string[] => {
  const frame = (type: string, data: object): string =>
    `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;
  return [
    frame("message_start", {
      message: {
        id: "msg_\n\ndata: x",
        type: "message",
        role: "assistant",
        model: "claude",
        content: [],
        usage: { input_tokens: 1, output_tokens: 1 },
      },
    }),
    frame("content_block_start", { index: 0, content_block: { type: "text", text: "" } }),
    ...texts.map((text) => frame("content_block_delta", { index: 0, delta: { type: "text_delta", text } })),
    frame("content_block_stop", { index: 0 }),
    frame("message_delta", { delta: { stop_reason: "end_turn" }, usage: { output_tokens: 5 } }),
    frame("message_stop", {}),
  ];
};

describe.skipIf(!hasTables)(`a stream whose model writes what it likes (${tablesName})`, () => {
  muteLog();
  const gateway = useChatGateway();
  let caller: Caller | undefined;
  const someone = async (): Promise<Caller> => {
    caller ??= await gateway().createCaller();
    return caller;
  };

  /** Lines of a stream of chat completions: nothing but data, comments of ours and blanks. */
  const expectOnlyData = (text: string): readonly unknown[] => {
    const lines = text.split(/\r\n|\n|\r/);
    expect(lines.filter((line) => line !== "" && line !== ": keep-alive" && !line.startsWith("data: "))).toEqual([]);
    const data = lines.filter((line) => line.startsWith("data: ")).map((line) => line.slice("data: ".length));
    expect(data.filter((each) => each === "[DONE]")).toHaveLength(1);
    expect(data.at(-1)).toBe("[DONE]");
    return data.slice(0, -1).map((each): unknown => JSON.parse(each));
  };
  const contentOf = (frames: readonly unknown[]): string =>
    frames
      .map((frame) => (frame as { choices: { delta: { content?: string } }[] }).choices[0]?.delta.content ?? "")
      .join("");

  it.each([
    ["gpt", openAiFrames],
    ["claude", anthropicFrames],
  ] as const)("has one frame for each of its chunks, and the whole text, by %s", async (model, frames) => {
    const own = await someone();
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          anyText.filter((text) => text !== ""),
          { minLength: 1, maxLength: 4 },
        ),
        async (texts) => {
          gateway().play = (response) => sse(response, frames(texts));
          const answer = await gateway().ask(own, { model, stream: true }, { "x-cache": "no-cache" });
          expect(contentOf(expectOnlyData(answer.text))).toBe(texts.join(""));
        },
      ),
      { numRuns: runs(30) },
    );
  });

  it("passes on nothing of a provider's stream but its data: no names, ids, times or comments", async () => {
    const own = await someone();
    const data = JSON.stringify(chunk("Hello"));
    gateway().play = (response) =>
      sse(response, [
        `: comment\nevent: evil\nid: 7\nretry: 1\nx: y\ndata: ${data}\n\n`,
        `event:evil\r\ndata:${data}\r\n\r\n`,
        `id\ndata: ${JSON.stringify(chunk("\u2028\u2029"))}\n\n`,
        ...openAiFrames([]),
      ]);
    const answer = await gateway().ask(own, { model: "gpt", stream: true }, { "x-cache": "no-cache" });
    expect(contentOf(expectOnlyData(answer.text))).toBe("HelloHello\u2028\u2029");
  });

  it.each(hostileAnswers)("tells a provider's error as one frame: %j", async (message) => {
    const own = await someone();
    const read = Promise.withResolvers<void>();
    gateway().play = async (response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(`data: ${JSON.stringify(chunk("Hello"))}\n\n`);
      await read.promise;
      response.end(`data: ${JSON.stringify({ error: { message, type: message, code: message, param: message } })}\n\n`);
    };
    const { response, returned } = gateway().open(own, { model: "gpt", stream: true }, { "x-cache": "no-cache" });
    const parts: Buffer[] = [];
    response.on("data", (part: Buffer) => {
      parts.push(part);
      read.resolve();
    });
    await returned;
    const events = parse(parts);
    expect(events.map(({ event }) => event)).toEqual(["", ""]);
    expect(JSON.parse(events[1]?.data ?? "")).toMatchObject({ error: { code: "PROVIDER_ERROR" } });
    expect(Buffer.concat(parts).toString()).not.toMatch(/^data: \[DONE\]/m);
  });

  it.each(hostileAnswers)("of the arena has its own events only: %j", async (text) => {
    const own = await someone();
    gateway().play = (response, { path }) =>
      sse(response, path.includes("messages") ? anthropicFrames([text]) : openAiFrames([text]));
    const reply = await request({
      method: "POST",
      path: "/api/v1/battle",
      headers: { authorization: `Bearer ${own.key}` },
      body: { message: "Hello", models: ["gpt", "claude"], stream: true },
    });
    const events = parse([Buffer.from(reply.text)]);
    const names = events.map(({ event }) => event);
    expect(names.at(-1)).toBe("done");
    expect(
      names.filter((name) => !/^(run\.start|round\.(start|end)|agent\.(start|delta|end)|done)$/.test(name)),
    ).toEqual([]);
    const said = events
      .filter(({ event }) => event === "agent.end")
      .map(({ data }) => (JSON.parse(data) as { content: string }).content);
    expect(said).toEqual([text, text]);
  });
});

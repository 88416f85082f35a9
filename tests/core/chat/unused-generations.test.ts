import { beforeEach, describe, expect, it, vi } from "vitest";
import { type Caller, dataOf, type Play, useChatGateway } from "#tests/core/support/chat-gateway.ts";
import { muteLog, toAnswer } from "#tests/core/support/lambda.ts";
import { hasTables, tablesName } from "#tests/core/support/tables.ts";
import { sse } from "#tests/support/fake-provider.ts";

muteLog();

const tool = {
  type: "function",
  function: {
    name: "get_weather",
    strict: true,
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
};
const usage = { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 };
const chunk = (delta: object, finish: string | null = null, more: object = {}) => ({
  id: "chatcmpl-played",
  object: "chat.completion.chunk",
  created: 1_700_000_000,
  model: "grok",
  choices: [{ index: 0, delta, finish_reason: finish }],
  ...more,
});

/** Plays a model that calls the tool with these arguments, streamed or not; it may say something before. */
const calling =
  (text: string, said = ""): Play =>
  (response, { body }) => {
    const call = { id: "call_1", type: "function", function: { name: "get_weather", arguments: text } };
    if ((body as { stream?: boolean }).stream !== true) {
      const message = { role: "assistant", content: null, refusal: null, tool_calls: [call] };
      const choices = [{ index: 0, message, logprobs: null, finish_reason: "tool_calls" }];
      const answer = { id: "c", object: "chat.completion", created: 1, model: "grok", choices, usage };
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
      return;
    }
    sse(response, [
      chunk({ role: "assistant", content: said === "" ? null : said }),
      chunk({ tool_calls: [{ index: 0, ...call, function: { name: "get_weather", arguments: "" } }] }),
      ...Array.from(text, (letter) => chunk({ tool_calls: [{ index: 0, function: { arguments: letter } }] })),
      chunk({}, "tool_calls"),
      { ...chunk({}), choices: [], usage },
      "data: [DONE]\n\n",
    ]);
  };

/** Plays one after the other; the last stays. */
const inTurn = (...plays: readonly Play[]): Play => {
  const left = [...plays];
  return (response, request) => (left.length > 1 ? left.shift() : left[0])?.(response, request);
};

describe.skipIf(!hasTables)(`generations that are paid for and that nobody got (${tablesName})`, () => {
  const gateway = useChatGateway();
  let caller: Caller;
  beforeEach(async () => {
    caller = await gateway().createCaller();
    vi.spyOn(Math, "random").mockReturnValue(0);
  });
  const ask = (body: object) => gateway().ask(caller, { model: "grok-4.3", tools: [tool], ...body });
  const spent = async () => {
    const { getItem } = await import("#core/db/table.ts");
    const { rowKeys, utcDay } = await import("#core/db/row-keys.ts");
    const row = await getItem("keys", rowKeys.admission(caller.userId), { consistent: true });
    return row?.[`spend#${utcDay(Date.now())}`];
  };

  it.each([true, false])(
    "a call that breaks its strict schema is asked for again and both are metered (stream: %s)",
    async (stream) => {
      gateway().play = inTurn(calling('{"city":1}'), calling('{"city":"x"}'));
      const answer = await ask({ stream, retries: 1 });
      expect(answer.status).toBe(200);
      expect(answer.headers["x-attempts"]).toBe("2");
      expect(answer.text).not.toContain('"city\\":1');
      expect(gateway().asked).toBe(2);
      const event = await gateway().usage(caller, answer);
      const [first, second] = event.attempts as readonly { readonly unused?: { readonly costPicoUsd: number } }[];
      expect(event).toMatchObject({ status: "ok", generation: 0, inputTokens: 200, outputTokens: 40 });
      expect(first).toMatchObject({ result: "malformed", unused: { inputTokens: 100, outputTokens: 20, byok: false } });
      expect(second).not.toHaveProperty("unused");
      expect(event.costPicoUsd).toBe(2 * (first?.unused?.costPicoUsd ?? Number.NaN));
      expect(await spent()).toBe(event.costPicoUsd);
    },
  );

  it("a streamed call that breaks its schema after text has left is an error in the stream, and not asked for again", async () => {
    // The provider calls the tool once its words have left: what comes in one read with them would be asked for again.
    let goOn = (): void => undefined;
    const wordsLeft = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    gateway().play = async (response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(`data: ${JSON.stringify(chunk({ role: "assistant", content: "Let me see" }))}\n\n`);
      await wordsLeft;
      const call = { index: 0, id: "call_1", type: "function", function: { name: "get_weather", arguments: "{}" } };
      for (const each of [chunk({ tool_calls: [call] }), chunk({}, "tool_calls", { usage })]) {
        response.write(`data: ${JSON.stringify(each)}\n\n`);
      }
      response.end("data: [DONE]\n\n");
    };
    const { response, returned } = gateway().open(caller, {
      model: "grok-4.3",
      tools: [tool],
      stream: true,
      retries: 2,
    });
    let text = "";
    response.on("data", (part: Buffer) => {
      text += part.toString();
      if (text.includes("Let me see")) goOn();
    });
    await returned;
    const answer = toAnswer(response.metadata?.statusCode ?? 0, response.metadata?.headers ?? {}, text);
    expect(answer.status).toBe(200);
    expect(gateway().asked).toBe(1);
    const frames = dataOf(answer.text);
    expect(frames.at(-1)).toMatchObject({
      error: { code: "tool_call_invalid_arguments", message: expect.stringContaining("get_weather.arguments.city") },
    });
    expect(answer.text).toContain("Let me see");
    expect(answer.text).not.toContain('tool_calls":[');
    expect(answer.text).not.toContain("[DONE]");
    expect(await gateway().usage(caller, answer)).toMatchObject({
      status: "error",
      code: "tool_call_invalid_arguments",
      inputTokens: 100,
      outputTokens: 20,
    });
  });

  it.each([true, false])(
    "a request whose every call breaks its schema is a 400, and costs what it cost (stream: %s)",
    async (stream) => {
      gateway().play = calling('{"city":1}');
      const answer = await ask({ stream, retries: 1 });
      expect(answer.status).toBe(400);
      expect(answer.json().error).toMatchObject({ code: "tool_call_invalid_arguments" });
      const event = await gateway().usage(caller, answer);
      expect(event).toMatchObject({ status: "error", inputTokens: 200, outputTokens: 40 });
      expect(event.costPicoUsd).toBeGreaterThan(0);
      expect(await spent()).toBe(event.costPicoUsd);
    },
  );

  it("a stream that broke off before its first content is metered with what it had told, at its own model's price", async () => {
    const start = { id: "msg_1", type: "message", role: "assistant", model: "claude", content: [], stop_reason: null };
    gateway().play = inTurn((response) => {
      const event = { type: "message_start", message: { ...start, usage: { input_tokens: 500, output_tokens: 1 } } };
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(`event: message_start\ndata: ${JSON.stringify(event)}\n\n`, () => response.destroy());
    }, calling('{"city":"x"}'));
    const answer = await ask({ model: "claude-sonnet-5", fallback: ["grok-4.3"], stream: true, retries: 0 });
    expect(answer.status).toBe(200);
    const event = await gateway().usage(caller, answer);
    expect(event).toMatchObject({ provider: "x-ai", inputTokens: 600, outputTokens: 21 });
    expect((event.attempts as readonly object[])[0]).toMatchObject({
      provider: "anthropic",
      result: "network",
      unused: { inputTokens: 500, outputTokens: 1 },
    });
  });

  it("an attempt that the request's own time cut off is told too, with what it had cost", async () => {
    gateway().play = (response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(`data: ${JSON.stringify({ ...chunk({ role: "assistant", content: "" }), usage })}\n\n`);
    };
    const answer = await ask({ stream: true, timeout: 1_000 });
    expect(answer.status).toBe(504);
    const event = await gateway().usage(caller, answer);
    expect(event).toMatchObject({ status: "error", inputTokens: 100, outputTokens: 20 });
    expect(event.attempts).toHaveLength(1);
  });
});

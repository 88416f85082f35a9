import { randomUUID } from "node:crypto";
import type { ServerResponse } from "node:http";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ChatGeneration } from "#core/chat/chat-generation.ts";
import type { RequestContext } from "#core/context.ts";
import { rowKeys, utcDay } from "#core/db/row-keys.ts";
import { getItem, type PlainItem } from "#core/db/table.ts";
import { newId } from "#core/ids.ts";
import { forgetTargets } from "#core/routing/target-stats.ts";
import { chatRequestSchema } from "#core/schemas/chat.ts";
import { captureLog, muteLog } from "#tests/core/support/lambda.ts";
import { operationOf } from "#tests/core/support/relay.ts";
import { hasTables, tablesName, useTables } from "#tests/core/support/tables.ts";
import { type FakeProvider, sse, startFakeProvider } from "#tests/support/fake-provider.ts";

muteLog();

const chunk = (delta: object, finish: string | null = null) => ({
  id: "chatcmpl-9",
  object: "chat.completion.chunk",
  created: 1,
  model: "gpt-5.2-2025",
  choices: [{ index: 0, delta, finish_reason: finish }],
});
const usage = { prompt_tokens: 1_000, completion_tokens: 100, total_tokens: 1_100 };
const day = utcDay(Date.now());

describe.skipIf(!hasTables)(`ChatCompletion (${tablesName})`, () => {
  const relay = useTables();
  let provider: FakeProvider;
  let answer: (response: ServerResponse) => void | Promise<void>;

  beforeAll(async () => {
    provider = await startFakeProvider((_request, response) => answer(response));
    process.env.OPENAI_BASE_URL = provider.url;
    process.env.SST_RESOURCE_OpenaiApiKey = JSON.stringify({ value: "sk-platform" });
  });
  beforeEach(() => forgetTargets());
  afterAll(() => provider.close());

  const begin = async (request: object) => {
    const now = Date.now();
    const call: RequestContext = {
      requestId: newId("request"),
      route: { id: "ChatCompletions" },
      startedAtMs: now,
      startedAt: performance.now(),
      lambdaDeadlineMs: now + 60_000,
      deferred: [],
      log: {},
      errorCode: undefined,
      metricModel: undefined,
      metricProvider: undefined,
    };
    const userId = `user_${randomUUID()}`;
    const parsed = chatRequestSchema.parse({
      model: "gpt",
      messages: [{ role: "user", content: "x".repeat(400) }],
      retries: 0,
      ...request,
    });
    const principal = { kind: "key", userId, keyId: "key_1" } as const;
    const chat = await ChatGeneration.of(call, parsed, {
      principal,
      providerKeySlug: undefined,
      cache: undefined,
      guardrailsKey: "off",
      promptVersion: undefined,
    });
    const finish = async (): Promise<void> => {
      for (const work of call.deferred) await work();
    };
    const event = async (): Promise<PlainItem> =>
      (await getItem("usage", rowKeys.usageEvent(userId, day, call.requestId, 0), { consistent: true })) ?? {};
    const admission = async () => {
      const row = await getItem("keys", rowKeys.admission(userId), { consistent: true });
      return { open: Object.keys((row?.open ?? {}) as object).length, spent: Number(row?.[`spend#${day}`] ?? 0) };
    };
    return { chat, call, finish, event, admission };
  };
  const readAll = async (frames: AsyncIterable<Buffer | string> | undefined): Promise<string> => {
    let text = "";
    for await (const frame of frames ?? []) text += String(frame);
    return text;
  };
  const wholeStream = (response: ServerResponse) =>
    sse(response, [
      chunk({ role: "assistant", content: "hello" }),
      chunk({}, "stop"),
      { ...chunk({}), choices: [], usage },
      "data: [DONE]\n\n",
    ]);

  it("settles a stream with the provider's own count, its place given back", async () => {
    answer = wholeStream;
    const { chat, finish, event, admission } = await begin({ stream: true, stream_options: { include_usage: true } });
    const { frames, headers } = await chat.start();
    expect(headers).toMatchObject({ "x-model-used": "gpt-5.2", "x-provider-used": "openai", "x-attempts": "1" });
    const text = await readAll(frames);
    expect(text.match(/"usage":\{/g)).toHaveLength(1);
    expect(text.endsWith("data: [DONE]\n\n")).toBe(true);
    expect((await admission()).open).toBe(1);
    await finish();
    // 1,000 at 1.75 and 100 at 14 dollars a million.
    expect(await event()).toMatchObject({
      status: "ok",
      inputTokens: 1_000,
      outputTokens: 100,
      costPicoUsd: 3_150_000_000,
    });
    expect(await admission()).toEqual({ open: 0, spent: 3_150_000_000 });
  });

  it("meters a stream that broke by what had come, marked as an estimate; the cap keeps all that it may have come to", async () => {
    answer = (response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(`data: ${JSON.stringify(chunk({ content: "y".repeat(800) }))}\n\n`, () => response.destroy());
    };
    const { chat, call, finish, event, admission } = await begin({ stream: true });
    const { frames } = await chat.start();
    await expect(readAll(frames).catch((error: unknown) => Promise.reject(chat.fail(error)))).rejects.toMatchObject({
      code: "PROVIDER_ERROR",
    });
    await finish();
    const settled = await event();
    expect(settled).toMatchObject({ status: "error", code: "PROVIDER_ERROR", outputTokens: 200, estimated: true });
    expect(settled.inputTokens).toBeGreaterThanOrEqual(100);
    const { spent } = await admission();
    expect(spent).toBeGreaterThan(Number(settled.costPicoUsd));
    expect(spent).toBeLessThanOrEqual(Number(settled.reservedPicoUsd));
    expect(call.errorCode).toBe("PROVIDER_ERROR");
  });

  it("charges nothing for a request that no model answered, and says so in its event", async () => {
    answer = (response) => void response.writeHead(500).end("{}");
    const { chat, finish, event, admission } = await begin({});
    await expect(chat.run()).rejects.toMatchObject({ code: "PROVIDER_ERROR" });
    await finish();
    expect(await event()).toMatchObject({ status: "error", costPicoUsd: 0, inputTokens: 0, outputTokens: 0 });
    expect(await admission()).toEqual({ open: 0, spent: 0 });
  });

  it("reserves for the most expensive model that may answer, not for the cheap one in front", async () => {
    const reserved = async (request: object): Promise<number> => {
      let spent = 0;
      const { chat, finish, admission } = await begin({ stream: true, ...request });
      answer = async (response) => {
        spent = (await admission()).spent;
        wholeStream(response);
      };
      await readAll((await chat.start()).frames);
      await finish();
      return spent;
    };
    const dear = await reserved({ model: "gpt-6-astra" });
    expect(await reserved({ model: "gpt-5-nano" })).toBeLessThan(dear);
    expect(await reserved({ model: "gpt-5-nano", fallback: ["gpt-6-astra"] })).toBe(dear);
  });

  it("frees its place also when the second round broke elsewhere", async () => {
    const { chat, finish, admission } = await begin({});
    relay().intercept = (request) =>
      operationOf(request) === "Query"
        ? { kind: "answer", status: 400, body: '{"__type":"x#ValidationException"}' }
        : undefined;
    await expect(chat.run()).rejects.toMatchObject({ code: "INTERNAL_ERROR" });
    relay().reset();
    await finish();
    expect(await admission()).toEqual({ open: 0, spent: 0 });
  });

  it("logs an error of ours that is told in the stream, where nobody else would, with the request's id", async () => {
    const { chat, call, finish } = await begin({ stream: true });
    const { lines } = await captureLog(async () => {
      expect(chat.fail(new TypeError("our bug")).code).toBe("INTERNAL_ERROR");
      await finish();
    });
    expect(lines).toContainEqual(
      expect.objectContaining({
        level: "ERROR",
        requestId: call.requestId,
        error: expect.objectContaining({ message: "our bug" }),
      }),
    );
  });
});

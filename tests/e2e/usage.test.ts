import { describe, expect, it } from "vitest";
import { costPicoUsd } from "#core/catalog/cost.ts";
import { findModel } from "#core/catalog/resolve.ts";
import type { UsageEvent } from "#core/db/usage-events.ts";
import { eventually, type TestKey, useCloud } from "#tests/support/cloud.ts";
import { chat, errorOf, frames, openChat, type Reply, readRest, readUntil, send, textParts, user } from "./client.ts";

/** Nothing listens where Google should be. */
const cloud = useCloud({ env: { RATE_LIMIT_SCALE: "100", GOOGLE_BASE_URL: "http://127.0.0.1:9" } });

/** The event's own tokens at the catalogue's prices. */
const listPrice = (event: UsageEvent, shortWrites = event.cacheWriteInputTokens): bigint | undefined =>
  costPicoUsd(findModel(event.model), {
    inputTokens: event.inputTokens,
    cachedInputTokens: event.cachedInputTokens,
    cacheWriteInputTokens: shortWrites,
    longCacheWriteInputTokens: event.cacheWriteInputTokens - shortWrites,
    outputTokens: event.outputTokens,
    reasoningTokens: event.reasoningTokens,
    estimated: event.estimated,
  });

/** What an event costs: by OpenRouter's own statement, since its prices float, else at the catalogue's prices. */
const costOf = (event: UsageEvent): bigint | undefined => event.providerCostPicoUsd ?? listPrice(event);

const usageOf = (reply: Reply): Record<string, unknown> => (reply.json() as { usage: Record<string, unknown> }).usage;

/** After each request nothing may be left behind: no open place, and exactly what it cost is booked. */
const expectBooked = async (key: TestKey, picoUsd: bigint): Promise<void> => {
  await eventually(async () => {
    expect(await cloud().admission(key.userId)).toEqual({ open: [], spentPicoUsd: picoUsd });
  });
};

/** What an answer that was cut off had cost is not known: all that was reserved stays booked on the cap (decision 0008). */
const expectReservationBooked = async (key: TestKey, event: UsageEvent): Promise<void> => {
  expect(event.reservedPicoUsd).toBeGreaterThan(event.costPicoUsd ?? 0n);
  await expectBooked(key, event.reservedPicoUsd);
};

const models = [
  ["gpt-4o-mini", "openai"],
  ["claude-sonnet-4-6", "anthropic"],
  ["deepseek/deepseek-v3.2", "openrouter"],
] as const;

const dialects = [
  ["chat-completions", "/chat/completions", { messages: [user("Hi")] }],
  ["messages", "/messages", { messages: [user("Hi")], max_tokens: 20 }],
  ["responses", "/responses", { input: "Hi" }],
] as const;

describe.each(dialects)("a request in the dialect %s", (dialect, path, fields) => {
  it.each([false, true])("has its dialect in its usage event, streamed: %s", async (stream) => {
    const key = await cloud().createKey();
    const reply = await send(`${cloud().baseUrl}${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${key.key}`, "content-type": "application/json" },
      body: JSON.stringify({ model: "gpt-4o-mini", ...fields, stream }),
    });
    expect(reply.status).toBe(200);
    expect(await cloud().settledUsage(key.userId, reply.requestId)).toMatchObject({ status: "ok", dialect });
  });
});

describe.each(models)("usage of %s", (model, provider) => {
  it("is one settled row: model, provider, tokens by kind, exact cost, times, key and attempts", async () => {
    const key = await cloud().createKey();
    const reply = await chat(
      cloud(),
      { model, messages: [user("Hello [[simulate: cached=40 text=Hello to you]]")] },
      key.key,
    );
    const event = await cloud().settledUsage(key.userId, reply.requestId);
    const told = usageOf(reply);
    expect(event).toMatchObject({
      userId: key.userId,
      keyId: key.keyId,
      route: "ChatCompletions",
      status: "ok",
      model,
      provider,
      byok: false,
      streamed: false,
      cacheHit: false,
      estimated: false,
      inputTokens: told.prompt_tokens,
      outputTokens: told.completion_tokens,
      cachedInputTokens: 40,
      attempts: [{ model, provider, result: "ok", status: 200, latencyMs: expect.any(Number) }],
    });
    expect(event.code).toBeUndefined();
    expect(event.costPicoUsd).toBe(costOf(event));
    expect(event.costPicoUsd).toBeGreaterThan(0n);
    expect(event.latencyMs).toBeGreaterThanOrEqual(event.timeToFirstTokenMs ?? Number.POSITIVE_INFINITY);
    await expectBooked(key, event.costPicoUsd ?? -1n);
  });

  it.each([undefined, { include_usage: true }, { include_usage: false }])(
    "of a stream with stream_options %j is what the provider told",
    async (streamOptions) => {
      const key = await cloud().createKey();
      const reply = await chat(
        cloud(),
        {
          model,
          stream: true,
          stream_options: streamOptions,
          messages: [user("Hello [[simulate: chunk-delay-ms=0 chunks=8]]")],
        },
        key.key,
      );
      const event = await cloud().settledUsage(key.userId, reply.requestId);
      expect(event).toMatchObject({ status: "ok", streamed: true, estimated: false, outputTokens: 12 });
      expect(event.inputTokens).toBeGreaterThan(0);
      expect(event.costPicoUsd).toBe(costOf(event));
      expect(event.timeToFirstTokenMs).toBeGreaterThan(0);
      await expectBooked(key, event.costPicoUsd ?? -1n);
    },
  );

  it("of a stream that the provider cut is estimated from what came, with the error's code", async () => {
    const key = await cloud().createKey();
    const reply = await chat(
      cloud(),
      {
        model,
        stream: true,
        messages: [user("Hello [[simulate: length=4000 chunks=10 chunk-delay-ms=0 cut-after=5]]")],
      },
      key.key,
    );
    const event = await cloud().settledUsage(key.userId, reply.requestId);
    expect(event).toMatchObject({ status: "error", code: "PROVIDER_ERROR", estimated: true });
    // Half of 4,000 characters came, at 4 a token.
    expect(event.outputTokens).toBeGreaterThanOrEqual(450);
    expect(event.outputTokens).toBeLessThanOrEqual(560);
    expect(event.inputTokens).toBeGreaterThan(0);
    expect(event.costPicoUsd).toBe(costOf(event));
    await expectReservationBooked(key, event);
  });

  it("of a request that failed after its retries is zero, with every attempt", async () => {
    const key = await cloud().createKey();
    const reply = await chat(
      cloud(),
      { model, retries: 1, messages: [user("Hello [[simulate: status=500]]")] },
      key.key,
    );
    expect(reply.status).toBe(503);
    const event = await cloud().settledUsage(key.userId, reply.requestId);
    expect(event).toMatchObject({
      status: "error",
      code: "MODEL_UNAVAILABLE",
      inputTokens: 0,
      outputTokens: 0,
      costPicoUsd: 0n,
    });
    expect(event.attempts.map(({ result, status }) => [result, status])).toEqual([
      ["server", 500],
      ["server", 500],
    ]);
    await expectBooked(key, 0n);
  });

  it("goes on to its end when the client leaves: Lambda is not told, so all of it is metered", async () => {
    const key = await cloud().createKey();
    const left = new AbortController();
    const response = await openChat(
      cloud(),
      { model, stream: true, messages: [user("Hello [[simulate: chunks=20 chunk-delay-ms=10]]")] },
      key.key,
      { signal: left.signal },
    );
    const requestId = response.headers.get("x-request-id") ?? "";
    await readUntil(textParts(response), (text) => text.includes('"content"'));
    left.abort();
    const event = await cloud().settledUsage(key.userId, requestId);
    expect(event).toMatchObject({ status: "ok", estimated: false, outputTokens: 30 });
    await expectBooked(key, event.costPicoUsd ?? -1n);
  });

  it("of a request that ran out of time is an error of that code", async () => {
    const key = await cloud().createKey();
    const reply = await chat(
      cloud(),
      {
        model,
        stream: true,
        timeout: 700,
        messages: [user("Hello [[simulate: chunks=4 chunk-delay-ms=0 stall-after=2]]")],
      },
      key.key,
    );
    expect(errorOf(frames(reply.text).at(-1)).code).toBe("PROVIDER_TIMEOUT");
    const event = await cloud().settledUsage(key.userId, reply.requestId);
    expect(event).toMatchObject({ status: "error", code: "PROVIDER_TIMEOUT", estimated: true });
    expect(event.outputTokens).toBeGreaterThan(0);
    await expectReservationBooked(key, event);
  });
});

describe("tokens by kind", () => {
  it("price Anthropic's cache writes and reads each at their own price", async () => {
    const key = await cloud().createKey();
    const reply = await chat(
      cloud(),
      {
        model: "claude-sonnet-4-6",
        messages: [user("Hello [[simulate: cached=50 cache-write=70 text=Hi]]")],
      },
      key.key,
    );
    const event = await cloud().settledUsage(key.userId, reply.requestId);
    expect(event).toMatchObject({ cachedInputTokens: 50, cacheWriteInputTokens: 70 });
    expect(event.inputTokens).toBeGreaterThanOrEqual(121);
    expect(event.costPicoUsd).toBe(listPrice(event));
  });

  it("hold reasoning as a part of the output", async () => {
    const key = await cloud().createKey();
    const reply = await chat(
      cloud(),
      { model: "gpt-5.2", messages: [user("Hello [[simulate: reasoning=33 text=Hi there]]")] },
      key.key,
    );
    const event = await cloud().settledUsage(key.userId, reply.requestId);
    expect(event).toMatchObject({ reasoningTokens: 33, outputTokens: 35 });
    expect(event.costPicoUsd).toBe(listPrice(event));
  });

  it("are estimated and marked when the provider never tells", async () => {
    const key = await cloud().createKey();
    const reply = await chat(
      cloud(),
      { model: "gpt-4o-mini", stream: true, messages: [user("Hello [[simulate: no-usage length=400]]")] },
      key.key,
    );
    const event = await cloud().settledUsage(key.userId, reply.requestId);
    expect(event).toMatchObject({ status: "ok", estimated: true });
    expect(event.outputTokens).toBeGreaterThanOrEqual(95);
    expect(event.outputTokens).toBeLessThanOrEqual(115);
  });

  it("of a model outside the catalogue cost what the provider states", async () => {
    const key = await cloud().createKey();
    const reply = await chat(cloud(), { model: "openrouter/somebody/some-model", messages: [user("Hello")] }, key.key);
    expect(reply.headers.get("x-model-used")).toBe("openrouter/somebody/some-model");
    const event = await cloud().settledUsage(key.userId, reply.requestId);
    expect(event).toMatchObject({ status: "ok", model: "openrouter/somebody/some-model" });
    expect(event.inputTokens).toBeGreaterThan(0);
    expect(event.costPicoUsd).toBeGreaterThan(0n);
    expect(event.costPicoUsd).toBe(event.providerCostPicoUsd);
  });

  it("of a fallback are those of the model that answered, with both attempts", async () => {
    const key = await cloud().createKey();
    const reply = await chat(
      cloud(),
      { model: "gemini-2.5-flash", retries: 0, fallback: ["gpt-4o-mini"], messages: [user("Hello")] },
      key.key,
    );
    const event = await cloud().settledUsage(key.userId, reply.requestId);
    expect(event).toMatchObject({ status: "ok", model: "gpt-4o-mini", provider: "openai" });
    expect(event.attempts.map(({ model, result }) => [model, result])).toEqual([
      ["gemini-2.5-flash", "network"],
      ["gpt-4o-mini", "ok"],
    ]);
    expect(event.costPicoUsd).toBe(listPrice(event));
    await expectBooked(key, event.costPicoUsd ?? -1n);
  });
});

describe("requests that were refused before any call", () => {
  it("leave no usage row and no reservation", async () => {
    const key = await cloud().createKey();
    const reply = await chat(cloud(), { model: "no-such-model", messages: [user("Hello")] }, key.key);
    expect(reply.status).toBe(400);
    expect(await cloud().usage(key.userId, reply.requestId)).toBeUndefined();
    expect(await cloud().admission(key.userId)).toEqual({ open: [], spentPicoUsd: 0n });
  });
});

describe("cancelling", () => {
  const cancel = (requestId: string, key: TestKey): Promise<Reply> =>
    send(`${cloud().baseUrl}/requests/${requestId}/cancel`, {
      method: "POST",
      headers: { authorization: `Bearer ${key.key}` },
    });

  const openSlowStream = async (key: TestKey, marker: string) => {
    const response = await openChat(
      cloud(),
      {
        model: "gpt-4o-mini",
        stream: true,
        messages: [user(`${marker} [[simulate: chunks=300 chunk-delay-ms=50]]`)],
      },
      key.key,
    );
    const parts = textParts(response);
    await readUntil(parts, (text) => text.includes('"content"'));
    return { parts, requestId: response.headers.get("x-request-id") ?? "" };
  };

  it("answers 202, ends the stream with an error and without [DONE], closes the provider and meters what came", async () => {
    const owner = await cloud().createKey();
    const marker = `cancel-${crypto.randomUUID()}`;
    const { parts, requestId } = await openSlowStream(owner, marker);
    // By any key of the same user.
    const second = await cloud().createKey({ userId: owner.userId });
    const reply = await cancel(requestId, second);
    expect(reply.status).toBe(202);
    expect(reply.json()).toEqual({ success: true, data: { id: requestId, status: "cancelling" } });
    const rest = await readRest(parts);
    // The contract's 3 s, told by the provider's clock: it sends a chunk every 50 ms.
    expect(frames(rest).length).toBeLessThan(3_000 / 50);
    expect(rest).not.toContain("[DONE]");
    expect(errorOf(frames(rest).at(-1))).toMatchObject({ code: "CONFLICT", details: { cancelled: true } });
    const event = await cloud().settledUsage(owner.userId, requestId);
    expect(event).toMatchObject({ status: "cancelled", code: "CONFLICT", estimated: true });
    expect(event.outputTokens).toBeGreaterThan(0);
    expect(event.costPicoUsd).toBe(listPrice(event));
    await expectReservationBooked(owner, event);
    expect((await cloud().providerRequests(marker))[0]?.state).toBe("client-left");
  });

  it("is a 404 for another user's request, which goes on, and for one that is over", async () => {
    const owner = await cloud().createKey();
    const stranger = await cloud().createKey();
    const marker = `stranger-${crypto.randomUUID()}`;
    const response = await openChat(
      cloud(),
      { model: "gpt-4o-mini", stream: true, messages: [user(`${marker} [[simulate: chunks=10 chunk-delay-ms=30]]`)] },
      owner.key,
    );
    const requestId = response.headers.get("x-request-id") ?? "";
    const refused = await cancel(requestId, stranger);
    expect(refused.status).toBe(404);
    expect(refused.error()).toMatchObject({ code: "NOT_FOUND", param: "id" });
    expect(frames(await response.text()).at(-1)).toBe("[DONE]");
    await cloud().settledUsage(owner.userId, requestId);
    expect((await cancel(requestId, owner)).status).toBe(404);
    expect((await cancel("req_no-such-request", owner)).status).toBe(404);
  });
});

import { describe, expect, it } from "vitest";
import { fromUsd } from "#core/catalog/cost.ts";
import { type TestKey, useCloud } from "#tests/support/cloud.ts";
import { chat, frames, openChat, readRest, readUntil, send, textParts, user } from "./client.ts";

const maxOpen = 3;
const capUsd = 0.006;
const cloud = useCloud({
  env: { RATE_LIMIT_SCALE: "100", MAX_OPEN_REQUESTS: String(maxOpen), DAILY_SPEND_CAP_USD: String(capUsd) },
});

const model = "gpt-4o-mini";

/** A stream that stays open until it is cancelled. */
const stalled = (extra: object = {}) => ({
  model,
  stream: true,
  messages: [user("[[simulate: chunks=4 chunk-delay-ms=0 stall-after=1]]")],
  ...extra,
});

/** Two keys of one user: whatever is counted a user is counted over both. */
const twoKeys = async (): Promise<readonly [TestKey, TestKey]> => {
  const first = await cloud().createKey();
  return [first, await cloud().createKey({ userId: first.userId })];
};

const requestIdOf = (response: Response): string => response.headers.get("x-request-id") ?? "";

const cancelAndRead = async (response: Response, key: TestKey): Promise<string> => {
  const parts = textParts(response);
  await readUntil(parts, (text) => text.includes('"content"'));
  const cancelled = await send(`${cloud().baseUrl}/requests/${requestIdOf(response)}/cancel`, {
    method: "POST",
    headers: { "x-api-key": key.key },
  });
  expect(cancelled.status).toBe(202);
  return readRest(parts);
};

describe("at most MAX_OPEN_REQUESTS of a user", () => {
  it("run at once, over both keys; the others get 429, and every place comes back", async () => {
    const [first, second] = await twoKeys();
    const responses = await Promise.all(
      Array.from({ length: 8 }, (_, index) => openChat(cloud(), stalled(), (index % 2 === 0 ? first : second).key)),
    );
    const running = responses.filter(({ status }) => status === 200);
    const refused = responses.filter(({ status }) => status !== 200);
    expect(running).toHaveLength(maxOpen);
    expect(new Set((await cloud().admission(first.userId)).open)).toEqual(new Set(running.map(requestIdOf)));
    for (const response of refused) {
      expect(response.status).toBe(429);
      expect(response.headers.get("retry-after")).toBe("1");
      expect(await response.json()).toMatchObject({
        error: {
          code: "RATE_LIMIT_EXCEEDED",
          type: "rate_limit_error",
          details: { limit: "open-requests", maxOpenRequests: maxOpen, retryAfter: 1 },
        },
      });
    }
    const ends = await Promise.all(running.map((response) => cancelAndRead(response, second)));
    for (const end of ends) expect(end).not.toContain("[DONE]");
    for (const response of running) await cloud().settledUsage(first.userId, requestIdOf(response));
    expect((await cloud().admission(first.userId)).open).toEqual([]);

    // A refused request is a row too, at no cost, so that nothing is counted twice or forgotten.
    for (const response of refused) {
      expect(await cloud().settledUsage(first.userId, requestIdOf(response))).toMatchObject({
        status: "error",
        code: "RATE_LIMIT_EXCEEDED",
        costPicoUsd: 0n,
      });
    }
    expect((await chat(cloud(), { model, messages: [user("Hello")] }, first.key)).status).toBe(200);
  });

  it("are counted for each user apart", async () => {
    const [busy, idle] = [await cloud().createKey(), await cloud().createKey()];
    const responses = await Promise.all(Array.from({ length: maxOpen }, () => openChat(cloud(), stalled(), busy.key)));
    expect(responses.map(({ status }) => status)).toEqual(Array(maxOpen).fill(200));
    expect((await chat(cloud(), { model, messages: [user("Hello")] }, idle.key)).status).toBe(200);
    await Promise.all(responses.map((response) => cancelAndRead(response, busy)));
  });

  it("are not used up by requests that fail", async () => {
    const key = await cloud().createKey();
    for (let times = 0; times < maxOpen + 2; times++) {
      const reply = await chat(cloud(), { model, retries: 0, messages: [user("[[simulate: status=500]]")] }, key.key);
      expect(reply.status).toBe(502);
      await cloud().settledUsage(key.userId, reply.requestId);
    }
    expect((await cloud().admission(key.userId)).open).toEqual([]);
  });
});

describe("the daily cap", () => {
  it("holds under concurrency and over both keys: no more is reserved than fits", async () => {
    const [first, second] = await twoKeys();
    // Each reserves 4,000 output tokens, 0.0024 USD: two fit under the cap, three do not.
    const responses = await Promise.all(
      [first, second, first].map(({ key }) => openChat(cloud(), stalled({ max_tokens: 4_000 }), key)),
    );
    const running = responses.filter(({ status }) => status === 200);
    const refused = responses.filter(({ status }) => status !== 200);
    expect(running).toHaveLength(2);
    const { spentPicoUsd } = await cloud().admission(first.userId);
    expect(spentPicoUsd).toBeLessThanOrEqual(fromUsd(capUsd));
    expect(spentPicoUsd).toBeGreaterThan(fromUsd(0.0048));
    for (const response of refused) {
      expect(response.status).toBe(402);
      expect(response.headers.get("x-should-retry")).toBe("false");
      expect(await response.json()).toMatchObject({
        error: { code: "SPEND_LIMIT_EXCEEDED", type: "insufficient_quota", details: { dailyCapUsd: capUsd } },
      });
    }
    await Promise.all(running.map((response) => cancelAndRead(response, first)));
    // What was reserved and not used comes back.
    for (const response of running) await cloud().settledUsage(first.userId, requestIdOf(response));
    const again = await chat(cloud(), { model, max_tokens: 4_000, messages: [user("Hello")] }, first.key);
    expect(again.status).toBe(200);
  });

  it("once spent refuses every further request of the user, by any key, and never another user's", async () => {
    const [first, second] = await twoKeys();
    const dear = await chat(cloud(), { model, messages: [user("Hello [[simulate: reasoning=20000]]")] }, first.key);
    expect(dear.status).toBe(200);
    const event = await cloud().settledUsage(first.userId, dear.requestId);
    expect((await cloud().admission(first.userId)).spentPicoUsd).toBe(event.costPicoUsd);
    for (const { key } of [first, second]) {
      const reply = await chat(cloud(), { model, messages: [user("Hello")] }, key);
      expect(reply.status).toBe(402);
      expect(reply.error().code).toBe("SPEND_LIMIT_EXCEEDED");
    }
    expect((await cloud().admission(first.userId)).spentPicoUsd).toBe(event.costPicoUsd);
    const other = await cloud().createKey();
    expect((await chat(cloud(), { model, messages: [user("Hello")] }, other.key)).status).toBe(200);
  });

  it("ends a stream that outgrows it with finish_reason length, and what was sent is paid", async () => {
    const key = await cloud().createKey();
    const reply = await chat(
      cloud(),
      { model, stream: true, messages: [user("[[simulate: length=60000 chunks=120 chunk-delay-ms=2]]")] },
      key.key,
    );
    const events = frames(reply.text);
    expect(events.at(-1)).toBe("[DONE]");
    expect(events.at(-2)).toMatchObject({ choices: [{ delta: {}, finish_reason: "length" }] });
    const characters = events
      .slice(0, -1)
      .map((event) => (event as { choices: { delta: { content?: string } }[] }).choices[0]?.delta.content?.length ?? 0)
      .reduce((sum, length) => sum + length, 0);
    expect(characters).toBeGreaterThan(20_000);
    expect(characters).toBeLessThan(50_000);
    const event = await cloud().settledUsage(key.userId, reply.requestId);
    expect(event).toMatchObject({ estimated: true, status: "ok" });
    expect(Math.abs(event.outputTokens - characters / 4)).toBeLessThan(1_000);
    expect((await cloud().admission(key.userId)).spentPicoUsd).toBe(event.costPicoUsd);
  });
});

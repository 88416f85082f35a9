import { describe, expect, it } from "vitest";
import { fromUsd } from "#core/catalog/cost.ts";
import { type TestKey, useCloud } from "#tests/support/cloud.ts";
import { chat, frames, openChat, readRest, readUntil, send, textParts, user, warningsOf } from "./client.ts";

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
  it("holds under concurrency and over both keys: who finds less left is held to it, and nobody is refused", async () => {
    const [first, second] = await twoKeys();
    // Each asks for 0.006 USD of output, which is all there is.
    const responses = await Promise.all(
      [first, second, first].map(({ key }) => openChat(cloud(), stalled({ max_tokens: 10_000 }), key)),
    );
    for (const response of responses) {
      expect(response.status).toBe(200);
      expect(warningsOf(response)).toBe("max_tokens");
    }
    const { spentPicoUsd } = await cloud().admission(first.userId);
    expect(spentPicoUsd).toBeLessThanOrEqual(fromUsd(capUsd));
    expect(spentPicoUsd).toBeGreaterThan(fromUsd(capUsd * 0.8));
    await Promise.all(responses.map((response) => cancelAndRead(response, first)));
    for (const response of responses) await cloud().settledUsage(first.userId, requestIdOf(response));
    // What was cut off may have cost all that it reserved: the cap keeps it.
    expect((await cloud().admission(first.userId)).spentPicoUsd).toBe(spentPicoUsd);
  });

  it("gives back at once what an answer did not use of its reservation", async () => {
    const key = await cloud().createKey();
    for (let times = 0; times < 4; times++) {
      const reply = await chat(cloud(), { model, max_tokens: 4_000, messages: [user("Hello")] }, key.key);
      expect(reply.status).toBe(200);
      await cloud().settledUsage(key.userId, reply.requestId);
    }
  });

  it("once spent refuses every further request of the user, by any key, and never another user's", async () => {
    const [first, second] = await twoKeys();
    let spent = 0n;
    for (let times = 0; times < 20; times++) {
      const dear = await chat(
        cloud(),
        { model, max_tokens: 9_000, messages: [user("Hello [[simulate: reasoning=9000]]")] },
        first.key,
      );
      if (dear.status !== 200) break;
      spent += (await cloud().settledUsage(first.userId, dear.requestId)).costPicoUsd ?? 0n;
    }
    expect((await cloud().admission(first.userId)).spentPicoUsd).toBe(spent);
    for (const { key } of [first, second]) {
      const reply = await chat(cloud(), { model, messages: [user("Hello")] }, key);
      expect(reply.status).toBe(402);
      expect(reply.headers.get("x-should-retry")).toBe("false");
      expect(reply.error()).toMatchObject({
        code: "SPEND_LIMIT_EXCEEDED",
        type: "insufficient_quota",
        details: { limit: "daily-cap", dailyCapUsd: capUsd, resetAt: expect.stringMatching(/T00:00:00\.000Z$/) },
      });
    }
    expect((await cloud().admission(first.userId)).spentPicoUsd).toBe(spent);
    const other = await cloud().createKey();
    expect((await chat(cloud(), { model, messages: [user("Hello")] }, other.key)).status).toBe(200);
  });

  it("holds a stream to what is left: the provider itself ends it with finish_reason length", async () => {
    const key = await cloud().createKey();
    const reply = await chat(
      cloud(),
      { model, stream: true, messages: [user("[[simulate: length=60000 chunks=120 chunk-delay-ms=2]]")] },
      key.key,
    );
    // The caller set no limit, so there is no value to warn about.
    expect(warningsOf(reply)).toBeFalsy();
    const events = frames(reply.text);
    expect(events.at(-1)).toBe("[DONE]");
    expect(events.at(-2)).toMatchObject({ choices: [{ finish_reason: "length" }] });
    const event = await cloud().settledUsage(key.userId, reply.requestId);
    expect(event).toMatchObject({ estimated: false, status: "ok" });
    const { spentPicoUsd } = await cloud().admission(key.userId);
    expect(spentPicoUsd).toBe(event.costPicoUsd);
    expect(spentPicoUsd).toBeLessThanOrEqual(fromUsd(capUsd));
  });
});

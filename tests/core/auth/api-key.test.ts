import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { forgetUnknownKeys, startVerification, verifyApiKey } from "#core/auth/api-key.ts";
import { hashKey, readKeyMark } from "#core/db/key-marks.ts";
import { rowKeys } from "#core/db/row-keys.ts";
import { putItem, updateItem } from "#core/db/table.ts";
import { logger } from "#core/observability/logger.ts";
import { flushMetrics } from "#core/observability/metrics.ts";
import type { RateLimit } from "#core/routes.ts";
import { captureLog } from "#tests/core/support/lambda.ts";
import { type Fault, operationOf, type Relay, startRelay } from "#tests/core/support/relay.ts";
import { hasTables, tablesName, useTables } from "#tests/core/support/tables.ts";
import { rootKey, startTestUnkey, type TestUnkey } from "#tests/infra/local/unkey/unkey.ts";

const minuteMs = 60_000;
const endpoint: RateLimit = { name: "chat-completions", limit: 60, durationMs: minuteMs, scope: "key" };
const down: readonly (readonly [string, Fault])[] = [
  ["does not answer in 800 ms", { kind: "hang" }],
  ["answers 500", { kind: "answer", status: 500, body: "{}" }],
  ["answers something that is no JSON", { kind: "answer", status: 200, body: "<html>" }],
  ["answers JSON of another shape", { kind: "answer", status: 200, body: '{"data":{}}' }],
  ["refuses our root key", { kind: "answer", status: 401, body: '{"error":{}}' }],
  ["resets the connection", { kind: "reset" }],
];
/** What Unkey says of a key, word by word. */
const saying = (data: object): (() => Fault) => {
  const body = JSON.stringify({ meta: { requestId: "r" }, data });
  return () => ({ kind: "answer", status: 200, body });
};
const isDown: Fault = { kind: "answer", status: 500, body: "{}" };

describe.skipIf(!hasTables)(`verifyApiKey (${tablesName})`, () => {
  const tables = useTables();
  let unkey: TestUnkey;
  let relay: Relay;

  beforeAll(async () => {
    unkey = await startTestUnkey();
    relay = await startRelay(unkey.url);
    process.env.UNKEY_URL = relay.url;
    process.env.SST_RESOURCE_UnkeyRootKey = JSON.stringify({ value: rootKey });
  });
  beforeEach(() => {
    relay.reset();
    forgetUnknownKeys();
    // Each test begins in a window of its own.
    unkey.clock.nowMs += 10 * minuteMs;
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });
  afterAll(async () => {
    await relay.close();
    await unkey.close();
  });

  /** A key as the dashboard makes it. */
  const newKey = async (body: object = {}) => {
    const userId = `user_${randomUUID()}`;
    const { key, keyId } = await unkey.createKey({
      prefix: "ck",
      externalId: userId,
      ratelimits: [{ name: "requests", limit: 100, duration: minuteMs, autoApply: true }],
      ...body,
    });
    return { key, keyId, userId, hash: hashKey(key) };
  };
  const verify = (key: string, limit: RateLimit | undefined = endpoint) =>
    verifyApiKey(key, limit, "ChatCompletions", unkey.clock.nowMs);
  /** What the endpoint's handler does after its answer. */
  const verifyAndNote = async (key: string) => {
    const verified = await verify(key);
    await verified.deferred?.();
    return verified;
  };
  const calls = () => ({ unkey: relay.requests.length, dynamoDb: tables().requests.map(operationOf) });

  it("knows whose key it is, in exactly one call to Unkey and one read of DynamoDB", async () => {
    const { key, keyId, userId } = await newKey();
    tables().reset();
    const { principal, limit } = await verify(key);
    expect(principal).toMatchObject({ kind: "key", userId, keyId });
    expect(limit).toMatchObject({ limit: 60, remaining: 59 });
    expect(calls()).toEqual({ unkey: 1, dynamoDb: ["GetItem"] });
  });

  it("reports the limit nearest to its end: the key's own one when that is smaller", async () => {
    const { key } = await newKey({ ratelimits: [{ name: "requests", limit: 5, duration: minuteMs, autoApply: true }] });
    expect((await verify(key)).limit).toMatchObject({ limit: 5, remaining: 4 });
  });

  describe("the caller by our mark, before the verdict", () => {
    const early = async (key: string) => {
      const { early, verified } = startVerification(key, endpoint, "ChatCompletions", unkey.clock.nowMs);
      await verified.catch(() => undefined);
      return early;
    };

    it("is there for a key that was verified a short while ago", async () => {
      const { key, userId, keyId } = await newKey();
      expect(await early(key)).toBeUndefined();
      await verifyAndNote(key);
      expect(await early(key)).toMatchObject({ userId, keyId });
      unkey.clock.nowMs += 10 * minuteMs + 1;
      expect(await early(key)).toBeUndefined();
    });

    // Unkey's server sends an instant, its specification says a duration.
    it.each([
      ["as an instant", () => unkey.clock.nowMs + 42_000, 42_000],
      ["as a duration", () => 42_000, minuteMs],
    ])("is not there until the end of a limit that is reached, stated %s", async (_, reset, waitMs) => {
      const { key, keyId } = await newKey();
      await verifyAndNote(key);
      const limit = { name: "requests", limit: 100, remaining: 0, duration: minuteMs, exceeded: true, autoApply: true };
      relay.intercept = () =>
        saying({ valid: false, code: "RATE_LIMITED", keyId, ratelimits: [{ ...limit, reset: reset() }] })();
      await early(key);
      relay.reset();
      unkey.clock.nowMs += waitMs - 1;
      expect(await early(key)).toBeUndefined();
      unkey.clock.nowMs += 1;
      expect(await early(key)).toMatchObject({ keyId });
    });
  });

  it("counts no endpoint's limit where there is none", async () => {
    const { key } = await newKey();
    await verifyApiKey(key, undefined, "Health", unkey.clock.nowMs);
    expect(JSON.parse(relay.requests[0]?.body ?? "")).toEqual({ key, tags: ["route=Health"] });
  });

  describe("Unkey's verdict", () => {
    const invalid = { code: "INVALID_API_KEY", status: 401 };

    it("NOT_FOUND is 401, and the same message as for any other bad key", async () => {
      const unknown = await verify(`ck_${"2".repeat(22)}`).catch((error: Error) => error);
      const { key } = await newKey({ enabled: false });
      const disabled = await verify(key).catch((error: Error) => error);
      expect(unknown).toMatchObject(invalid);
      expect(disabled).toMatchObject({ ...invalid, message: (unknown as Error).message });
    });

    it("EXPIRED is 401", async () => {
      const { key } = await newKey({ expires: unkey.clock.nowMs + 1_000 });
      await verify(key);
      unkey.clock.nowMs += 1_000;
      await expect(verify(key)).rejects.toMatchObject(invalid);
    });

    it("USAGE_EXCEEDED is 429", async () => {
      const { key } = await newKey({ credits: { remaining: 0 } });
      await expect(verify(key)).rejects.toMatchObject({ code: "RATE_LIMIT_EXCEEDED", status: 429 });
    });

    it("RATE_LIMITED is 429 with the exceeded limit and when to come back", async () => {
      const { key } = await newKey({
        ratelimits: [{ name: "requests", limit: 2, duration: minuteMs, autoApply: true }],
      });
      await verify(key);
      await verify(key);
      await expect(verify(key)).rejects.toMatchObject({
        code: "RATE_LIMIT_EXCEEDED",
        retryAfterSeconds: 60 - Math.floor((unkey.clock.nowMs % minuteMs) / 1_000),
        headers: { "x-ratelimit-limit": "2", "x-ratelimit-remaining": "0" },
      });
    });

    it("RATE_LIMITED by the endpoint's limit is counted for each key of its own", async () => {
      const [one, two] = [await newKey(), await newKey()];
      const narrow = { ...endpoint, limit: 1 };
      await verify(one.key, narrow);
      await expect(verify(one.key, narrow)).rejects.toMatchObject({ code: "RATE_LIMIT_EXCEEDED" });
      expect((await verify(two.key, narrow)).principal.keyId).toBe(two.keyId);
    });

    it("that comes one day and that we do not know is 401", async () => {
      relay.intercept = () => ({
        kind: "answer",
        status: 200,
        body: '{"meta":{},"data":{"valid":false,"code":"PAUSED","keyId":"key_1"}}',
      });
      await expect(verify((await newKey()).key)).rejects.toMatchObject(invalid);
    });

    it("VALID for a key that belongs to nobody is 401, and the log says which key someone made by hand", async () => {
      const warn = vi.spyOn(logger, "warn").mockImplementation(() => undefined);
      const { key, keyId } = await unkey.createKey({ prefix: "ck" });
      await expect(verify(key)).rejects.toMatchObject(invalid);
      expect(warn.mock.calls).toEqual([["A valid key has no owner", { keyId }]]);
    });

    it("VALID without a key's id is 401: nothing could be counted on it", async () => {
      relay.intercept = saying({ valid: true, code: "VALID", identity: { externalId: "user_1" } });
      await expect(verify((await newKey()).key)).rejects.toMatchObject(invalid);
    });

    it("VALID without any limit lets the key through, and reports none", async () => {
      const { key, keyId, userId, hash } = await newKey();
      relay.intercept = saying({ valid: true, code: "VALID", keyId, identity: { externalId: userId } });
      expect((await verifyAndNote(key)).limit).toBeUndefined();
      expect(await readKeyMark(hash)).toEqual({ keyId, userId, enabled: true, verifiedAt: unkey.clock.nowMs });
    });

    it("RATE_LIMITED names the limit that was exceeded, not another one that is used up", async () => {
      const nowMs = unkey.clock.nowMs;
      const ratelimits = [
        { name: "requests", limit: 60, remaining: 0, reset: nowMs + 5_000, exceeded: false },
        { name: "chat-completions", limit: 10, remaining: 0, reset: nowMs + 50_000, exceeded: true },
      ];
      relay.intercept = saying({ valid: false, code: "RATE_LIMITED", keyId: "key_1", ratelimits });
      await expect(verify((await newKey()).key)).rejects.toMatchObject({
        retryAfterSeconds: 50,
        headers: { "x-ratelimit-limit": "10" },
      });
    });
  });

  describe("our own mark", () => {
    it.each([
      ["revoked", () => ({ revokedAt: unkey.clock.nowMs - 1 })],
      ["disabled", () => ({ enabled: false })],
      ["expired", () => ({ expiresAtMs: unkey.clock.nowMs })],
    ])("%s beats an Unkey that still says VALID", async (_name, state) => {
      const { key, keyId, userId, hash } = await newKey();
      await verify(key);
      await putItem("keys", { ...rowKeys.keyMark(hash), keyId, userId, ...state() });
      await expect(verify(key)).rejects.toMatchObject({ code: "INVALID_API_KEY" });
    });

    it("that expires later lets the key through until then", async () => {
      const { key, keyId, userId, hash } = await newKey();
      await putItem("keys", { ...rowKeys.keyMark(hash), keyId, userId, expiresAtMs: unkey.clock.nowMs + 1 });
      expect((await verify(key)).principal.keyId).toBe(keyId);
    });

    it("is noted after a first verification, and again once it is five minutes old", async () => {
      const { key, keyId, userId, hash } = await newKey();
      const firstMs = unkey.clock.nowMs;
      await verifyAndNote(key);
      expect(await readKeyMark(hash)).toEqual({ keyId, userId, enabled: true, verifiedAt: firstMs, rateLimit: 100 });
      unkey.clock.nowMs += 5 * minuteMs;
      expect((await verify(key)).deferred).toBeUndefined();
      unkey.clock.nowMs += 1;
      await verifyAndNote(key);
      expect((await readKeyMark(hash))?.verifiedAt).toBe(unkey.clock.nowMs);
    });

    it.each(["the endpoint's first", "its own first"])(
      "keeps the key's own limit, whichever Unkey names first: %s",
      async (order) => {
        const { key, keyId, userId, hash } = await newKey();
        const reset = unkey.clock.nowMs + minuteMs;
        const ratelimits = [
          { name: "chat-completions", limit: 60, remaining: 59, reset, exceeded: false },
          { name: "requests", limit: 7, remaining: 6, reset, exceeded: false },
        ];
        if (order === "its own first") ratelimits.reverse();
        relay.intercept = saying({ valid: true, code: "VALID", keyId, identity: { externalId: userId }, ratelimits });
        await verifyAndNote(key);
        expect((await readKeyMark(hash))?.rateLimit).toBe(7);
      },
    );

    it("keeps no limit when Unkey only names the endpoint's, and the own one where the endpoint has none", async () => {
      const { key, keyId, userId, hash } = await newKey();
      const reset = unkey.clock.nowMs + minuteMs;
      const named = (name: string) =>
        saying({
          valid: true,
          code: "VALID",
          keyId,
          identity: { externalId: userId },
          ratelimits: [{ name, limit: 9, remaining: 8, reset, exceeded: false }],
        });
      relay.intercept = named("chat-completions");
      await verifyAndNote(key);
      expect((await readKeyMark(hash))?.rateLimit).toBeUndefined();
      relay.intercept = named("requests");
      unkey.clock.nowMs += 6 * minuteMs;
      await (await verifyApiKey(key, undefined, "Models", unkey.clock.nowMs)).deferred?.();
      expect((await readKeyMark(hash))?.rateLimit).toBe(9);
    });

    it("that nobody can read lets nobody in, and is our fault, not a bad key", async () => {
      const { key, keyId, userId, hash } = await newKey();
      await putItem("keys", { ...rowKeys.keyMark(hash), keyId, userId, enabled: "yes" });
      await expect(verify(key)).rejects.not.toHaveProperty("status");
    });

    it("is not noted for a refused key", async () => {
      const { key, hash } = await newKey({ enabled: false });
      await verify(key).catch(() => undefined);
      expect(await readKeyMark(hash)).toBeUndefined();
    });
  });

  describe("a key that Unkey does not know", () => {
    const guess = `ck_${"9".repeat(22)}`;

    it("is remembered for 10 s: neither Unkey nor DynamoDB is asked again", async () => {
      await expect(verify(guess)).rejects.toMatchObject({ code: "INVALID_API_KEY" });
      tables().reset();
      relay.reset();
      unkey.clock.nowMs += 9_999;
      for (let index = 0; index < 50; index++) {
        await expect(verify(guess)).rejects.toMatchObject({ code: "INVALID_API_KEY" });
      }
      expect(calls()).toEqual({ unkey: 0, dynamoDb: [] });
      unkey.clock.nowMs += 1;
      await expect(verify(guess)).rejects.toMatchObject({ code: "INVALID_API_KEY" });
      expect(calls().unkey).toBe(1);
      forgetUnknownKeys();
      await expect(verify(guess)).rejects.toMatchObject({ code: "INVALID_API_KEY" });
      expect(calls().unkey).toBe(2);
    });

    it("says nothing about any other key", async () => {
      await verify(guess).catch(() => undefined);
      const { key, keyId } = await newKey();
      expect((await verify(key)).principal.keyId).toBe(keyId);
    });

    it("is not remembered for what is only disabled: enabling it works at once", async () => {
      const { key, keyId } = await newKey({ enabled: false });
      await verify(key).catch(() => undefined);
      await unkey.call("keys.updateKey", { keyId, enabled: true });
      expect((await verify(key)).principal.keyId).toBe(keyId);
    });
  });

  describe("while Unkey", () => {
    it.each(down)("%s, a key that was verified in the last 10 minutes goes on", async (_name, fault) => {
      const { key, keyId, userId } = await newKey();
      await verifyAndNote(key);
      relay.intercept = () => fault;
      unkey.clock.nowMs += 10 * minuteMs;
      const { principal, limit, deferred } = await verify(key);
      expect(principal).toMatchObject({ kind: "key", userId, keyId });
      expect(limit).toMatchObject({ limit: 60, remaining: 59 });
      // Trust must not prolong itself.
      expect(deferred).toBeUndefined();
    });

    it.each(down)("%s, any other key gets 503, never a way in and never a 401", async (_name, fault) => {
      const { key } = await newKey();
      await verifyAndNote(key);
      relay.intercept = () => fault;
      unkey.clock.nowMs += 10 * minuteMs + 1;
      await expect(verify(key)).rejects.toMatchObject({ code: "SERVICE_UNAVAILABLE", retryAfterSeconds: 5 });
      await expect(verify(`ck_${"7".repeat(22)}`)).rejects.toMatchObject({ code: "SERVICE_UNAVAILABLE" });
    });

    it("is down, a known key that we revoked is refused, not asked to come back", async () => {
      const { key, hash } = await newKey();
      await verifyAndNote(key);
      await updateItem("keys", rowKeys.keyMark(hash), "SET revokedAt = :at", { values: { ":at": 1 } });
      relay.intercept = () => isDown;
      await expect(verify(key)).rejects.toMatchObject({ code: "INVALID_API_KEY" });
      unkey.clock.nowMs += 60 * minuteMs;
      await expect(verify(key)).rejects.toMatchObject({ code: "INVALID_API_KEY" });
    });

    it("is down, the key's own limit holds in this environment", async () => {
      const { key } = await newKey({
        ratelimits: [{ name: "requests", limit: 3, duration: minuteMs, autoApply: true }],
      });
      await verifyAndNote(key);
      relay.intercept = () => isDown;
      const results = await Promise.allSettled(Array.from({ length: 10 }, () => verify(key)));
      expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(3);
      // Which of them come first is the connections' affair.
      for (const result of results.filter(({ status }) => status === "rejected")) {
        expect(result).toMatchObject({ reason: { code: "RATE_LIMIT_EXCEEDED" } });
      }
    });

    it("is down, the endpoint's limit holds in this environment", async () => {
      const { key } = await newKey();
      await verifyAndNote(key);
      relay.intercept = () => isDown;
      const narrow = { ...endpoint, name: "chat", limit: 2 };
      const results = await Promise.allSettled(Array.from({ length: 10 }, () => verify(key, narrow)));
      expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(2);
    });

    it("is down, each key has limits of its own: one that is used up takes nothing from another", async () => {
      const narrow = { ...endpoint, name: "narrow", limit: 1 };
      const own = { ratelimits: [{ name: "requests", limit: 1, duration: minuteMs, autoApply: true }] };
      const keys = [await newKey(own), await newKey(own), await newKey(), await newKey()];
      for (const { key } of keys) await verifyAndNote(key);
      relay.intercept = () => isDown;
      for (const { key, keyId } of keys) expect((await verify(key, narrow)).principal.keyId).toBe(keyId);
    });

    it("is down, a key's own limit holds where the endpoint has none", async () => {
      const { key } = await newKey({
        ratelimits: [{ name: "requests", limit: 2, duration: minuteMs, autoApply: true }],
      });
      await verifyAndNote(key);
      relay.intercept = () => isDown;
      const again = () => verifyApiKey(key, undefined, "Models", unkey.clock.nowMs);
      expect((await again()).limit).toMatchObject({ limit: 2, remaining: 1 });
      await again();
      await expect(again()).rejects.toMatchObject({ code: "RATE_LIMIT_EXCEEDED" });
    });

    it("is down, the log says why and for which route, and nothing of the key", async () => {
      const warn = vi.spyOn(logger, "warn").mockImplementation(() => undefined);
      const { key } = await newKey();
      relay.intercept = () => isDown;
      await expect(verify(key)).rejects.toMatchObject({
        message: "Key verification is unavailable. Try again in a few seconds.",
      });
      expect(warn.mock.calls).toEqual([
        ["Unkey is unavailable", { reason: "Unkey answered with status 500", route: "ChatCompletions" }],
      ]);
    });
  });

  it("counts each verification that went without Unkey, for the operators' alarm", async () => {
    const { key } = await newKey();
    await verifyAndNote(key);
    await captureLog(() => flushMetrics({ route: "before" }));
    relay.intercept = () => isDown;
    const { lines } = await captureLog(async () => {
      await verify(key);
      await verify(key);
      await flushMetrics({ route: "ChatCompletions" });
    });
    expect(lines.find((line) => "_aws" in line)).toMatchObject({ UnkeyUnavailable: 2 });
  });

  describe("while DynamoDB is down", () => {
    it("every key gets 503, since a revoked one could pass", async () => {
      const { key } = await newKey();
      await verifyAndNote(key);
      tables().intercept = () => ({ kind: "answer", status: 500, body: "" });
      await expect(verify(key)).rejects.toMatchObject({
        code: "SERVICE_UNAVAILABLE",
        retryAfterSeconds: 5,
        message: "The key table is unavailable. Try again in a few seconds.",
      });
    });

    it("and Unkey too, the answer is 503", async () => {
      const { key } = await newKey();
      tables().intercept = () => ({ kind: "reset" });
      relay.intercept = () => isDown;
      await expect(verify(key)).rejects.toMatchObject({ code: "SERVICE_UNAVAILABLE" });
    });
  });
});

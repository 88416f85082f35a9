import { randomUUID } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import { AnswerCache, type CachedAnswer } from "#core/cache/answer-cache.ts";
import { lockAnswer, readAnswer, writeAnswer } from "#core/db/cached-answers.ts";
import { rowKeys } from "#core/db/row-keys.ts";
import { getItem, putItem } from "#core/db/table.ts";
import { forgetDataKeys } from "#core/encryption/data-key.ts";
import { scanTable, useKms } from "#tests/accounts/support/stand-ins.ts";
import { muteLog } from "#tests/core/support/lambda.ts";
import { type Fault, operationOf, type RelayedRequest } from "#tests/core/support/relay.ts";
import { hasTables, tablesName, useTables } from "#tests/core/support/tables.ts";

muteLog();

const minuteMs = 60_000;
const never = new AbortController().signal;
const canary = "canary-7f3a-of-the-answer";
const answer: CachedAnswer = {
  format: "completion",
  model: "gpt-5.2",
  provider: "openai",
  simulated: false,
  usage: '{"total_tokens":3}',
  text: JSON.stringify({ text: canary.repeat(20) }),
};

describe.skipIf(!hasTables)(`AnswerCache (${tablesName})`, () => {
  const tables = useTables();
  const kms = useKms();
  let userId = "";
  let digest = "";
  beforeEach(() => {
    userId = randomUUID();
    digest = randomUUID();
    forgetDataKeys();
  });

  const open = (options: { readonly deadlineMs?: number; readonly ttlSeconds?: number } = {}): AnswerCache =>
    new AnswerCache({
      userId,
      digest,
      requestId: randomUUID(),
      ttlSeconds: options.ttlSeconds ?? 3_600,
      deadlineMs: options.deadlineMs ?? Date.now() + minuteMs,
    });
  /** A request that looked in vain and shall ask the provider. */
  const leader = async (options?: { readonly deadlineMs: number }): Promise<AnswerCache> => {
    const cache = open(options);
    expect(await cache.find(never)).toBeUndefined();
    return cache;
  };
  /** Resolves once a request has found the lock taken. */
  const waiting = (): Promise<void> => {
    const found = Promise.withResolvers<void>();
    let locks = 0;
    tables().intercept = (request) => {
      // Its second try for the lock comes after it waited once.
      if (isLock(request) && ++locks === 2) found.resolve();
      return undefined;
    };
    return found.promise;
  };
  const isLock = (request: RelayedRequest): boolean =>
    operationOf(request) === "PutItem" && request.body.includes("#LOCK") && !request.body.includes("unstorable");
  const lockRow = async () => {
    const { pk, sk } = rowKeys.cachedAnswer(userId, digest);
    return getItem("cache", { pk, sk: `${sk}#LOCK` }, { consistent: true });
  };

  it("gives back what was stored, for this user and this question only", async () => {
    await (await leader()).finish(answer);
    expect(await open().find(never)).toEqual(answer);
    digest = randomUUID();
    expect(await open().find(never)).toBeUndefined();
  });

  it("leaves no lock behind a hit: the next one after the answer has expired need not wait", async () => {
    const stored = open();
    await stored.find(never);
    await stored.finish(answer);
    // The lock of the request that stored it has lapsed.
    await putItem("cache", { ...(await lockRow()), pk: `USER#${userId}`, sk: `ANSWER#${digest}#LOCK`, expiresAt: 1 });
    const hit = open();
    expect(await hit.find(never)).toEqual(answer);
    await hit.finish("free");
    expect(await lockRow()).toBeUndefined();
  });

  it("checks the end of an answer's time on read: DynamoDB deletes late", async () => {
    await (await leader()).finish(answer);
    const row = await readAnswer(userId, digest, Date.now());
    if (row === undefined) throw new Error("Nothing was stored");
    expect(row.expiresAt * 1_000 - Date.now()).toBeGreaterThan(3_590_000);
    expect(await readAnswer(userId, digest, Date.now() + 3_601_000)).toBeUndefined();
    await writeAnswer(userId, digest, { ...row, expiresAt: Math.floor(Date.now() / 1_000) - 1 });
    expect(await getItem("cache", rowKeys.cachedAnswer(userId, digest))).toBeDefined();
    expect(await readAnswer(userId, digest, Date.now())).toBeUndefined();
  });

  it("holds no answer in the clear: neither as text nor as base64, and a row that was moved does not open", async () => {
    await (await leader()).finish(answer);
    const rows = JSON.stringify(
      (await scanTable(tables(), "cache")).filter(({ pk }) => String(pk).includes(userId)),
      (_, value: unknown) => (typeof value === "bigint" ? String(value) : value),
    );
    expect(rows).toContain("ciphertext");
    expect(rows).not.toContain(canary);
    expect(rows).not.toContain(Buffer.from(canary).toString("base64").slice(4, 24));
    const row = await readAnswer(userId, digest, Date.now());
    if (row === undefined) throw new Error("Nothing was stored");
    const [from, victim] = [userId, randomUUID()];
    await writeAnswer(victim, digest, row);
    userId = victim;
    expect(await open().find(never)).toBeUndefined();
    userId = from;
    expect(await open().find(never)).toEqual(answer);
  });

  it("keeps no answer over 300 KB", async () => {
    const cache = await leader();
    await cache.finish({ ...answer, text: "x".repeat(300 * 1_024 + 1) });
    expect(await readAnswer(userId, digest, Date.now())).toBeUndefined();
    const fits = { ...answer, text: "x".repeat(300 * 1_024) };
    digest = randomUUID();
    await (await leader()).finish(fits);
    expect(await open().find(never)).toEqual(fits);
  });

  it("collects a stream up to 300 KB", () => {
    const cache = open();
    expect(cache.collected).toBeUndefined();
    cache.collect(Buffer.from("data: é\n\n"));
    cache.collect("data: b\n\n");
    expect(cache.collected).toBe("data: é\n\ndata: b\n\n");
    cache.collect("x".repeat(300 * 1_024));
    expect(cache.collected).toBeUndefined();
    cache.collect("y");
    expect(cache.collected).toBeUndefined();
  });

  it("lets one of twenty ask: the others get its answer", async () => {
    const caches = Array.from({ length: 20 }, () => open());
    const asked: AnswerCache[] = [];
    const found = await Promise.all(
      caches.map(async (cache) => {
        const hit = await cache.find(never);
        if (hit !== undefined) return hit;
        asked.push(cache);
        await cache.finish(answer);
        return answer;
      }),
    );
    expect(asked).toHaveLength(1);
    expect(found).toEqual(Array(20).fill(answer));
  });

  it("asks no second time for a request that looked just before the answer was stored and locks just after", async () => {
    const first = await leader();
    await first.finish(answer);
    let reads = 0;
    // What an eventually consistent read may still say.
    tables().intercept = (request): Fault | undefined =>
      operationOf(request) === "GetItem" && ++reads === 1 ? { kind: "answer", status: 200, body: "{}" } : undefined;
    expect(await open().find(never)).toEqual(answer);
    expect(reads).toBeGreaterThan(1);
  });

  it("lets exactly one of those who wait take over when the first fails", async () => {
    const first = await leader();
    const wait = waiting();
    const asked: AnswerCache[] = [];
    const others = [open(), open()].map(async (cache) => {
      const hit = await cache.find(never);
      if (hit !== undefined) return hit;
      asked.push(cache);
      await cache.finish(answer);
      return undefined;
    });
    await wait;
    await first.finish("free");
    const hits = await Promise.all(others);
    expect(asked).toHaveLength(1);
    expect(hits.filter((hit) => hit !== undefined)).toEqual([answer]);
  });

  it("lets all who wait ask for themselves when the answer turned out to be one that is not kept", async () => {
    const first = await leader();
    const wait = waiting();
    const others = [open(), open(), open()].map((cache) => cache.find(never));
    await wait;
    await first.finish("unstorable");
    expect(await Promise.all(others)).toEqual([undefined, undefined, undefined]);
  });

  it("takes over from a request that was killed, once its time is over and not before", async () => {
    const nowMs = Date.now();
    await leader({ deadlineMs: nowMs + 5_000 });
    expect(await lockAnswer(userId, digest, "other", nowMs + minuteMs, nowMs + 5_000)).toBe("wait");
    expect(await lockAnswer(userId, digest, "other", nowMs + minuteMs, nowMs + 8_000)).toBe("taken");
  });

  it("stops waiting when its signal fires", async () => {
    await leader();
    const wait = waiting();
    const controller = new AbortController();
    const finding = open().find(controller.signal);
    await wait;
    controller.abort();
    expect(await finding).toBeUndefined();
  });

  it("gives back a lock that it gets after the request was refused already", async () => {
    const held = Promise.withResolvers<void>();
    tables().intercept = (request): Fault | undefined =>
      isLock(request) ? { kind: "hold", until: held.promise } : undefined;
    const cache = open();
    const finding = cache.find(never);
    const finishing = cache.finish("free");
    held.resolve();
    await Promise.all([finding, finishing]);
    expect(await lockRow()).toBeUndefined();
  });

  it("ends its own waiting when the request is refused", async () => {
    await leader();
    const wait = waiting();
    const cache = open();
    const finding = cache.find(never);
    await wait;
    await cache.finish("free");
    expect(await finding).toBeUndefined();
    // The lock is the other's.
    expect(await lockRow()).toBeDefined();
  });

  it("is never the caller's fault: without KMS, or without its table, the request goes on and nobody has to wait", async () => {
    kms().intercept = () => ({ kind: "answer", status: 500, body: '{"__type":"KMSInternalException"}' });
    const cache = await leader();
    await cache.finish(answer);
    expect(await readAnswer(userId, digest, Date.now())).toBeUndefined();
    expect(await open().find(never)).toBeUndefined();

    kms().reset();
    digest = randomUUID();
    await (await leader()).finish(answer);
    forgetDataKeys();
    kms().intercept = () => ({ kind: "answer", status: 400, body: '{"__type":"DisabledException"}' });
    expect(await open().find(never)).toBeUndefined();

    tables().intercept = () => ({ kind: "answer", status: 400, body: '{"__type":"x#AccessDeniedException"}' });
    const blind = open();
    expect(await blind.find(never)).toBeUndefined();
    await blind.finish(answer);
  });

  it("goes on without a row that is not one of ours", async () => {
    await putItem("cache", { ...rowKeys.cachedAnswer(userId, digest), format: "of another version", expiresAt: 1e12 });
    const cache = open();
    expect(await cache.find(never)).toBeUndefined();
    await cache.finish(answer);
    expect(await open().find(never)).toEqual(answer);
  });
});

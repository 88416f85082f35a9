import { PutCommand } from "@aws-sdk/lib-dynamodb";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { exportAccount } from "#core/accounts/export-account.ts";
import { config } from "#core/config.ts";
import { addDelivery } from "#core/db/deliveries.ts";
import { documents } from "#core/db/document-client.ts";
import { insertExport } from "#core/db/exports.ts";
import { jobRowSchema, putJob } from "#core/db/jobs.ts";
import { insertPreset } from "#core/db/presets.ts";
import { putArenaRun } from "#core/db/rating-rows.ts";
import { putFeedback } from "#core/db/request-log.ts";
import { ratingsKey, rowKeys, utcDay } from "#core/db/row-keys.ts";
import type { UsageEvent } from "#core/db/usage-event.ts";
import { settleUsage } from "#core/db/usage-events.ts";
import { newId, uuidV7 } from "#core/ids.ts";
import { countPanel } from "#core/ratings/note-run.ts";
import { rollUp } from "#core/usage/rollup.ts";
import { muteLog } from "#tests/core/support/lambda.ts";
import { type Relay, startRelay } from "#tests/core/support/relay.ts";
import { hasTables, tablesName, useTables } from "#tests/core/support/tables.ts";
import { newEvent, newUser, putOpenRow } from "#tests/core/support/usage-events.ts";

muteLog();
const nowMs = Date.UTC(2026, 10, 20, 13);
const dayMs = 86_400_000;
/** In every sealed or secret place of the rows. */
const secret = "never-to-be-shown";
const sealed = { wrappedKey: secret, version: 1, nonce: secret, ciphertext: secret, tag: secret } as const;

type Line = Readonly<Record<string, unknown>> & { readonly type: string };

describe.skipIf(!hasTables)(`the export of an account (${tablesName})`, () => {
  useTables();
  let unkey: Relay;
  let userId: string;
  beforeAll(async () => {
    unkey = await startRelay();
    unkey.intercept = () => ({
      kind: "answer",
      status: 200,
      body: JSON.stringify({ meta: { requestId: "r" }, data: [], pagination: { hasMore: false } }),
    });
    process.env.UNKEY_URL = unkey.url;
    process.env.UNKEY_API_ID = "api_1";
    process.env.SST_RESOURCE_UnkeyRootKey = JSON.stringify({ value: "unkey_root" });
  });
  beforeEach(() => {
    userId = newUser();
  });
  afterAll(() => unkey.close());

  const store = async (ms: number, changes: Partial<UsageEvent> = {}): Promise<UsageEvent> => {
    const event = newEvent({ userId, requestId: `req_${uuidV7(ms)}`, day: utcDay(ms), startedAt: ms, ...changes });
    const { day, requestId, generation } = event;
    await putOpenRow(event);
    await settleUsage({
      userId,
      day,
      requestId,
      generation,
      status: "ok",
      keyId: event.keyId,
      attempts: event.attempts,
    });
    return event;
  };
  const pageOf = async (cursor?: string): Promise<readonly Line[]> => {
    const text = await exportAccount({ userId, email: "me@test.local" }, cursor, nowMs);
    expect(text).not.toContain(secret);
    expect(Buffer.byteLength(text)).toBeLessThan(6 * 1_048_576);
    return text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Line);
  };
  /** All pages from a cursor on. */
  const pagesFrom = async (cursor?: string): Promise<readonly (readonly Line[])[]> => {
    const pages: (readonly Line[])[] = [];
    let at = cursor;
    do {
      const page = await pageOf(at);
      pages.push(page);
      at = page.at(-1)?.cursor as string | undefined;
      if (pages.length > 100) throw new Error("The export does not end");
    } while (at !== undefined);
    expect(pages.at(-1)?.at(-1)).toEqual({ type: "end" });
    return pages;
  };
  const requestsOf = (pages: readonly (readonly Line[])[]): readonly unknown[] =>
    pages.flatMap((page) => page.filter(({ type }) => type === "request").map(({ id }) => id));

  it("has everything that the account can see elsewhere, and no secret", async () => {
    const event = await store(nowMs - dayMs, { tags: { team: "search" } });
    await putFeedback(event, { score: 1, comment: "Good", at: nowMs });
    await rollUp([event], nowMs);
    const target = {
      id: newId("export"),
      userId,
      kind: "otlp",
      url: "https://a.example.com/v1",
      headers: sealed,
    } as const;
    await insertExport({
      ...target,
      headerNames: ["authorization"],
      secret: sealed,
      sampling: 1,
      enabled: true,
      createdAt: nowMs,
    });
    const delivery = {
      userId,
      kind: "export",
      url: "https://a.example.com/v1",
      tries: 0,
      createdAt: nowMs,
      nextTryAt: nowMs,
    };
    await addDelivery({
      ...{
        ...delivery,
        id: newId("delivery"),
        messageId: "msg_1",
        secret: sealed,
        secretContext: secret,
        body: secret,
      },
      ...{ state: "pending", expiresAt: nowMs / 1_000 + 9_999 },
    });
    const job = jobRowSchema.parse({
      ...{
        id: newId("job"),
        userId,
        kind: "video",
        model: "veo",
        provider: "google",
        ticket: { id: secret },
        byok: false,
      },
      ...{ status: "processing", createdAt: nowMs, polledAt: 0, expiresAt: nowMs / 1_000 + 9_999 },
      webhook: { url: "https://a.example.com/hook", secret: sealed },
      usage: { day: utcDay(nowMs), requestId: "req_1", unit: "second", units: 1, bookedPicoUsd: 0 },
    });
    await putJob(job, undefined);
    await putArenaRun({
      userId,
      runId: "run_1",
      mode: "battle",
      agents: [{ agentId: "a", model: "gpt" }],
      startedAt: nowMs,
    });
    await countPanel({ userId, runId: "req_1" }, [["gpt", "claude"]]);
    const at = new Date(nowMs).toISOString();
    await insertPreset(userId, "mine", { settings: '{"model":"gpt"}', createdAt: at, updatedAt: at });
    const lines = (await pagesFrom()).flat();
    expect(new Set(lines.map(({ type }) => type))).toEqual(
      new Set([
        "account",
        "preset",
        "export",
        "job",
        "delivery",
        "daily_usage",
        "arena_run",
        "tag_usage",
        "ratings",
        "request",
        "next",
        "end",
      ]),
    );
    expect(lines[0]).toMatchObject({ type: "account", userId, email: "me@test.local" });
    const request = lines.find(({ type }) => type === "request");
    expect(request).toMatchObject({ id: event.requestId, tags: { team: "search" }, feedback: { comment: "Good" } });
    expect(lines.find(({ type }) => type === "preset")).toMatchObject({ name: "mine", settings: { model: "gpt" } });
    expect(lines.find(({ type }) => type === "ratings")).toEqual({
      ...{ type: "ratings", share: false, votes: { people: 0, models: 1 } },
      pairs: [{ models: ["gpt", "claude"], people: [0, 0], fights: [1, 0] }],
    });
    expect(lines.find(({ type }) => type === "daily_usage")).toMatchObject({ requests: 1, model: "gpt-4o-mini" });
    expect(lines.find(({ type }) => type === "tag_usage")).toMatchObject({ tag: "team", value: "search", requests: 1 });
  });

  it("has each request of 400 days once, also when it goes on from a page that was cut off", async () => {
    const attempts = Array.from({ length: 20 }, () => ({
      ...{ model: "m".repeat(60), provider: "openai", result: "server", latencyMs: 1 },
    }));
    const stored = [];
    for (const ago of [399, 398, 250, 31, 1, 0]) stored.push(await store(nowMs - ago * dayMs));
    for (let index = 0; index < 500; index += 1) stored.push(await store(nowMs - 20 * dayMs + index, { attempts }));
    const ids = new Set(stored.map(({ requestId }) => requestId));
    const pages = await pagesFrom();
    expect(requestsOf(pages)).toHaveLength(ids.size);
    expect(new Set(requestsOf(pages))).toEqual(ids);
    const half = Math.floor(pages.length / 2);
    const again = await pagesFrom(pages[half - 1]?.at(-1)?.cursor as string);
    expect(new Set([...requestsOf(pages.slice(0, half)), ...requestsOf(again)])).toEqual(ids);
  }, 60_000);

  it("names a row that cannot be read, and goes on", async () => {
    const event = await store(nowMs);
    await documents.send(
      new PutCommand({
        TableName: config.tableName("usage"),
        Item: { ...rowKeys.usageEvent(userId, utcDay(nowMs), "req_0000", 0), userId: secret },
      }),
    );
    await documents.send(
      new PutCommand({ TableName: config.tableName("rollups"), Item: { ...ratingsKey(userId), models: secret } }),
    );
    const lines = (await pagesFrom()).flat();
    expect(lines).toContainEqual({ type: "unreadable", row: "RATINGS" });
    expect(lines).toContainEqual({ type: "unreadable", row: "req_0000#0" });
    expect(requestsOf([lines])).toEqual([event.requestId]);
  });

  it("has nothing of others, whatever the cursor says", async () => {
    const event = await store(nowMs);
    userId = newUser();
    for (const cursor of [
      undefined,
      { section: 3, after: `DAY#${utcDay(nowMs)}#key_1#gpt` },
      { day: utcDay(nowMs), after: `${event.requestId}#/` },
    ]) {
      const text = cursor === undefined ? cursor : Buffer.from(JSON.stringify(cursor)).toString("base64url");
      expect(requestsOf(await pagesFrom(text))).toEqual([]);
    }
  });

  it.each([
    "x",
    "{}",
    "null",
    '{"section":9}',
    '{"section":-1}',
    '{"day":"2026-13-01"}',
    '{"day":"9999-12-31","x":1}',
    // Positions outside of what their section reads, which DynamoDB refuses.
    '{"section":0,"after":""}',
    '{"section":0,"after":"USER#1"}',
    '{"section":3,"after":"ARENA_RUN#req_1"}',
    '{"day":"2026-11-20","after":"USER#1#2026-11-20"}',
    `{"section":0,"after":"JOB#${"x".repeat(1_021)}"}`,
  ])("refuses the cursor %s", async (text) => {
    const cursor = Buffer.from(text).toString("base64url");
    await expect(exportAccount({ userId, email: undefined }, cursor, nowMs)).rejects.toMatchObject({
      code: "BAD_REQUEST",
      param: "cursor",
    });
  });
});

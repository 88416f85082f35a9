import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { rowKeys, utcDay } from "#core/db/row-keys.ts";
import { getItem, type PlainItem } from "#core/db/table.ts";
import { usageEventSchema } from "#core/db/usage-event.ts";
import {
  keepSeconds,
  type OpenUsage,
  openShardOf,
  openShards,
  putOpenUsage,
  settleUsage,
} from "#core/db/usage-events.ts";
import { newId } from "#core/ids.ts";
import { inOrder } from "#tests/core/support/relay.ts";
import { hasTables, tablesName, useTables } from "#tests/core/support/tables.ts";
import { fc } from "#tests/support/property.ts";

const day = "2026-11-22";
const openUntil = 1_800_000_000;

const opening = (changes: Partial<OpenUsage> = {}): OpenUsage => ({
  userId: `user_${randomUUID()}`,
  day,
  requestId: newId("request"),
  generation: 0,
  route: "ChatCompletions",
  keyId: "key_1",
  model: "gpt-5.2",
  provider: "openai",
  byok: false,
  streamed: true,
  startedAt: 1_799_999_000_000,
  reservedPicoUsd: 12_345_678_901_234_567_890n,
  runId: undefined,
  openUntil,
  ...changes,
});

const rowOf = async ({ userId, requestId, generation }: OpenUsage): Promise<PlainItem> =>
  (await getItem("usage", rowKeys.usageEvent(userId, day, requestId, generation), { consistent: true })) ?? {};

const settledFacts = ({ userId, requestId, generation }: OpenUsage) => ({ userId, day, requestId, generation });

describe("openShardOf", () => {
  it("spreads requests over every partition of the index, always the same one for a request", () => {
    const shards = Array.from({ length: 2_000 }, () => openShardOf(newId("request")));
    expect(new Set(shards).size).toBe(openShards);
    fc.assert(
      fc.property(fc.string(), (id) => {
        expect(openShardOf(id)).toBe(openShardOf(id));
        expect(openShardOf(id)).toMatch(/^OPEN#[0-7]$/);
      }),
    );
  });
});

describe("utcDay", () => {
  it("turns at midnight UTC", () => {
    expect(utcDay(Date.UTC(2026, 1, 28, 23, 59, 59, 999))).toBe("2026-02-28");
    expect(utcDay(Date.UTC(2026, 2, 1))).toBe("2026-03-01");
  });
});

describe.skipIf(!hasTables)(`usage events (${tablesName})`, () => {
  const relay = useTables();

  it("are open in the sweeper's index until they are settled, and then in it no more", async () => {
    const usage = opening();
    await putOpenUsage(usage);
    expect(await rowOf(usage)).toMatchObject({
      status: "open",
      openShard: openShardOf(usage.requestId),
      openUntil: String(openUntil),
      expiresAt: openUntil + keepSeconds,
    });
    await settleUsage({ ...settledFacts(usage), status: "ok", outputTokens: 7, costPicoUsd: 3n });
    const settled = await rowOf(usage);
    expect(settled).toMatchObject({
      status: "ok",
      outputTokens: 7,
      costPicoUsd: 3,
      expiresAt: openUntil + keepSeconds,
    });
    expect(Object.keys(settled)).not.toContain("openShard");
    expect(Object.keys(settled)).not.toContain("openUntil");
  });

  it("keep every fact, pico-dollars to the last digit", async () => {
    const usage = opening({ runId: "run_1" });
    await putOpenUsage(usage);
    const facts = {
      status: "cancelled",
      code: "CONFLICT",
      model: "claude-opus-5",
      provider: "anthropic",
      byok: true,
      cacheHit: false,
      inputTokens: 10,
      cachedInputTokens: 4,
      cacheWriteInputTokens: 3,
      outputTokens: 5,
      reasoningTokens: 2,
      estimated: true,
      costPicoUsd: 98_765_432_109_876_543_210n,
      attempts: [{ model: "gpt-5.2", provider: "openai", result: "server", status: 500, latencyMs: 12 }],
      latencyMs: 1_234,
      timeToFirstTokenMs: 56,
    } as const;
    await settleUsage({ ...settledFacts(usage), ...facts, attempts: [...facts.attempts] });
    const { openUntil: _, ...opened } = usage;
    const openShard = `ERRORS#${usage.userId}`;
    expect(usageEventSchema.parse(await rowOf(usage))).toEqual({ ...opened, ...facts, openShard });
  });

  it("are settled exactly once by whoever comes first; the others change nothing", async () => {
    const usage = opening();
    await putOpenUsage(usage);
    const results = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        settleUsage({ ...settledFacts(usage), status: "ok", outputTokens: index + 1 }),
      ),
    );
    expect(results.filter(Boolean)).toHaveLength(1);
    const winner = results.indexOf(true) + 1;
    expect(await rowOf(usage)).toMatchObject({ outputTokens: winner });
    expect(await settleUsage({ ...settledFacts(usage), status: "abandoned" })).toBe(false);
    expect(await rowOf(usage)).toMatchObject({ status: "ok", outputTokens: winner });
  });

  it("cannot be opened again, neither while open nor after they were settled", async () => {
    const usage = opening();
    await putOpenUsage(usage);
    await putOpenUsage({ ...usage, model: "another" });
    expect(await rowOf(usage)).toMatchObject({ model: "gpt-5.2" });
    await settleUsage({ ...settledFacts(usage), status: "ok" });
    await putOpenUsage(usage);
    expect(await rowOf(usage)).toMatchObject({ status: "ok" });
  });

  it("that were never opened cannot be settled into being", async () => {
    const usage = opening();
    expect(await settleUsage({ ...settledFacts(usage), status: "ok" })).toBe(false);
    expect(await rowOf(usage)).toEqual({});
  });

  it("of several generations of one request stand beside each other", async () => {
    const first = opening();
    const second = { ...first, generation: 1, model: "claude-opus-5" };
    await putOpenUsage(first);
    await putOpenUsage(second);
    await settleUsage({ ...settledFacts(second), status: "error" });
    expect([(await rowOf(first)).status, (await rowOf(second)).status]).toEqual(["open", "error"]);
  });

  it("are written once when the answer of a write is lost", async () => {
    const usage = opening();
    relay().intercept = inOrder({ kind: "lose-answer" });
    await putOpenUsage(usage);
    relay().intercept = inOrder({ kind: "lose-answer" });
    await settleUsage({ ...settledFacts(usage), status: "ok", outputTokens: 9 });
    expect(await rowOf(usage)).toMatchObject({ status: "ok", outputTokens: 9 });
  });
});

import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { admit } from "#core/db/admission.ts";
import { rowKeys, utcDay } from "#core/db/row-keys.ts";
import { deleteItem, getItem, type PlainItem, putItem } from "#core/db/table.ts";
import { openShardOf, openShards, putOpenUsage, settleUsage } from "#core/db/usage-events.ts";
import { newId } from "#core/ids.ts";
import { logger } from "#core/observability/logger.ts";
import { flushMetrics } from "#core/observability/metrics.ts";
import { sweepAbandoned } from "#core/usage/sweep.ts";
import { captureLog, muteLog } from "#tests/core/support/lambda.ts";
import { hasTables, tablesName, useTables } from "#tests/core/support/tables.ts";

muteLog();

const nowMs = Date.UTC(2026, 10, 22, 12);
const day = utcDay(nowMs);
const nowSeconds = nowMs / 1_000;

interface Started {
  readonly userId: string;
  readonly requestId: string;
}

/** A request that took its place, reserved 500 pico-dollars and never came back. */
const start = async (openUntil: number): Promise<Started> => {
  const facts = { userId: `user_${randomUUID()}`, requestId: newId("request"), day };
  const verdict = await admit(
    {
      ...facts,
      untilSeconds: openUntil,
      reserve: { picoUsd: 500n, leastPicoUsd: 500n },
      capPicoUsd: 1_000n,
      maxOpen: 5,
    },
    nowMs,
    () => undefined,
  );
  expect(verdict.admitted).toBe(true);
  await putOpenUsage({
    ...facts,
    generation: 0,
    route: "ChatCompletions",
    keyId: undefined,
    model: "gpt-5.2",
    provider: "openai",
    byok: false,
    streamed: true,
    startedAt: nowMs - 400_000,
    reservedPicoUsd: 500n,
    runId: undefined,
    openUntil,
  });
  return facts;
};

const eventOf = async ({ userId, requestId }: Started): Promise<PlainItem | undefined> =>
  getItem("usage", rowKeys.usageEvent(userId, day, requestId, 0), { consistent: true });
const admissionOf = async ({ userId }: Started) => {
  const row = await getItem("keys", rowKeys.admission(userId), { consistent: true });
  return { open: Object.keys((row?.open ?? {}) as object).length, spent: row?.[`spend#${day}`] };
};

describe.skipIf(!hasTables)(`sweepAbandoned (${tablesName})`, () => {
  useTables();
  afterEach(() => {
    vi.restoreAllMocks();
  });
  // What a test before left open must not be counted.
  beforeEach(() => sweepAbandoned(nowMs + 86_400_000));

  it("settles each killed request exactly once, as abandoned, at the cost that was reserved, and frees its place", async () => {
    const killed = await Promise.all(Array.from({ length: openShards * 3 }, () => start(nowSeconds - 1)));
    expect(await sweepAbandoned(nowMs)).toBe(killed.length);
    for (const request of killed) {
      expect(await eventOf(request)).toMatchObject({
        status: "abandoned",
        code: "INTERNAL_ERROR",
        estimated: true,
        costPicoUsd: 500,
        latencyMs: 400_000,
      });
      expect(await admissionOf(request)).toEqual({ open: 0, spent: 500 });
    }
    expect(await sweepAbandoned(nowMs)).toBe(0);
  });

  it("says in the log which request of which route and model was killed, once", async () => {
    const warn = vi.spyOn(logger, "warn").mockImplementation(() => undefined);
    const { requestId } = await start(nowSeconds - 1);
    await captureLog(() => flushMetrics({ route: "before" }));
    await sweepAbandoned(nowMs);
    await sweepAbandoned(nowMs);
    const { lines } = await captureLog(() => flushMetrics({ route: "SweepUsage" }));
    expect(lines.find((line) => "_aws" in line)).toMatchObject({ AbandonedRequests: 1 });
    expect(warn.mock.calls).toEqual([
      ["A request was abandoned by its function", { requestId, route: "ChatCompletions", model: "gpt-5.2" }],
    ]);
  });

  it("leaves alone what may still be running", async () => {
    const running = await start(nowSeconds);
    expect(await sweepAbandoned(nowMs)).toBe(0);
    expect(await eventOf(running)).toMatchObject({ status: "open" });
    expect(await admissionOf(running)).toEqual({ open: 1, spent: 500 });
  });

  it("leaves alone what the request settled by itself", async () => {
    const request = await start(nowSeconds - 1);
    await settleUsage({ ...request, day, generation: 0, status: "ok", outputTokens: 3 });
    expect(await sweepAbandoned(nowMs)).toBe(0);
    expect(await eventOf(request)).toMatchObject({ status: "ok", outputTokens: 3 });
  });

  it("settles each once when two sweeps run at the same time", async () => {
    await Promise.all(Array.from({ length: 12 }, () => start(nowSeconds - 1)));
    const counts = await Promise.all([sweepAbandoned(nowMs), sweepAbandoned(nowMs)]);
    expect(counts[0] + counts[1]).toBe(12);
  });

  it("is not held up by a row that it cannot read", async () => {
    const request = await start(nowSeconds - 1);
    const broken = {
      pk: `USER#broken#${day}`,
      // Before every other row of its partition.
      sk: "!",
      openShard: openShardOf(request.requestId),
      openUntil: "1",
      status: "open",
    };
    await putItem("usage", broken);
    const error = vi.spyOn(logger, "error").mockImplementation(() => undefined);
    expect(await sweepAbandoned(nowMs)).toBe(1);
    const shard = Number(broken.openShard.split("#")[1]);
    expect(error.mock.calls).toEqual([["An open usage row is not readable", { row: "!", shard }]]);
    await deleteItem("usage", { pk: broken.pk, sk: broken.sk });
  });
});

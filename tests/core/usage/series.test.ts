import { BatchWriteCommand } from "@aws-sdk/lib-dynamodb";
import { describe, expect, it } from "vitest";
import { config } from "#core/config.ts";
import { documents } from "#core/db/document-client.ts";
import { rowKeys } from "#core/db/row-keys.ts";
import type { UsageEvent } from "#core/db/usage-event.ts";
import { uuidV7 } from "#core/ids.ts";
import { usageQuerySchema } from "#core/schemas/usage.ts";
import { rollUp } from "#core/usage/rollup.ts";
import { hourSeries } from "#core/usage/series.ts";
import { summarizeUsage } from "#core/usage/summary.ts";
import { bucketOf } from "#core/values/latency-histogram.ts";
import { hasTables, tablesName, useTables } from "#tests/core/support/tables.ts";
import { day, newEvent, newUser } from "#tests/core/support/usage-events.ts";

const usd = 1_000_000_000_000n;

/** An event that began at an hour of the day. */
const at = (userId: string, hour: number, changes: Partial<UsageEvent> = {}): UsageEvent => {
  const startedAt = Date.parse(`${day}T00:00:00Z`) + Math.floor(hour * 3_600_000);
  return newEvent({ userId, startedAt, requestId: `req_${uuidV7(startedAt)}`, ...changes });
};

const rowOf = (event: UsageEvent, more: object = {}) => ({
  ...rowKeys.usageEvent(event.userId, event.day, event.requestId, event.generation),
  ...event,
  ...more,
});

const store = async (rows: readonly object[]): Promise<void> => {
  for (let start = 0; start < rows.length; start += 25) {
    const puts = rows.slice(start, start + 25).map((Item) => ({ PutRequest: { Item: { ...Item } } }));
    await documents.send(new BatchWriteCommand({ RequestItems: { [config.tableName("usage")]: puts } }));
  }
};

describe.skipIf(!hasTables)(`usage over time (${tablesName})`, () => {
  useTables();

  it("has each model's days, which add up to the sums of the range, and of one key where one is asked for", async () => {
    const userId = newUser();
    await rollUp(
      [
        newEvent({ userId, costPicoUsd: usd, latencyMs: 800 }),
        newEvent({ userId, costPicoUsd: usd, byok: true, status: "error", latencyMs: 60_000 }),
        newEvent({ userId, day: "2026-11-21", keyId: "key_2", costPicoUsd: undefined }),
        newEvent({ userId, model: "claude-sonnet-4-6", provider: "anthropic", costPicoUsd: 3n * usd }),
      ],
      Date.UTC(2026, 10, 21, 13),
    );
    const range = { from: "2026-11-01", to: "2026-11-30", keyId: undefined, series: "day" } as const;
    const { series, byModel } = await summarizeUsage(userId, range);
    expect(series).toEqual({
      interval: "day",
      nextCursor: null,
      byModel: {
        "gpt-4o-mini": {
          [day]: {
            requests: 2,
            tokens: 260,
            cost: 2,
            errors: 1,
            latency: { [bucketOf(800)]: 1, [bucketOf(60_000)]: 1 },
          },
          "2026-11-21": { requests: 1, tokens: 130, cost: null, errors: 0, latency: { [bucketOf(800)]: 1 } },
        },
        "claude-sonnet-4-6": {
          [day]: { requests: 1, tokens: 130, cost: 3, errors: 0, latency: { [bucketOf(800)]: 1 } },
        },
      },
    });
    expect(byModel["gpt-4o-mini"]?.requests).toBe(3);
    const one = await summarizeUsage(userId, { ...range, keyId: "key_2" });
    expect(Object.keys(one.series?.byModel["gpt-4o-mini"] ?? {})).toEqual(["2026-11-21"]);
    expect(await summarizeUsage(userId, { ...range, series: undefined })).not.toHaveProperty("series");
  });

  it("names the largest models by requests, cost, tokens and errors, and sums the rest, so that a year fits an answer", async () => {
    const userId = newUser();
    await rollUp(
      Array.from({ length: 60 }, (_, index) =>
        newEvent({
          userId,
          model: `openrouter/m${index}`,
          provider: "openrouter",
          costPicoUsd: index === 59 ? usd : BigInt(index),
          status: index === 58 ? "error" : "ok",
          inputTokens: index === 57 ? 1_000_000 : 100,
        }),
      ),
      Date.UTC(2026, 10, 20, 13),
    );
    const { series } = await summarizeUsage(userId, { from: day, to: day, keyId: undefined, series: "day" });
    const names = Object.keys(series?.byModel ?? {});
    expect(names.length).toBeLessThanOrEqual(4 * 8 + 1);
    expect(names).toEqual(expect.arrayContaining(["openrouter/m59", "openrouter/m58", "openrouter/m57", "other"]));
    const requests = Object.values(series?.byModel ?? {}).map((points) => points[day]?.requests ?? 0);
    expect(requests.reduce((sum, each) => sum + each, 0)).toBe(60);
  });

  it("has the hours of one day from its events, also from rows of before, without running requests and others' requests", async () => {
    const userId = newUser();
    await store([
      rowOf(at(userId, 0.1, { costPicoUsd: usd })),
      rowOf(at(userId, 7.2, { costPicoUsd: usd, openShard: `KEY#${userId}#key_1` })),
      rowOf(at(userId, 7.9, { status: "error", costPicoUsd: undefined, model: "claude-sonnet-4-6" })),
      rowOf(at(userId, 8, { status: "open" })),
      rowOf(at(userId, 23.99, { keyId: "key_2" })),
      rowOf(at(newUser(), 7)),
      rowOf(at(userId, 31, { day: "2026-11-21" })),
    ]);
    const { byModel, nextCursor, interval } = await hourSeries(userId, { day });
    expect([interval, nextCursor]).toEqual(["hour", null]);
    expect(byModel).toMatchObject({
      "gpt-4o-mini": {
        [`${day}T00`]: { requests: 1, cost: 1 },
        [`${day}T07`]: { requests: 1, tokens: 130 },
        [`${day}T23`]: { requests: 1 },
      },
      "claude-sonnet-4-6": { [`${day}T07`]: { requests: 1, errors: 1, cost: null } },
    });
    expect(Object.keys(byModel["gpt-4o-mini"] ?? {})).toHaveLength(3);
    const one = await hourSeries(userId, { day, keyId: "key_2" });
    expect(one.byModel).toEqual({ "gpt-4o-mini": { [`${day}T23`]: expect.objectContaining({ requests: 1 }) } });
  });

  it("reads a busy day page by page, each event once", async () => {
    const userId = newUser();
    const warnings = "x".repeat(8_000);
    const events = Array.from({ length: 300 }, (_, index) => at(userId, index / 12.6, { costPicoUsd: usd }));
    await store(events.map((event) => rowOf(event, { warnings })));
    let cursor: string | undefined;
    let [pages, requests, cost] = [0, 0, 0];
    do {
      const page = await hourSeries(userId, { day, cursor });
      for (const point of Object.values(page.byModel["gpt-4o-mini"] ?? {})) {
        requests += point.requests;
        cost += point.cost ?? 0;
      }
      pages += 1;
      cursor = page.nextCursor ?? undefined;
      if (cursor !== undefined)
        expect(usageQuerySchema.safeParse({ from: day, to: day, series: "hour", cursor }).success).toBe(true);
    } while (cursor !== undefined);
    expect([requests, cost]).toEqual([300, 300]);
    expect(pages).toBeGreaterThan(2);
  });
});

describe("the query of usage over time", () => {
  const issueOf = (query: object): string | undefined => usageQuerySchema.safeParse(query).error?.issues[0]?.message;

  it.each([
    [{ series: "hour" }, "can be `hour` only for one day: set `from` and `to` to it"],
    [
      { series: "hour", from: "2026-11-01", to: "2026-11-02" },
      "can be `hour` only for one day: set `from` and `to` to it",
    ],
    [{ from: day, to: day, cursor: "req_0199c0de-7000-7000-8000-000000000000#0" }, "needs `series=hour`"],
    [{ from: day, to: day, series: "hour", cursor: "USER#another" }, "must be the `nextCursor` of the page before"],
    [{ from: day, to: day, series: "hour" }, undefined],
    [{ series: "day" }, undefined],
  ])("%j: %s", (query, message) => {
    expect(issueOf(query)).toBe(message);
  });
});

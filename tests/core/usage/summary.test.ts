import { BatchWriteCommand } from "@aws-sdk/lib-dynamodb";
import { describe, expect, it } from "vitest";
import { config } from "#core/config.ts";
import { documents } from "#core/db/document-client.ts";
import { rowKeys } from "#core/db/row-keys.ts";
import { tagHash } from "#core/db/tag-names.ts";
import type { UsageEvent } from "#core/db/usage-events.ts";
import { rollUp } from "#core/usage/rollup.ts";
import { summarizeUsage } from "#core/usage/summary.ts";
import { hasTables, tablesName, useTables } from "#tests/core/support/tables.ts";
import { newEvent, newUser } from "#tests/core/support/usage-events.ts";

/** Who may see it and how it is asked for is in tests/accounts/usage.test.ts. */
describe.skipIf(!hasTables)(`summarizeUsage (${tablesName})`, () => {
  useTables();
  const range = { from: "2026-11-01", to: "2026-11-30", keyId: undefined };
  const usd = 1_000_000_000_000n;

  const used = async (...events: readonly Partial<UsageEvent>[]): Promise<string> => {
    const userId = newUser();
    await rollUp(
      events.map((changes) => newEvent({ userId, ...changes })),
      Date.UTC(2026, 10, 20, 13),
    );
    return userId;
  };

  const tokens = {
    inputTokens: 200,
    cachedTokens: 80,
    cacheWriteTokens: 10,
    outputTokens: 60,
    reasoningTokens: 14,
  };
  const twoEvents = {
    ...tokens,
    byokCost: 2,
    unpriced: 0,
    errors: 1,
    cacheHits: 1,
    generations: 2,
  };

  it("is every sum of the user's rows, in all and by model, day, key and provider", async () => {
    const userId = await used(
      { costPicoUsd: usd, cacheHit: true },
      { costPicoUsd: 2n * usd, byok: true, status: "error" },
    );
    const shown = { ...twoEvents, requests: 2, tokens: 260, cost: 3 };
    expect(await summarizeUsage(userId, range)).toEqual({
      from: "2026-11-01",
      to: "2026-11-30",
      totalRequests: 2,
      totalTokens: 260,
      totalCost: 3,
      ...twoEvents,
      latency: { p50Ms: 776, p95Ms: 776 },
      byModel: { "gpt-4o-mini": shown },
      byDay: { "2026-11-20": shown },
      byKey: { key_1: shown },
      byProvider: { openai: { ...shown, latency: { p50Ms: 776, p95Ms: 776 } } },
      byUnit: {},
    });
  });

  it("names models, days, keys and providers in their order, whatever the order of the rows", async () => {
    const userId = await used(
      { model: "gpt-4o-mini", provider: "openai", keyId: "key_2", day: "2026-11-21" },
      { model: "claude-sonnet-4-6", provider: "anthropic", keyId: "key_3", day: "2026-11-20" },
      { model: "gpt-4.1", provider: "openai", keyId: "key_1", day: "2026-11-22" },
    );
    const { byModel, byDay, byKey, byProvider } = await summarizeUsage(userId, range);
    expect([byModel, byDay, byKey, byProvider].map((group) => Object.keys(group))).toEqual([
      ["claude-sonnet-4-6", "gpt-4.1", "gpt-4o-mini"],
      ["2026-11-20", "2026-11-21", "2026-11-22"],
      ["key_1", "key_2", "key_3"],
      ["anthropic", "openai"],
    ]);
  });

  it("has the latencies of each provider", async () => {
    const userId = await used(
      { provider: "openai", latencyMs: 100 },
      { provider: "openai", latencyMs: 100, keyId: "key_2", day: "2026-11-21" },
      { provider: "anthropic", model: "claude-sonnet-4-6", latencyMs: 9_000 },
      { provider: "google", model: "gemini-3-pro", latencyMs: undefined },
    );
    const { byProvider } = await summarizeUsage(userId, range);
    const { openai, anthropic, google } = byProvider;
    expect([openai, anthropic, google].map((sums) => sums?.latency)).toEqual([
      { p50Ms: 104, p95Ms: 104 },
      { p50Ms: 9_031, p95Ms: 9_031 },
      { p50Ms: null, p95Ms: null },
    ]);
  });

  it("knows a cost as soon as one generation had a price, and none when nothing had", async () => {
    const userId = await used(
      { model: "openai/gpt-99", costPicoUsd: undefined },
      { model: "openai/gpt-98", costPicoUsd: undefined },
      { model: "openai/gpt-98", costPicoUsd: usd },
    );
    const { totalCost, unpriced, byModel } = await summarizeUsage(userId, range);
    expect([totalCost, unpriced]).toEqual([1, 2]);
    expect(byModel).toMatchObject({
      "openai/gpt-99": { cost: null, byokCost: 0, unpriced: 1 },
      "openai/gpt-98": { cost: 1, unpriced: 1 },
    });
  });

  it("shows the 1,000 largest values of a tag, models and keys of a year, and the rest together, in an answer that fits", async () => {
    const userId = newUser();
    const rows = Array.from({ length: 1_300 }, (_, index) => {
      const facts = {
        day: `2026-11-${String((index % 30) + 1).padStart(2, "0")}`,
        requests: index + 1,
        generations: 1,
      };
      const long = `${"€".repeat(180)}${index}`;
      const value = index === 0 ? "other" : `${"€".repeat(500)}${index}`;
      return [
        { ...rowKeys.tagRollup(userId, tagHash("run"), facts.day, String(index)), ...facts, tag: "run", value },
        {
          ...rowKeys.rollup(userId, facts.day, `key_${index}`, long),
          ...facts,
          keyId: `key_${index}`,
          model: long,
          provider: "p",
        },
      ];
    }).flat();
    for (let start = 0; start < rows.length; start += 25) {
      const puts = rows.slice(start, start + 25).map((Item) => ({ PutRequest: { Item } }));
      await documents.send(new BatchWriteCommand({ RequestItems: { [config.tableName("rollups")]: puts } }));
    }
    const summary = await summarizeUsage(userId, { ...range, tag: "run" });
    const all = (1_300 * 1_301) / 2;
    // The largest 999 have names.
    const rest = (301 * 302) / 2;
    for (const groups of [summary.byTag ?? {}, summary.byModel, summary.byKey]) {
      expect(Object.keys(groups)).toHaveLength(1_000);
      expect(groups.other?.requests).toBe(rest);
      expect(Object.values(groups).reduce((sum, { requests }) => sum + requests, 0)).toBe(all);
    }
    expect(Buffer.byteLength(JSON.stringify(summary))).toBeLessThan(6 * 1_048_576);
  });

  it("tells what is not sold by tokens by its unit, and leaves tokens out of that", async () => {
    const userId = await used(
      {},
      { model: "speech-2.8-hd", provider: "minimax", units: 1_500, costPicoUsd: usd },
      { model: "speech-2.8-turbo", provider: "minimax", units: 500, costPicoUsd: usd },
      { model: "image-01", provider: "minimax", units: 3, costPicoUsd: undefined },
    );
    expect((await summarizeUsage(userId, range)).byUnit).toEqual({
      characters: { units: 2_000, requests: 2, cost: 2 },
      images: { units: 3, requests: 1, cost: null },
    });
  });

  it("takes the percentiles of all rows together, and none where nothing was timed", async () => {
    const fast = Array.from({ length: 90 }, (_, index) => ({ latencyMs: 1_000, keyId: `key_${index % 3}` }));
    const slow = Array.from({ length: 10 }, () => ({ latencyMs: 60_000 }));
    expect((await summarizeUsage(await used(...fast, ...slow), range)).latency).toEqual({ p50Ms: 970, p95Ms: 53_831 });
    const untimed = await used({ latencyMs: undefined });
    expect((await summarizeUsage(untimed, range)).latency).toEqual({ p50Ms: null, p95Ms: null });
  });

  it("narrows to one key, and to the days asked for, both ends counted", async () => {
    const userId = await used(
      { day: "2026-11-09" },
      { day: "2026-11-10" },
      { day: "2026-11-12", keyId: "key_2" },
      { day: "2026-11-13" },
    );
    const days = { from: "2026-11-10", to: "2026-11-12" };
    const all = await summarizeUsage(userId, { ...days, keyId: undefined });
    expect([all.totalRequests, Object.keys(all.byDay)]).toEqual([2, ["2026-11-10", "2026-11-12"]]);
    const one = await summarizeUsage(userId, { ...days, keyId: "key_2" });
    expect([one.totalRequests, Object.keys(one.byKey)]).toEqual([1, ["key_2"]]);
  });

  it("is zeros for who has used nothing: a cost of 0, which is known", async () => {
    expect(await summarizeUsage(newUser(), range)).toMatchObject({ totalRequests: 0, totalCost: 0, byModel: {} });
  });
});

import { describe, expect, it } from "vitest";
import { addEvent, noAdditions, rollupRowSchema, sumNames } from "#core/db/rollup-sums.ts";
import { anyEvent, newEvent } from "#tests/core/support/usage-events.ts";
import { fc } from "#tests/support/property.ts";

describe("what an event adds to a day", () => {
  const tokens = {
    inputTokens: 100,
    cachedInputTokens: 40,
    cacheWriteInputTokens: 5,
    outputTokens: 30,
    reasoningTokens: 7,
  };

  it("is each of its figures, once", () => {
    const additions = noAdditions();
    addEvent(additions, newEvent({ units: 2.5 }));
    expect(additions).toEqual({
      sums: { requests: 1, generations: 1, errors: 0, cacheHits: 0, unpriced: 0, ...tokens, units: 2.5, indexed: 0 },
      costPicoUsd: 33_000n,
      byokCostPicoUsd: 0n,
      latency: { 20: 1 },
    });
  });

  it("of a later generation of a run, cached, failed, without price and latency is told apart", () => {
    const additions = noAdditions();
    const facts = { generation: 1, cacheHit: true, status: "error", costPicoUsd: undefined } as const;
    addEvent(additions, newEvent({ ...facts, latencyMs: undefined }));
    expect(additions).toEqual({
      sums: { requests: 0, generations: 1, errors: 1, cacheHits: 1, unpriced: 1, ...tokens, units: 0, indexed: 0 },
      costPicoUsd: 0n,
      byokCostPicoUsd: 0n,
      latency: {},
    });
  });

  it("has every generation that was paid for, those of failed attempts too", () => {
    const failed = { model: "gpt-5.2", provider: "openai", result: "network", latencyMs: 1 };
    const unused = {
      byok: false,
      ...tokens,
      longCacheWriteInputTokens: 0,
      estimated: false,
      costPicoUsd: 1n,
    };
    const additions = noAdditions();
    addEvent(additions, newEvent({ attempts: [failed, { ...failed, unused }, { ...failed, unused }] }));
    expect(additions.sums).toMatchObject({ requests: 1, generations: 3, unpriced: 0 });
  });

  it("is booked on who paid: the caller's own key, the platform, or both", () => {
    const paid = (changes: object) => {
      const additions = noAdditions();
      addEvent(additions, newEvent({ costPicoUsd: 10n, ...changes }));
      return [additions.costPicoUsd, additions.byokCostPicoUsd];
    };
    expect(paid({})).toEqual([10n, 0n]);
    expect(paid({ byok: true })).toEqual([0n, 10n]);
    expect(paid({ byok: true, byokCostPicoUsd: 4n })).toEqual([6n, 4n]);
    expect(paid({ byokCostPicoUsd: 4n })).toEqual([6n, 4n]);
    expect(paid({ byok: true, costPicoUsd: undefined })).toEqual([0n, 0n]);
  });

  it("does not depend on the order", () => {
    fc.assert(
      fc.property(fc.array(anyEvent("user_1"), { maxLength: 20 }), (events) => {
        const [forwards, backwards] = [noAdditions(), noAdditions()];
        for (const event of events) addEvent(forwards, event);
        for (const event of events.toReversed()) addEvent(backwards, event);
        expect(backwards).toEqual(forwards);
        expect(Object.values(forwards.latency).reduce((sum, count) => sum + count, 0)).toBe(
          events.filter(({ latencyMs }) => latencyMs !== undefined).length,
        );
      }),
    );
  });
});

describe("a row", () => {
  const facts = { day: "2026-11-20", keyId: "key_1", model: "gpt-4o-mini", provider: "openai" };

  it("without a sum, as one made before there was that sum, has zero of it", () => {
    const zeros = Object.fromEntries(sumNames.map((name) => [name, 0]));
    expect(rollupRowSchema.parse(facts)).toEqual({ ...facts, ...zeros, costPicoUsd: 0n, byokCostPicoUsd: 0n });
  });

  it("has every pico-dollar, whether it comes as a number or beyond a double's digits", () => {
    const row = rollupRowSchema.parse({ ...facts, costPicoUsd: 7, byokCostPicoUsd: 12_345_678_901_234_567_890n });
    expect([row.costPicoUsd, row.byokCostPicoUsd]).toEqual([7n, 12_345_678_901_234_567_890n]);
  });

  it("keeps what it does not name: the buckets of its latencies", () => {
    expect(rollupRowSchema.parse({ ...facts, latency3: 8 })).toHaveProperty("latency3", 8);
  });
});

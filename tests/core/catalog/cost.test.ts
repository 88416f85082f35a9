import { describe, expect, it } from "vitest";
import { costPicoUsd, fromUsd, picoPerUsd, toUsd } from "#core/catalog/cost.ts";
import type { CatalogModel } from "#core/catalog/model.ts";
import { models } from "#core/catalog/models.ts";
import { noTokens, type TokenUsage } from "#core/catalog/token-usage.ts";
import { fc } from "#tests/support/property.ts";

const modelOf = (id: string): CatalogModel => {
  const found = models.find((model) => model.id === id);
  if (found === undefined) throw new Error(`No model ${id}`);
  return found;
};
const usd = (id: string, usage: Partial<TokenUsage>): number | undefined => {
  const cost = costPicoUsd(modelOf(id), { ...noTokens, ...usage });
  return cost === undefined ? undefined : toUsd(cost);
};

describe("costPicoUsd", () => {
  it.each<[string, Partial<TokenUsage>, number]>([
    // GPT-5.2: 1.75 in, 0.175 cached, 14 out for a million.
    ["gpt-5.2", { inputTokens: 1_000_000 }, 1.75],
    ["gpt-5.2", { outputTokens: 1_000_000 }, 14],
    ["gpt-5.2", { inputTokens: 1, outputTokens: 1 }, 0.00001575],
    ["gpt-5.2", { inputTokens: 1_000_000, cachedInputTokens: 400_000 }, 1.12],
    // Gemini 2.5 Flash: 0.3 for text, 1 for audio; 2.5 Pro has one price. More audio than input is all of the input.
    ["gemini-2.5-flash", { inputTokens: 1_000_000, audioInputTokens: 500_000 }, 0.65],
    ["gemini-2.5-flash", { inputTokens: 1_000_000, audioInputTokens: 9_000_000 }, 1],
    ["gemini-2.5-pro", { inputTokens: 100_000, audioInputTokens: 100_000 }, 0.125],
    // Reasoning is part of the output and is not paid twice.
    ["gpt-5.2", { outputTokens: 1_000, reasoningTokens: 900 }, 0.014],
    // Sonnet 4.5: 3 in, 0.3 cached, 3.75 and 6 for writing a cache, 15 out.
    [
      "claude-sonnet-4-5-20250929",
      {
        inputTokens: 100_000,
        cachedInputTokens: 40_000,
        cacheWriteInputTokens: 30_000,
        longCacheWriteInputTokens: 10_000,
      },
      0.06 + 0.012 + 0.1125 + 0.06,
    ],
    // Its boundary: 200,000 tokens are still short, one more makes all of them long, output too.
    ["claude-sonnet-4-5-20250929", { inputTokens: 200_000, outputTokens: 1_000 }, 0.6 + 0.015],
    ["claude-sonnet-4-5-20250929", { inputTokens: 200_001, outputTokens: 1_000 }, 1.200006 + 0.0225],
    // Cached tokens count towards the boundary.
    ["claude-sonnet-4-5-20250929", { inputTokens: 200_001, cachedInputTokens: 200_001 }, 0.1200006],
    // Grok: 200,000 and more are long.
    ["grok-4.3", { inputTokens: 199_999 }, 0.24999875],
    ["grok-4.3", { inputTokens: 200_000 }, 0.5],
    // No price for cached input: the price of input.
    ["mistralai/mistral-medium-3-5", { inputTokens: 1_000_000, cachedInputTokens: 1_000_000 }, 1.5],
    // Prices of four decimals stay exact.
    ["deepseek/deepseek-v3.2", { inputTokens: 3, outputTokens: 7 }, 0.0000030888],
  ])("of %s for %j is %d dollars", (id, usage, dollars) => {
    expect(usd(id, usage)).toBeCloseTo(dollars, 12);
  });

  it("is exact where a double is not", () => {
    const usage = { ...noTokens, inputTokens: 987_654_321_987, outputTokens: 123_456_789_123 };
    expect(costPicoUsd(modelOf("gpt-5.2"), usage)).toBe(987_654_321_987n * 1_750_000n + 123_456_789_123n * 14_000_000n);
  });

  it("is unknown for a model that the catalogue does not know, never 0", () => {
    expect(costPicoUsd(undefined, { ...noTokens, inputTokens: 5 })).toBeUndefined();
  });

  const count = fc.nat(2_000_000);
  const usage = fc
    .tuple(count, count, count, count, count)
    .map(([fresh, cachedInputTokens, cacheWriteInputTokens, longCacheWriteInputTokens, outputTokens]) => ({
      ...noTokens,
      inputTokens: fresh + cachedInputTokens + cacheWriteInputTokens + longCacheWriteInputTokens,
      cachedInputTokens,
      cacheWriteInputTokens,
      longCacheWriteInputTokens,
      outputTokens,
    }));
  const anyModel = fc.constantFrom(...models);
  const costOf = (model: CatalogModel, tokens: TokenUsage): bigint => costPicoUsd(model, tokens) ?? -1n;

  it("never falls when tokens are added, of whatever kind", () => {
    fc.assert(
      fc.property(
        anyModel,
        usage,
        count,
        fc.constantFrom(
          "outputTokens",
          "cachedInputTokens",
          "cacheWriteInputTokens",
          "longCacheWriteInputTokens",
          "inputTokens",
        ),
        (model, tokens, more, kind) => {
          const added = { ...tokens, [kind]: tokens[kind] + more };
          if (kind !== "outputTokens" && kind !== "inputTokens") added.inputTokens += more;
          expect(costOf(model, added)).toBeGreaterThanOrEqual(costOf(model, tokens));
          expect(costOf(model, tokens)).toBeGreaterThanOrEqual(0n);
        },
      ),
    );
  });

  it("is never negative for counts that contradict each other", () => {
    fc.assert(
      fc.property(anyModel, count, count, count, (model, inputTokens, cachedInputTokens, cacheWriteInputTokens) => {
        expect(
          costOf(model, { ...noTokens, inputTokens, cachedInputTokens, cacheWriteInputTokens }),
        ).toBeGreaterThanOrEqual(0n);
      }),
    );
  });
});

describe("dollars", () => {
  it("survive the way through pico-dollars to the micro-dollar", () => {
    fc.assert(
      fc.property(fc.nat(1_000_000_000), (microUsd) => {
        expect(toUsd(fromUsd(microUsd / 1_000_000))).toBe(microUsd / 1_000_000);
      }),
    );
    expect(fromUsd(5)).toBe(5n * picoPerUsd);
    expect(fromUsd(0.1)).toBe(picoPerUsd / 10n);
  });
});

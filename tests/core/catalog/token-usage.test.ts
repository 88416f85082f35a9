import { describe, expect, it } from "vitest";
import { checkedUsage, noTokens, reportedCostPicoUsd, reportedCount } from "#core/catalog/token-usage.ts";
import { toTokenUsage as fromAnthropic } from "#core/providers/anthropic/usage.ts";
import { toTokenUsage as fromOpenAi } from "#core/providers/openai/usage.ts";
import { fc } from "#tests/support/property.ts";

/** Whatever JSON can hold where a number belongs. */
const anything = fc.oneof(
  fc.constantFrom(0, 1, 5, -1, 0.5, 1e9, 1e9 + 1, 1e21, 1e300, Number.POSITIVE_INFINITY, Number.NaN, -0.1),
  fc.double(),
  fc.integer(),
  fc.constantFrom(null, undefined, "12", "1e3", true, {}, []),
);
const most = 1_000_000_000;
const countNames = [
  "inputTokens",
  "cachedInputTokens",
  "cacheWriteInputTokens",
  "longCacheWriteInputTokens",
  "outputTokens",
  "reasoningTokens",
] as const;

it("no tokens are none of every kind, and no estimate", () => {
  expect(noTokens).toEqual({
    inputTokens: 0,
    cachedInputTokens: 0,
    cacheWriteInputTokens: 0,
    longCacheWriteInputTokens: 0,
    outputTokens: 0,
    reasoningTokens: 0,
    estimated: false,
  });
});

describe("a count that a provider states", () => {
  it.each([
    [0, 0],
    [7, 7],
    [most, most],
    [6.2, 7],
    [1e12, most],
    [Number.POSITIVE_INFINITY, most],
  ])("%d is %i", (told, count) => {
    expect(reportedCount(told)).toBe(count);
  });

  it.each([-1, Number.NaN, "7", null, undefined, true, {}])("%j is none", (told) => {
    expect(reportedCount(told)).toBeUndefined();
  });
});

describe("the usage that a provider states", () => {
  it("is integers from 0 to 10^9 whose parts are no larger than the whole, whatever it says", () => {
    const usages = fc.record({
      input: anything,
      cachedInput: anything,
      cacheWriteInput: anything,
      longCacheWriteInput: anything,
      output: anything,
      reasoning: anything,
    });
    fc.assert(
      fc.property(usages, (told) => {
        const details = { cached_tokens: told.cachedInput, cache_write_tokens: told.cacheWriteInput };
        const openAi = {
          prompt_tokens: told.input,
          completion_tokens: told.output,
          total_tokens: told.longCacheWriteInput,
          prompt_tokens_details: details,
          completion_tokens_details: { reasoning_tokens: told.reasoning },
        };
        const anthropic = {
          input_tokens: told.input,
          output_tokens: told.output,
          cache_read_input_tokens: told.cachedInput,
          cache_creation_input_tokens: told.cacheWriteInput,
          cache_creation: { ephemeral_1h_input_tokens: told.longCacheWriteInput },
          output_tokens_details: { thinking_tokens: told.reasoning },
        } as Parameters<typeof fromAnthropic>[0];
        const all = [
          checkedUsage(told),
          fromAnthropic(anthropic),
          ...(["included", "added", "total-minus-prompt"] as const).map((kind) => fromOpenAi(openAi, kind)),
        ];
        for (const usage of all) {
          if (usage === undefined) continue;
          for (const name of countNames) {
            expect(Number.isInteger(usage[name])).toBe(true);
            expect(usage[name]).toBeGreaterThanOrEqual(0);
            expect(usage[name]).toBeLessThanOrEqual(most);
          }
          const { inputTokens, cachedInputTokens, cacheWriteInputTokens, longCacheWriteInputTokens } = usage;
          expect(cachedInputTokens + cacheWriteInputTokens + longCacheWriteInputTokens).toBeLessThanOrEqual(
            inputTokens,
          );
          expect(usage.reasoningTokens).toBeLessThanOrEqual(usage.outputTokens);
        }
      }),
    );
  });

  it("is marked as an estimate where it had to be corrected, and only there", () => {
    expect(checkedUsage({ input: 5, output: 7, cachedInput: null }).estimated).toBe(false);
    for (const told of [
      { input: 5.5, output: 7 },
      { input: -5, output: 7 },
      { input: 5, output: 1e10 },
      { input: "5", output: 7 },
    ]) {
      expect(checkedUsage(told).estimated).toBe(true);
    }
    expect(fromOpenAi({ prompt_tokens: 1.5, completion_tokens: 2 })).toMatchObject({ inputTokens: 2, estimated: true });
    expect(fromAnthropic({ input_tokens: -3, output_tokens: 2 })).toMatchObject({ inputTokens: 0, estimated: true });
  });
});

describe("the cost that a provider states", () => {
  it.each([
    [0, 0n],
    [0.00123, 1_230_000_000n],
    [1e-9, 1_000n],
  ])("%d USD is %d pico-dollars", (cost, pico) => {
    expect(reportedCostPicoUsd({ cost })).toBe(pico);
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY, 1e30, "1", null, undefined])("%j is none", (cost) => {
    expect(reportedCostPicoUsd({ cost })).toBeUndefined();
    expect(reportedCostPicoUsd(undefined)).toBeUndefined();
  });
});

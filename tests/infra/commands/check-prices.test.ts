import { describe, expect, test } from "vitest";
import type { CatalogModel } from "#core/catalog/model.ts";
import { models } from "#core/catalog/models.ts";
import { comparePrices } from "#infra/commands/check-prices.ts";

const asOf = Date.parse("2026-11-22");
const modelOf = (id: string): CatalogModel => {
  const found = models.find((model) => model.id === id);
  if (found === undefined) throw new Error(`No model ${id}`);
  return found;
};

test("no price of the catalogue differs from the independent table without a reason", () => {
  const report = comparePrices(undefined, asOf);
  expect(report.differences.filter(({ reason }) => reason === undefined)).toEqual([]);
  expect(report.stale).toEqual([]);
  expect(report.compared).toBeGreaterThan(50);
});

describe("the comparison finds", () => {
  const gpt = modelOf("gpt-5.4");

  test("a wrong price of any kind, in any tier, and a wrong boundary", () => {
    const wrong: CatalogModel = {
      ...gpt,
      prices: { ...gpt.prices, input: 1 },
      longContext: { aboveInputTokens: 5, prices: { input: 5_000_000, output: 1, cachedInput: 500_000 } },
    };
    const fields = comparePrices([wrong], asOf).differences.map(({ field, ours, theirs }) => [field, ours, theirs]);
    expect(fields).toEqual([
      ["input", 0.000001, 2.5],
      ["long output", 0.000001, 22.5],
      ["long boundary", 5, 271_999],
    ]);
  });

  test("a price or a tier that one side does not have", () => {
    const { longContext: _, ...flat } = gpt;
    const { cachedInput: __, ...prices } = gpt.prices;
    const fields = comparePrices([{ ...flat, prices: { ...prices, cacheWrite: 5 } }], asOf).differences;
    expect(fields.map(({ field }) => field)).toEqual([
      "long input",
      "long output",
      "cachedInput",
      "long cachedInput",
      "cacheWrite",
      "long boundary",
    ]);
  });

  test("no price for an id that the table does not have exactly: a cousin's is never taken", () => {
    const cousin = { ...gpt, id: "gpt-5.4-2026-03-01" };
    expect(comparePrices([cousin], asOf)).toMatchObject({
      compared: 0,
      unknown: ["gpt-5.4-2026-03-01"],
      differences: [],
    });
  });

  test("prices as of the day: those of 2026 and those of 2027", () => {
    const flash = modelOf("gemini-3.8-flash");
    expect(comparePrices([flash], asOf).differences).toEqual([]);
    expect(comparePrices([flash], Date.parse("2027-02-01")).differences).toEqual([]);
    const { nextPrices: _, ...forgotten } = flash;
    expect(comparePrices([forgotten], Date.parse("2027-02-01")).differences).not.toEqual([]);
  });

  test("explanations, also those that explain nothing any more", () => {
    const wrong = { ...gpt, prices: { ...gpt.prices, input: 1 } };
    const report = comparePrices([wrong], asOf, { "gpt-5.4 input": "a reason", "gpt-5.4 output": "an old reason" });
    expect(report.differences).toMatchObject([{ field: "input", reason: "a reason" }]);
    expect(report.stale).toEqual(["gpt-5.4 output"]);
  });
});

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { CatalogModel } from "#core/catalog/model.ts";
import { models } from "#core/catalog/models.ts";
import { compareListed, compareWith, endingModels, missingModels } from "#infra/commands/models/compare-models.ts";
import { comparePrices } from "#infra/commands/models/genai-prices.ts";
import { readList } from "#infra/commands/models/list-models.ts";
import { readPiAi } from "#infra/commands/models/pi-ai.ts";

const asOf = Date.parse("2026-11-29");
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
    const { laterPrices: _, ...forgotten } = flash;
    expect(comparePrices([forgotten], Date.parse("2027-02-01")).differences).not.toEqual([]);
  });

  test("explanations, also those that explain nothing any more", () => {
    const wrong = { ...gpt, prices: { ...gpt.prices, input: 1 } };
    const report = comparePrices([wrong], asOf, { "gpt-5.4 input": "a reason", "gpt-5.4 output": "an old reason" });
    expect(report.differences).toMatchObject([{ field: "input", reason: "a reason" }]);
    expect(report.stale).toEqual(["gpt-5.4 output"]);
  });
});

describe("the second table", () => {
  const cost = { input: 2.5, output: 15, cacheRead: 0.25, cacheWrite: 0 };
  const tiers = [{ inputTokensAbove: 272_000, input: 5, output: 22.5, cacheRead: 0.5, cacheWrite: 0 }];
  const folder = mkdtempSync(join(tmpdir(), "check-models-"));
  const write = (file: string, data: unknown): void => {
    mkdirSync(join(folder, "dist/providers/data"), { recursive: true });
    writeFileSync(join(folder, "dist/providers/data", `${file}.json`), JSON.stringify(data));
  };
  const table = async (openai: unknown) => {
    for (const file of ["anthropic", "google", "xai", "openrouter", "minimax"]) write(file, {});
    write("openai", { any: { depth: openai } });
    return readPiAi(folder);
  };
  afterAll(() => rmSync(folder, { recursive: true }));

  test("is read whatever its depth, without what is no chat model", async () => {
    const read = await table([
      { id: "gpt-5.4", cost: { ...cost, tiers } },
      { id: "gpt-6-luna", type: "classifier", cost },
    ]);
    expect(read.get("openai")?.map(({ id }) => id)).toEqual(["gpt-5.4"]);
    expect(compareWith(read, asOf, [modelOf("gpt-5.4")])).toEqual({ compared: 1, unknown: [], differences: [] });
  });

  test("finds other prices and edges, and explains those that float", async () => {
    const read = await table([
      { id: "gpt-5.4", cost: { ...cost, input: 3, tiers: [{ ...tiers[0], inputTokensAbove: 9 }] } },
    ]);
    expect(compareWith(read, asOf, [modelOf("gpt-5.4")]).differences).toMatchObject([
      { field: "input", ours: 2.5, theirs: 3, reason: undefined },
      { field: "long boundary", ours: 272_000, theirs: 9 },
    ]);
    write("openrouter", [{ id: "moonshotai/kimi-k3", cost: { input: 1, output: 15, cacheRead: 0.3, cacheWrite: 0 } }]);
    const floating = compareWith(await readPiAi(folder), asOf, [modelOf("moonshotai/kimi-k3")]).differences;
    expect(floating).toMatchObject([{ field: "input", reason: expect.stringContaining("float") }]);
  });

  test("finds what is published and is neither in the catalogue nor left out on purpose", async () => {
    const read = await table(["gpt-5.4", "gpt-7-sol", "gpt-6.2-sol-pro", "gpt-image-3"].map((id) => ({ id, cost })));
    expect(missingModels(read)).toEqual(["openai/gpt-7-sol"]);
  });
});

test("what ends within 60 days is listed, and what may have ended", () => {
  const ids = (day: string) => endingModels(Date.parse(day)).map(({ id }) => id);
  expect(ids("2026-10-11")).not.toContain("gpt-5");
  expect(ids("2026-10-12")).toContain("gpt-5");
  expect(ids("2026-11-29")).toContain("gemini-2.5-pro");
});

test("a provider's own list says what it no longer has and when a model ends", () => {
  const listed = readList({
    data: [
      { id: "models/gpt-5", shutdown_date: "2026-12-31" },
      { id: "gpt-5-mini", shutdown_date: Date.parse("2026-12-11") / 1_000 },
      { id: "gpt-6-luna" },
    ],
  });
  const against = compareListed("openai", listed);
  expect(against).toContain("gpt-5 is shut down on 2026-12-31, here on 2026-12-11");
  expect(against.join()).not.toContain("gpt-5-mini");
  expect(against).toContain("gpt-4o is not in the list of openai");
});

import { describe, expect, test } from "vitest";
import { costPicoUsd, toUsd } from "#core/catalog/cost.ts";
import { embeddingModels } from "#core/catalog/embedding-models.ts";
import { models } from "#core/catalog/models.ts";
import { resolveModel } from "#core/catalog/resolve.ts";
import { resolveEmbeddingModel } from "#core/catalog/resolve-embedding.ts";
import { shutdownWarning } from "#core/catalog/shutdown.ts";
import { toOpenAiModel } from "#core/catalog/to-openai-model.ts";
import { noTokens } from "#core/catalog/token-usage.ts";

const find = (id: string) => models.find((model) => model.id === id);

describe("a model whose end is announced", () => {
  const ending = models.filter(({ deprecated }) => deprecated !== undefined);

  test.each(ending.map(({ id, deprecated }) => [id, deprecated] as const))(
    "%s serves until its last day, then its name leads to the successor",
    (id, deprecated) => {
      const end = Date.parse(deprecated?.shutDownOn ?? "");
      expect(deprecated?.shutDownOn).toMatch(/^\d{4}-\d\d-\d\d$/);
      expect(resolveModel(id, "model", end - 1).id).toBe(id);
      // Where some still list it, its name leads to it until a call to the vendor decides.
      expect(resolveModel(id, "model", end).id).toBe(deprecated?.stillServed === true ? id : deprecated?.successor);
      const successor = find(deprecated?.successor ?? "");
      expect(successor).toBeDefined();
      // Nobody is led in circles.
      expect(successor?.deprecated).toBeUndefined();
    },
  );
});

describe("an announced end", () => {
  const model = find("gpt-5-mini");
  const end = Date.parse("2026-12-11");
  const day = 86_400_000;

  test("is in the answers from 60 days before it on, and not earlier", () => {
    expect(shutdownWarning(model, end - 60 * day - 1)).toBeUndefined();
    for (const nowMs of [end - 60 * day, end - 1, end + day]) {
      expect(shutdownWarning(model, nowMs)).toBe("model (gpt-5-mini ends on 2026-12-11; use gpt-6.1-terra)");
    }
    expect(shutdownWarning(find("gpt-6-luna"), end)).toBeUndefined();
    expect(shutdownWarning(undefined, end)).toBeUndefined();
  });

  test("is in the list of models, with its day and its successor", () => {
    expect(model && toOpenAiModel(model)).toMatchObject({
      deprecated: true,
      shutdownDate: "2026-12-11",
      successor: "gpt-6.1-terra",
    });
    const other = find("gpt-6-luna");
    expect(other && JSON.parse(JSON.stringify(toOpenAiModel(other)))).not.toHaveProperty("deprecated");
  });
});

test("the list of models has the prices of the day, and those that are announced", () => {
  const model = find("gemini-4-argon");
  const day = Date.parse("2026-12-01");
  expect(model && toOpenAiModel(model, day - 1)).toMatchObject({
    pricing: { input: 2, output: 10 },
    later_pricing: [{ from: "2026-12-01", input: 4, output: 20, cached_input: 0.2 }],
  });
  expect(model && toOpenAiModel(model, day)).toMatchObject({ pricing: { input: 4 }, later_pricing: undefined });
});

test("a step of prices has its own edge of long contexts, and none without one", () => {
  const model = find("gpt-5.4");
  if (model?.longContext === undefined) throw new Error("gpt-5.4 has two tiers");
  const later = [{ from: "2027-01-01", prices: { input: 7, output: 9 } }];
  const stepped = { ...model, laterPrices: later };
  const usage = { ...noTokens, inputTokens: 300_000 };
  const day = Date.parse("2027-01-01");
  expect(costPicoUsd(stepped, usage, day - 1)).toBe(300_000n * BigInt(model.longContext.prices.input));
  expect(costPicoUsd(stepped, usage, day)).toBe(300_000n * 7n);
});

test.each([
  // Claude Code's `sonnet`, `opus` and `haiku`, and what Codex asks for.
  ["claude-sonnet-5-5", "anthropic"],
  ["claude-opus-5-5", "anthropic"],
  ["claude-haiku-5-5", "anthropic"],
  ["claude-opus-4-5", "anthropic"],
  ["gpt-6.1-sol", "openai"],
  ["gpt-6.2-sol", "openai"],
  ["gpt-5.3-codex", "openai"],
])("agents' model %s is in the catalogue", (id, provider) => {
  expect(resolveModel(id)).toMatchObject({ provider, catalog: expect.anything() });
});

test("announced prices hold from their day on, and not before", () => {
  const model = find("gemini-3.8-flash");
  const usage = { ...noTokens, inputTokens: 1_000_000 };
  const day = Date.parse("2027-01-01");
  expect(toUsd(costPicoUsd(model, usage, day - 1) ?? 0n)).toBe(0.75);
  expect(toUsd(costPicoUsd(model, usage, day) ?? 0n)).toBe(1.5);
});

describe("embedding models", () => {
  test.each(embeddingModels)("$id is found by its id and by provider/id, and pays for input only", (model) => {
    expect(resolveEmbeddingModel(model.id).catalog).toBe(model);
    expect(resolveEmbeddingModel(`${model.provider}/${model.id}`).catalog).toBe(model);
    expect(costPicoUsd(model, { ...noTokens, inputTokens: 1_000_000 })).toBe(BigInt(model.prices.input) * 1_000_000n);
    expect(model.prices.output).toBe(0);
    expect(models.map(({ id }) => id)).not.toContain(model.id);
  });

  test("name no vendor before a slash: a custom provider's slug cannot collide with one", () => {
    expect(embeddingModels.filter(({ id }) => id.includes("/"))).toEqual([]);
  });

  test("an unknown id of a provider passes through without a price, never with a cousin's", () => {
    expect(resolveEmbeddingModel("openai/text-embedding-4")).toEqual({
      id: "openai/text-embedding-4",
      provider: "openai",
      providerModel: "text-embedding-4",
      catalog: undefined,
    });
  });
});

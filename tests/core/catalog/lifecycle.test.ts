import { describe, expect, test } from "vitest";
import { costPicoUsd, toUsd } from "#core/catalog/cost.ts";
import { embeddingModels } from "#core/catalog/embedding-models.ts";
import { models } from "#core/catalog/models.ts";
import { resolveEmbeddingModel, resolveModel } from "#core/catalog/resolve.ts";
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
      expect(resolveModel(id, "model", end).id).toBe(deprecated?.successor);
      const successor = find(deprecated?.successor ?? "");
      expect(successor).toBeDefined();
      // Nobody is led in circles.
      expect(successor?.deprecated).toBeUndefined();
    },
  );
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

  test("an unknown id of a provider passes through without a price, never with a cousin's", () => {
    expect(resolveEmbeddingModel("openai/text-embedding-4")).toEqual({
      id: "openai/text-embedding-4",
      provider: "openai",
      providerModel: "text-embedding-4",
      catalog: undefined,
    });
  });
});

import { findProvider, type ModelPrice } from "@pydantic/genai-prices";
import { describe, expect, it } from "vitest";
import { bedrockModel } from "#core/catalog/bedrock-models.ts";
import type { CatalogModel } from "#core/catalog/model.ts";
import { anthropicModels } from "#core/catalog/models-anthropic.ts";

const listed = new Map(anthropicModels.map((model) => [`anthropic/${model.providerModel}`, model]));
const of = (id: string): CatalogModel | undefined => bedrockModel(`bedrock/${id}`, id, listed);
const usd = (id: string): readonly (number | undefined)[] => {
  const { input, output, cachedInput, cacheWrite } = of(id)?.prices ?? { input: Number.NaN, output: Number.NaN };
  return [input, output, cachedInput, cacheWrite].map((price) => (price === undefined ? undefined : price / 1e6));
};

/** The published table's price of an id, where it has one price whatever the input. */
const published = (id: string): ModelPrice | undefined => {
  const models = findProvider({ providerId: "aws" })?.models ?? [];
  const prices = models.find((model) => model.id === id)?.prices;
  return Array.isArray(prices) ? prices.at(-1)?.prices : prices;
};

describe("what a model of Bedrock costs", () => {
  it("is what Anthropic asks for Claude through a global profile, and a tenth more anywhere else", () => {
    expect(usd("global.anthropic.claude-sonnet-5")).toEqual([2, 10, 0.2, 2.5]);
    for (const id of ["us.", "eu.", "apac.", "jp.", "au.", "in.", ""].map((at) => `${at}anthropic.claude-sonnet-5`)) {
      expect([id, usd(id)]).toEqual([id, [2.2, 11, 0.22, 2.75]]);
    }
    expect(of("eu.anthropic.claude-haiku-5-5")?.longContext).toMatchObject({
      aboveInputTokens: 100_000,
      prices: { input: 550_000, output: 2_750_000 },
    });
  });

  it("is a whole number of micro-dollars", () => {
    for (const { providerModel, prices, longContext } of anthropicModels) {
      const served = of(`us.anthropic.${providerModel}`);
      const all = [...Object.values(served?.prices ?? {}), ...Object.values(served?.longContext?.prices ?? {})];
      expect(all).toHaveLength(Object.keys(prices).length + Object.keys(longContext?.prices ?? {}).length);
      for (const price of all) expect([providerModel, Number.isInteger(price)]).toEqual([providerModel, true]);
    }
  });

  it.each([
    "amazon.nova-micro-v1:0",
    "amazon.nova-lite-v1:0",
    "amazon.nova-pro-v1:0",
    "global.amazon.nova-2-lite-v1:0",
    "openai.gpt-oss-120b-1:0",
    "openai.gpt-oss-20b-1:0",
  ])("is the price of %s in a published table", (id) => {
    const found = published(id);
    expect(usd(id).slice(0, 3)).toEqual([found?.input_mtok, found?.output_mtok, found?.cache_read_mtok]);
  });

  it("hangs on where a profile sends requests", () => {
    expect(usd("eu.amazon.nova-lite-v1:0").slice(0, 2)).toEqual([0.069, 0.276]);
    expect(usd("us.amazon.nova-lite-v1:0").slice(0, 2)).toEqual([0.06, 0.24]);
  });

  it.each([
    "us-gov.anthropic.claude-sonnet-5",
    "us.anthropic.claude-3-5-sonnet-20241022-v2:0",
    "jp.amazon.nova-pro-v1:0",
    "us.openai.gpt-oss-120b-1:0",
    "meta.llama3-1-8b-instruct-v1:0",
    "constructor",
    "us.constructor",
    "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc",
  ])("is not known of %s", (id) => {
    expect(of(id)).toBeUndefined();
  });
});

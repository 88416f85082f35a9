import { describe, expect, it } from "vitest";
import { aliases, models, successors } from "#core/catalog/models.ts";
import { chatProviderIds, platformChatProviderIds } from "#core/catalog/provider-ids.ts";
import { resolveModel } from "#core/catalog/resolve.ts";
import { toOpenAiModel } from "#core/catalog/to-openai-model.ts";

const tiers = models.flatMap(({ id, prices, longContext }) => [
  { id, prices },
  ...(longContext === undefined ? [] : [{ id: `${id}, long`, prices: longContext.prices }]),
]);

describe("the catalogue", () => {
  it("has each id once, and each provider's own id once", () => {
    const ids = models.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const own = models.map(({ provider, providerModel }) => `${provider}/${providerModel}`);
    expect(new Set(own).size).toBe(own.length);
  });

  it("has no alias or former id that hides a model", () => {
    const ids = new Set(models.map(({ id }) => id));
    for (const name of [...Object.keys(aliases), ...Object.keys(successors)]) expect(ids).not.toContain(name);
  });

  it.each([...Object.entries(aliases), ...Object.entries(successors)])(
    "leads from %s to a model that it has: %s",
    (name, id) => {
      expect(models.map((model) => model.id)).toContain(id);
      expect(resolveModel(name).id).toBe(id);
    },
  );

  it.each(["gpt", "claude", "gemini", "grok", "deepseek", "kimi", "mistral", "llama", "minimax"])(
    "knows the documented alias %s",
    (alias) => {
      expect(resolveModel(alias).catalog).toBeDefined();
    },
  );

  it("has whole prices: a cost is exact", () => {
    for (const { id, prices } of tiers) {
      for (const [kind, price] of Object.entries(prices)) {
        expect(Number.isSafeInteger(price) && price > 0, `${id} ${kind} ${price}`).toBe(true);
      }
    }
  });

  it("asks less for cached input than for fresh, and no less for writing a cache", () => {
    for (const { id, prices } of tiers) {
      expect(prices.cachedInput ?? prices.input, id).toBeLessThanOrEqual(prices.input);
      expect(prices.cacheWrite ?? prices.input, id).toBeGreaterThanOrEqual(prices.input);
      expect(prices.longCacheWrite ?? Number.POSITIVE_INFINITY, id).toBeGreaterThanOrEqual(prices.cacheWrite ?? 0);
    }
  });

  it("asks no less above the long-context boundary than below, for any kind of token", () => {
    for (const { id, prices, longContext, contextTokens } of models) {
      if (longContext === undefined) continue;
      expect(longContext.aboveInputTokens, id).toBeLessThanOrEqual(contextTokens);
      expect(Object.keys(longContext.prices).sort(), id).toEqual(Object.keys(prices).sort());
      for (const [kind, price] of Object.entries(prices)) {
        expect(longContext.prices[kind as keyof typeof prices], `${id} ${kind}`).toBeGreaterThanOrEqual(price);
      }
    }
  });

  it("has models of known providers that read text, with sane limits and dates", () => {
    for (const model of models) {
      expect(chatProviderIds, model.id).toContain(model.provider);
      expect(model.input, model.id).toContain("text");
      expect(model.maxOutputTokens, model.id).toBeLessThanOrEqual(model.contextTokens);
      expect(model.created, model.id).toBeGreaterThan(Date.UTC(2023, 0) / 1_000);
    }
  });

  it("serves every chat provider of the contract", () => {
    expect(new Set(models.map(({ provider }) => provider))).toEqual(new Set(platformChatProviderIds));
  });
});

describe("toOpenAiModel", () => {
  it("has OpenAI's four fields and Anthropic's, prices in dollars for a million tokens, and the aliases", () => {
    const model = models.find(({ id }) => id === "claude-sonnet-4-5-20250929");
    expect(model && toOpenAiModel(model)).toEqual({
      id: "claude-sonnet-4-5-20250929",
      object: "model",
      type: "model",
      display_name: "Claude Sonnet 4.5",
      created_at: "2025-09-29T00:00:00.000Z",
      created: Date.UTC(2025, 8, 29) / 1_000,
      owned_by: "anthropic",
      name: "Claude Sonnet 4.5",
      context_window: 200_000,
      max_output_tokens: 64_000,
      pricing: {
        input: 3,
        output: 15,
        cached_input: 0.3,
        cache_write: 3.75,
        long_context: { above_input_tokens: 200_000, input: 6, output: 22.5, cached_input: 0.6, cache_write: 7.5 },
      },
      modalities: { input: ["text", "image", "file"], output: ["text"] },
      capabilities: { tools: true, reasoning: true, jsonSchema: true },
      aliases: ["claude", "claude-sonnet-4-5"],
    });
  });
});

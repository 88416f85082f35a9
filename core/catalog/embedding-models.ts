import type { ChatProviderId } from "#core/catalog/provider-ids.ts";
import type { CatalogModel } from "./model.ts";

/** A model that turns text into vectors. Only its input is paid. */
export interface EmbeddingModel extends CatalogModel {
  readonly provider: "openai" | "google" | "bedrock";
  /** Length of its vectors, and the longest that may be asked for. */
  readonly dimensions: number;
  /** Takes `dimensions` below its own. */
  readonly shortens: boolean;
  /** Takes tokens in place of text. */
  readonly takesTokens: boolean;
}

const embedding = (
  provider: EmbeddingModel["provider"] & ChatProviderId,
  id: string,
  name: string,
  since: string,
  facts: {
    readonly tokens: number;
    readonly microUsd: number;
    readonly dimensions: number;
    readonly shortens: boolean;
  },
): EmbeddingModel => ({
  id,
  provider,
  providerModel: id,
  name,
  contextTokens: facts.tokens,
  maxOutputTokens: 0,
  prices: { input: facts.microUsd, output: 0 },
  input: ["text"],
  capabilities: { tools: false, reasoning: false, jsonSchema: false },
  created: Date.parse(`${since}T00:00:00Z`) / 1_000,
  dimensions: facts.dimensions,
  shortens: facts.shortens,
  takesTokens: provider === "openai",
});

/** The embedding models, with list prices in micro-dollars for a million tokens as of 2026-11-22. */
export const embeddingModels: readonly EmbeddingModel[] = [
  embedding("openai", "text-embedding-3-small", "Text Embedding 3 small", "2024-01-25", {
    tokens: 8_192,
    microUsd: 20_000,
    dimensions: 1_536,
    shortens: true,
  }),
  embedding("openai", "text-embedding-3-large", "Text Embedding 3 large", "2024-01-25", {
    tokens: 8_192,
    microUsd: 130_000,
    dimensions: 3_072,
    shortens: true,
  }),
  embedding("openai", "text-embedding-ada-002", "Text Embedding Ada 002", "2022-12-15", {
    tokens: 8_192,
    microUsd: 100_000,
    dimensions: 1_536,
    shortens: false,
  }),
  embedding("google", "gemini-embedding-2", "Gemini Embedding 2", "2026-03-10", {
    tokens: 8_192,
    microUsd: 200_000,
    dimensions: 3_072,
    shortens: true,
  }),
  embedding("google", "gemini-embedding-001", "Gemini Embedding 001", "2025-07-14", {
    tokens: 2_048,
    microUsd: 150_000,
    dimensions: 3_072,
    shortens: true,
  }),
];

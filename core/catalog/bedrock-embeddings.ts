import { baseId, profileOf } from "./bedrock-id.ts";
import type { EmbeddingModel } from "./embedding-models.ts";

/**
 * Embedding models of Amazon Bedrock, in dollars for a million tokens as of 2026-11-29: AWS's price list, which is that of the US
 * regions for a model's own id.
 */

interface Facts {
  readonly name: string;
  readonly since: string;
  readonly tokens: number;
  readonly usd: number;
  /** All lengths that its vectors may have, its own first. */
  readonly dimensions: readonly [number, ...number[]];
  /** Inference profiles that it has, with the same price. */
  readonly profiles?: readonly string[];
}

const cohere3 = { since: "2023-11-13", tokens: 512, usd: 0.1, dimensions: [1_024] } as const;

const models: Readonly<Record<string, Facts>> = {
  "amazon.titan-embed-text-v2:0": {
    name: "Titan Text Embeddings V2",
    since: "2024-04-30",
    tokens: 8_192,
    usd: 0.02,
    dimensions: [1_024, 512, 256],
  },
  "amazon.titan-embed-text-v1": {
    name: "Titan Embeddings G1 - Text",
    since: "2023-09-28",
    tokens: 8_192,
    usd: 0.1,
    dimensions: [1_536],
  },
  "cohere.embed-english-v3": { ...cohere3, name: "Cohere Embed English v3" },
  "cohere.embed-multilingual-v3": { ...cohere3, name: "Cohere Embed Multilingual v3" },
  "cohere.embed-v4:0": {
    name: "Cohere Embed v4",
    since: "2025-10-01",
    tokens: 128_000,
    usd: 0.12,
    dimensions: [1_536, 1_024, 512, 256],
    profiles: ["us", "global"],
  },
};

const factsOf = (id: string): Facts | undefined => {
  const base = baseId(id);
  return Object.hasOwn(models, base) ? models[base] : undefined;
};

/** Whether a model of Bedrock makes embeddings in a form that is known. */
export const isBedrockEmbedding = (id: string): boolean =>
  /^(?:amazon\.titan-embed-text|cohere\.embed)-/.test(baseId(id));

/** The lengths that the vectors of a model may have, its own first; undefined for one that is not known. */
export const bedrockDimensions = (id: string): readonly number[] | undefined => factsOf(id)?.dimensions;

/**
 * An embedding model of Bedrock with its price, or undefined where it is not known.
 * @param name how callers name it
 * @param id of the model or the inference profile whose price it has
 */
export const bedrockEmbedding = (name: string, id: string): EmbeddingModel | undefined => {
  const facts = factsOf(id);
  const profile = profileOf(id);
  if (facts === undefined || (profile !== undefined && facts.profiles?.includes(profile) !== true)) return undefined;
  const [dimensions] = facts.dimensions;
  return {
    id: name,
    provider: "bedrock",
    providerModel: id,
    name: facts.name,
    contextTokens: facts.tokens,
    maxOutputTokens: 0,
    prices: { input: Math.round(facts.usd * 1_000_000), output: 0 },
    input: ["text"],
    capabilities: { tools: false, reasoning: false, jsonSchema: false },
    created: Date.parse(`${facts.since}T00:00:00Z`) / 1_000,
    dimensions,
    shortens: facts.dimensions.length > 1,
    takesTokens: false,
  };
};

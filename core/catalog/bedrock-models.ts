import { baseId, claudeId, profileOf } from "./bedrock-id.ts";
import type { CatalogModel, LongContextPrices, Modality, ModelCapabilities, TokenPrices } from "./model.ts";

/**
 * The models of Amazon Bedrock whose prices are known, by the id of a model or an inference profile. List prices in dollars for
 * a million tokens as of 2026-11-29, from pi-ai 1.6.0 (2026-11-20) and @pydantic/genai-prices 0.1.8, which has fewer.
 * Imports nothing that a chat has loaded: a module shared with a lazily loaded one becomes a separate chunk.
 */

interface Facts {
  readonly name: string;
  readonly context: number;
  readonly output: number;
  readonly input: readonly Modality[];
  readonly can: ModelCapabilities;
  readonly since: string;
  /** Input and output by profile; `""` is a model's own id, whose price is that of the US regions. */
  readonly prices: Readonly<Record<string, readonly [input: number, output: number]>>;
  /** What of the input's price is paid for what is read from a cache. */
  readonly cached?: number;
}

const textOnly: readonly Modality[] = ["text"];
const textImageFile: readonly Modality[] = ["text", "image", "file"];
const answers: ModelCapabilities = { tools: true, reasoning: false, jsonSchema: false };
const noSchema: ModelCapabilities = { ...answers, reasoning: true };
const nova = {
  context: 300_000,
  output: 10_000,
  input: textImageFile,
  can: answers,
  since: "2024-12-03",
  cached: 0.25,
};
const oss = { context: 131_072, output: 131_072, input: textOnly, can: noSchema, since: "2025-08-05" };

const models: Readonly<Record<string, Facts>> = {
  "amazon.nova-micro-v1:0": {
    ...nova,
    name: "Nova Micro",
    context: 128_000,
    input: textOnly,
    prices: { "": [0.035, 0.14], us: [0.035, 0.14], eu: [0.04, 0.16], apac: [0.037, 0.148] },
  },
  "amazon.nova-lite-v1:0": {
    ...nova,
    name: "Nova Lite",
    prices: { "": [0.06, 0.24], us: [0.06, 0.24], eu: [0.069, 0.276], apac: [0.063, 0.252], ca: [0.064, 0.256] },
  },
  "amazon.nova-pro-v1:0": {
    ...nova,
    name: "Nova Pro",
    prices: { "": [0.8, 3.2], us: [0.8, 3.2], eu: [0.92, 3.68], apac: [0.84, 3.36] },
  },
  "amazon.nova-premier-v1:0": {
    ...nova,
    name: "Nova Premier",
    context: 1_000_000,
    since: "2025-04-30",
    prices: { us: [2.5, 12.5] },
  },
  "amazon.nova-2-lite-v1:0": {
    ...nova,
    name: "Nova 2 Lite",
    context: 1_000_000,
    output: 65_535,
    can: noSchema,
    since: "2025-12-02",
    prices: { "": [0.33, 2.75], us: [0.33, 2.75], global: [0.3, 2.5], eu: [0.374, 3.157], jp: [0.396, 3.311] },
  },
  "openai.gpt-oss-120b-1:0": {
    ...oss,
    name: "gpt-oss-120b",
    prices: { "": [0.15, 0.6], "us-gov": [0.18, 0.72] },
  },
  "openai.gpt-oss-20b-1:0": {
    ...oss,
    name: "gpt-oss-20b",
    prices: { "": [0.07, 0.3], "us-gov": [0.084, 0.36] },
  },
};

const microUsd = (dollars: number): number => Math.round(dollars * 1_000_000);

const listed = (id: string): Omit<CatalogModel, "id"> | undefined => {
  const base = baseId(id);
  const facts = Object.hasOwn(models, base) ? models[base] : undefined;
  const price = facts?.prices[profileOf(id) ?? ""];
  if (facts === undefined || price === undefined) return undefined;
  const [input, output] = price;
  return {
    provider: "bedrock",
    providerModel: id,
    name: facts.name,
    contextTokens: facts.context,
    maxOutputTokens: facts.output,
    prices: {
      input: microUsd(input),
      output: microUsd(output),
      ...(facts.cached === undefined ? {} : { cachedInput: microUsd(input * facts.cached) }),
    },
    input: facts.input,
    capabilities: facts.can,
    created: Date.parse(`${facts.since}T00:00:00Z`) / 1_000,
  };
};

const dearer = (price: TokenPrices): TokenPrices =>
  Object.fromEntries(Object.entries(price).map(([name, microUsd]) => [name, (microUsd * 11) / 10])) as never;
const dearerLong = ({ aboveInputTokens, prices: tier }: LongContextPrices): LongContextPrices => ({
  aboveInputTokens,
  prices: dearer(tier),
});

/** Models of the catalogue as `provider/id`, Anthropic's among them. */
export type ByProvider = ReadonlyMap<string, CatalogModel>;

/** Claude costs what Anthropic asks through a global profile; in one region or through any other profile a tenth more. */
const claude = (id: string, catalog: ByProvider): Omit<CatalogModel, "id"> | undefined => {
  const known = claudeId(id);
  const profile = profileOf(id);
  const model = known === undefined ? undefined : catalog.get(`anthropic/${known}`);
  if (model === undefined || profile === "us-gov") return undefined;
  // AWS ends models on days of its own.
  const { deprecated: _, ...served } = { ...model, provider: "bedrock", providerModel: id } as const;
  if (profile === "global") return served;
  const { longContext: long } = model;
  return { ...served, prices: dearer(model.prices), ...(long === undefined ? {} : { longContext: dearerLong(long) }) };
};

/**
 * A model of Bedrock with its prices, or undefined where they are not known.
 * @param name how callers name it
 * @param id of the model or the inference profile whose price it has
 */
export const bedrockModel = (name: string, id: string, catalog: ByProvider): CatalogModel | undefined => {
  const model = claude(id, catalog) ?? listed(id);
  return model === undefined ? undefined : { ...model, id: name };
};

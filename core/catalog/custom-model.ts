import type { CatalogModel } from "./model.ts";

/** What the owner of a custom provider says of one of its models. */
export interface CustomModelFacts {
  readonly id: string;
  /** Whole micro-dollars for a million tokens. */
  readonly prices?:
    | {
        readonly input: number;
        readonly output: number;
        readonly cachedInput?: number | undefined;
        readonly cacheWrite?: number | undefined;
      }
    | undefined;
  /** Tokens. */
  readonly contextWindow?: number | undefined;
}

/**
 * A custom provider's model as if the catalogue had it, so that its usage has a cost. Undefined where its owner states no
 * prices: then its cost is unknown. It is never in the catalogue itself.
 */
export const customCatalogModel = (
  { id, providerModel = id }: { readonly id: string; readonly providerModel?: string },
  facts: readonly CustomModelFacts[],
): CatalogModel | undefined => {
  const known = facts.find((candidate) => candidate.id === providerModel);
  if (known?.prices === undefined) return undefined;
  const { input, output, cachedInput, cacheWrite } = known.prices;
  return {
    id,
    provider: "custom",
    providerModel,
    name: id,
    // Without a stated window nothing is taken to be too large for it.
    contextTokens: known.contextWindow ?? Number.MAX_SAFE_INTEGER,
    maxOutputTokens: Number.MAX_SAFE_INTEGER,
    prices: {
      input,
      output,
      ...(cachedInput === undefined ? {} : { cachedInput }),
      ...(cacheWrite === undefined ? {} : { cacheWrite }),
    },
    input: ["text", "image", "audio", "file"],
    capabilities: { tools: true, reasoning: true, jsonSchema: true },
    created: 0,
  };
};

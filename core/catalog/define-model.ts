import type { ChatProviderId } from "#core/catalog/provider-ids.ts";
import type {
  CatalogModel,
  Deprecation,
  LongContextPrices,
  Modality,
  ModelCapabilities,
  PriceStep,
  TokenPrices,
} from "./model.ts";

const usd = (dollars: number): number => Math.round(dollars * 1_000_000);

/** Dollars for a million tokens: input, output, then cached input, cache write, write for an hour. */
export const prices = (
  input: number,
  output: number,
  cachedInput?: number,
  cacheWrite?: number,
  longCacheWrite?: number,
): TokenPrices => ({
  input: usd(input),
  output: usd(output),
  ...(cachedInput === undefined ? {} : { cachedInput: usd(cachedInput) }),
  ...(cacheWrite === undefined ? {} : { cacheWrite: usd(cacheWrite) }),
  ...(longCacheWrite === undefined ? {} : { longCacheWrite: usd(longCacheWrite) }),
});

/** Prices of all tokens of a request with more input tokens than this. */
export const above = (aboveInputTokens: number, tier: TokenPrices): LongContextPrices => ({
  aboveInputTokens,
  prices: tier,
});

/** What is known of a model, in short words: the catalogue is one page of these. */
export interface ModelFacts {
  readonly name: string;
  readonly context: number;
  readonly output: number;
  readonly prices: TokenPrices;
  readonly long?: LongContextPrices;
  readonly later?: readonly PriceStep[];
  readonly input: readonly Modality[];
  readonly can: ModelCapabilities;
  /** Release date. */
  readonly since: string;
  readonly deprecated?: Deprecation;
}

/** A model of the catalogue from its facts. */
export const model = (provider: ChatProviderId, id: string, facts: ModelFacts): CatalogModel => ({
  id,
  provider,
  providerModel: id,
  name: facts.name,
  contextTokens: facts.context,
  maxOutputTokens: facts.output,
  prices: facts.prices,
  ...(facts.long === undefined ? {} : { longContext: facts.long }),
  ...(facts.later === undefined ? {} : { laterPrices: facts.later }),
  ...(facts.deprecated === undefined ? {} : { deprecated: facts.deprecated }),
  input: facts.input,
  capabilities: facts.can,
  created: Date.parse(`${facts.since}T00:00:00Z`) / 1_000,
});

/** The vendor announced the end of a model: when, its last day, and what it recommends instead. */
export const ends = (announcedOn: string | undefined, shutDownOn: string, successor: string): Deprecation => ({
  announcedOn,
  shutDownOn,
  successor,
});

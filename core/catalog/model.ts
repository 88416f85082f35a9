import type { ChatProviderId } from "#core/catalog/provider-ids.ts";

/** List prices in micro-dollars for a million tokens: whole numbers, so that a cost is exact. */
export interface TokenPrices {
  readonly input: number;
  readonly output: number;
  /** Input read from the provider's prompt cache. Where absent, as `input`. */
  readonly cachedInput?: number;
  /** Input that is heard rather than read. Where absent, as `input`. */
  readonly audioInput?: number;
  /** Input written to a cache of about 5 minutes. Where absent, as `input`. */
  readonly cacheWrite?: number;
  /** Input written to a cache of an hour. Where absent, as `cacheWrite`. */
  readonly longCacheWrite?: number;
}

export interface LongContextPrices {
  /** A request with more input tokens than this pays these prices for all of its tokens. */
  readonly aboveInputTokens: number;
  readonly prices: TokenPrices;
}

/** Prices from a later day on (ISO 8601, UTC): announced ones are here before they hold. */
export interface PriceStep {
  readonly from: string;
  readonly prices: TokenPrices;
  readonly longContext?: LongContextPrices;
}

export type Modality = "text" | "image" | "audio" | "file";

export interface ModelCapabilities {
  readonly tools: boolean;
  readonly reasoning: boolean;
  /** `response_format: json_schema`. */
  readonly jsonSchema: boolean;
}

/** The vendor has announced the end of a model. Days in ISO 8601, UTC. */
export interface Deprecation {
  /** Undefined where no source says it. */
  readonly announcedOn: string | undefined;
  /** From this day on its name leads to the successor. */
  readonly shutDownOn: string;
  /** The catalogue id that the vendor recommends. */
  readonly successor: string;
  /** The day has come and some still list the model: its name keeps leading to it until a call to the vendor decides. */
  readonly stillServed?: true;
}

/** One model of the catalogue: data that is reviewed like code. */
export interface CatalogModel {
  /** The id that callers use; exact, never matched loosely. */
  readonly id: string;
  readonly provider: ChatProviderId;
  /** The provider's own id. */
  readonly providerModel: string;
  readonly name: string;
  readonly contextTokens: number;
  readonly maxOutputTokens: number;
  /** The first ones; `pricesOn` (cost.ts) has those of a day. */
  readonly prices: TokenPrices;
  readonly longContext?: LongContextPrices;
  /** In the order of their days. */
  readonly laterPrices?: readonly PriceStep[];
  readonly input: readonly Modality[];
  readonly capabilities: ModelCapabilities;
  readonly deprecated?: Deprecation;
  /** Unix seconds of the release, for OpenAI's `created`. */
  readonly created: number;
}

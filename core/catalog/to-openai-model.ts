import { pricesOn } from "./cost.ts";
import type { CatalogModel, TokenPrices } from "./model.ts";
import { aliasesOf } from "./resolve.ts";

const usdPerMillion = (microUsd: number | undefined): number | null =>
  microUsd === undefined ? null : microUsd / 1_000_000;

const pricesUsd = (prices: TokenPrices) => ({
  input: usdPerMillion(prices.input),
  output: usdPerMillion(prices.output),
  cached_input: usdPerMillion(prices.cachedInput),
  cache_write: usdPerMillion(prices.cacheWrite),
});

/** Prices in USD for a million tokens. */
export const pricingOf = ({ prices, longContext }: Pick<CatalogModel, "prices" | "longContext">) => ({
  ...pricesUsd(prices),
  long_context:
    longContext === undefined
      ? null
      : { above_input_tokens: longContext.aboveInputTokens, ...pricesUsd(longContext.prices) },
});

/** A model in OpenAI's and Anthropic's shapes at once, with what a caller chooses by beside it, as of a time (unix ms). */
export const toOpenAiModel = (model: CatalogModel, nowMs: number = Date.now()) => {
  const { deprecated, laterPrices = [] } = model;
  const later = laterPrices.filter(({ from }) => Date.parse(from) > nowMs);
  return {
    id: model.id,
    object: "model" as const,
    type: "model" as const,
    display_name: model.name,
    created_at: new Date(model.created * 1_000).toISOString(),
    created: model.created,
    owned_by: model.provider,
    name: model.name,
    context_window: model.contextTokens,
    max_output_tokens: model.maxOutputTokens,
    /** USD for a million tokens. */
    pricing: pricingOf(pricesOn(model, nowMs)),
    /** Only where other prices are announced. */
    later_pricing: later.length === 0 ? undefined : later.map((step) => ({ from: step.from, ...pricingOf(step) })),
    modalities: { input: model.input, output: ["text"] },
    capabilities: model.capabilities,
    aliases: aliasesOf(model.id),
    /** The next four only where the vendor has announced its end. */
    deprecated: deprecated === undefined ? undefined : true,
    shutdownDate: deprecated?.shutDownOn,
    successor: deprecated?.successor,
    deprecation:
      deprecated === undefined
        ? undefined
        : {
            announced_on: deprecated.announcedOn ?? null,
            shut_down_on: deprecated.shutDownOn,
            successor: deprecated.successor,
          },
  };
};

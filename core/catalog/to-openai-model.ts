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

/** A model in OpenAI's and Anthropic's shapes at once, with what a caller chooses by beside it. */
export const toOpenAiModel = (model: CatalogModel) => ({
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
  pricing: {
    ...pricesUsd(model.prices),
    long_context:
      model.longContext === undefined
        ? null
        : { above_input_tokens: model.longContext.aboveInputTokens, ...pricesUsd(model.longContext.prices) },
  },
  modalities: { input: model.input, output: ["text"] },
  capabilities: model.capabilities,
  aliases: aliasesOf(model.id),
  /** Only where the vendor has announced its end. */
  deprecation:
    model.deprecated === undefined
      ? undefined
      : {
          announced_on: model.deprecated.announcedOn,
          shut_down_on: model.deprecated.shutDownOn,
          successor: model.deprecated.successor,
        },
});

import type { CatalogModel, TokenPrices } from "./model.ts";
import type { TokenUsage } from "./token-usage.ts";

/** A million million: pico-dollars in a dollar. */
export const picoPerUsd = 1_000_000_000_000n;

/** The prices of a model on a day (unix ms), of both context lengths. */
export const pricesOn = (
  { prices, longContext, laterPrices = [] }: CatalogModel,
  nowMs: number,
): Pick<CatalogModel, "prices" | "longContext"> => {
  const step = laterPrices.findLast(({ from }) => nowMs >= Date.parse(from));
  return step ?? (longContext === undefined ? { prices } : { prices, longContext });
};

/** The prices of a request with so many input tokens at a time. */
const pricesFor = (model: CatalogModel, inputTokens: number, nowMs: number): TokenPrices => {
  const { prices, longContext } = model.laterPrices === undefined ? model : pricesOn(model, nowMs);
  return longContext !== undefined && inputTokens > longContext.aboveInputTokens ? longContext.prices : prices;
};

/**
 * What a generation costs at list price, in pico-dollars (micro-dollars a million tokens, times tokens): exact integers.
 * Undefined when the catalogue does not know the model.
 */
export const costPicoUsd = (
  model: CatalogModel | undefined,
  usage: TokenUsage,
  nowMs: number = Date.now(),
): bigint | undefined => {
  if (model === undefined) return undefined;
  const price = pricesFor(model, usage.inputTokens, nowMs);
  const cacheWrite = price.cacheWrite ?? price.input;
  const fresh = Math.max(
    0,
    usage.inputTokens - usage.cachedInputTokens - usage.cacheWriteInputTokens - usage.longCacheWriteInputTokens,
  );
  const times = (tokens: number, microUsd: number): bigint => BigInt(tokens) * BigInt(microUsd);
  return (
    times(fresh, price.input) +
    times(Math.min(usage.audioInputTokens ?? 0, usage.inputTokens), (price.audioInput ?? price.input) - price.input) +
    times(usage.cachedInputTokens, price.cachedInput ?? price.input) +
    times(usage.cacheWriteInputTokens, cacheWrite) +
    times(usage.longCacheWriteInputTokens, price.longCacheWrite ?? cacheWrite) +
    times(usage.outputTokens, price.output)
  );
};

/** Dollars as a JSON number, for answers only: sums are made before, on integers. */
export const toUsd = (picoUsd: bigint): number => Number(picoUsd) / Number(picoPerUsd);

/** Pico-dollars of a dollar amount from the configuration, to the micro-dollar. */
export const fromUsd = (usd: number): bigint => BigInt(Math.round(usd * 1_000_000)) * 1_000_000n;

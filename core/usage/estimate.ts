import { costPicoUsd } from "#core/catalog/cost.ts";
import type { CatalogModel } from "#core/catalog/model.ts";
import { models } from "#core/catalog/models.ts";
import { estimateTokens, noTokens, type TokenUsage } from "#core/catalog/token-usage.ts";

/**
 * What a request may cost before it is sent: reserved from the user's daily spend, corrected to the true cost after. Only
 * the reservation uses it; a metered cost is never an estimate of price.
 */

/** Output tokens reserved when the caller sets no limit. A stream that outgrows them reserves again. */
const defaultOutputTokens = 1_000;

/** A model that the catalogue does not know is reserved at the dearest price: an unknown must not be a free ride. */
const dearest = models.reduce((left, right) => (right.prices.output > left.prices.output ? right : left));

export const priceForReserve = (model: CatalogModel | undefined): CatalogModel => model ?? dearest;

/** Pico-dollars to reserve for a request of so many input characters and at most so many output tokens. */
export const estimatePicoUsd = (
  model: CatalogModel | undefined,
  inputCharacters: number,
  maxOutputTokens: number | undefined,
): bigint => {
  const outputTokens = Math.min(maxOutputTokens ?? defaultOutputTokens, defaultOutputTokens * 4);
  const usage: TokenUsage = { ...noTokens, inputTokens: estimateTokens(inputCharacters), outputTokens };
  return costPicoUsd(priceForReserve(model), usage) ?? 0n;
};

/** How many output characters a reservation for output covers. */
export const coveredCharacters = (model: CatalogModel | undefined, picoUsd: bigint): number =>
  Number((picoUsd * 4n) / BigInt(Math.max(1, priceForReserve(model).prices.output)));

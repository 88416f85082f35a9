import { costPicoUsd } from "#core/catalog/cost.ts";
import type { CatalogModel } from "#core/catalog/model.ts";
import { models } from "#core/catalog/models.ts";
import { estimateTokens, noTokens, type TokenUsage } from "#core/catalog/token-usage.ts";

/**
 * The amount that a request may cost, before it is sent. It is reserved from the user's daily spend and corrected to the
 * true cost later. Only reservations use these estimates; a metered cost is never an estimate of a price.
 */

/** Output tokens reserved when the caller sets no limit. A stream that outgrows them reserves again. */
const defaultOutputTokens = 1_000;

/** The catalogue's highest price stands in for an unknown one: an unknown price must not be a free ride. */
const mostExpensiveModel = models.reduce((left, right) => (right.prices.output > left.prices.output ? right : left));

/** The prices that a reservation uses. */
export const priceForReserve = (model: CatalogModel | undefined): CatalogModel => model ?? mostExpensiveModel;

/** Counted against the daily cap: an unknown price counts as the highest, although the event's cost stays unknown. */
export const costForReserve = (model: CatalogModel | undefined, usage: TokenUsage): bigint =>
  costPicoUsd(priceForReserve(model), usage) ?? 0n;

/** Pico-dollars to reserve for a request with this many input characters and at most this many output tokens. */
export const estimatePicoUsd = (
  model: CatalogModel | undefined,
  inputCharacters: number,
  maxOutputTokens: number | undefined,
): bigint => {
  const outputTokens = Math.min(maxOutputTokens ?? defaultOutputTokens, defaultOutputTokens * 4);
  return costForReserve(model, { ...noTokens, inputTokens: estimateTokens(inputCharacters), outputTokens });
};

/** The same for the most expensive of the models that may serve: a cheap model in front must not hide an expensive fallback. */
export const mostExpensive = (
  candidates: readonly { readonly model: { readonly catalog?: CatalogModel | undefined } }[],
  inputCharacters: number,
  maxOutputTokens: number | undefined,
): bigint =>
  candidates
    .map(({ model }) => estimatePicoUsd(model.catalog, inputCharacters, maxOutputTokens))
    .reduce((left, right) => (left > right ? left : right), 0n);

/** How many output characters a reservation for output covers. */
export const coveredCharacters = (model: CatalogModel | undefined, picoUsd: bigint): number =>
  Number((picoUsd * 4n) / BigInt(Math.max(1, priceForReserve(model).prices.output)));

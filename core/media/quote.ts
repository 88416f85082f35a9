import type { MediaUnit } from "#core/catalog/media-models.ts";
import type { UnitCost } from "#core/generation/settlement.ts";

/** The expected cost of a request, before its provider is called. */
export interface Quote {
  readonly unit: MediaUnit;
  readonly units: number;
  /** Undefined for an unknown price. */
  readonly costPicoUsd: bigint | undefined;
}

/** Booked against the daily cap when the price is not known: half a dollar. */
const unknownSpendPicoUsd = 500_000_000_000n;

/** The part of the daily cap that a quote reserves. */
export const spendOf = ({ costPicoUsd }: Quote): bigint => costPicoUsd ?? unknownSpendPicoUsd;

export const toUnitCost = (quote: Quote): UnitCost => ({
  unit: quote.unit,
  units: quote.units,
  costPicoUsd: quote.costPicoUsd,
  spendPicoUsd: spendOf(quote),
});

/** The cost when nothing was made. */
export const nothingMade = ({ unit }: Quote): UnitCost => ({ unit, units: 0, costPicoUsd: 0n, spendPicoUsd: 0n });

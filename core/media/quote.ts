import type { MediaUnit } from "#core/catalog/media-models.ts";
import type { UnitCost } from "#core/generation/settlement.ts";

/** What a request will come to, as far as it is known before the provider is asked. */
export interface Quote {
  readonly unit: MediaUnit;
  readonly units: number;
  /** Undefined for an unknown price. */
  readonly costPicoUsd: bigint | undefined;
}

/** Booked on the daily cap for what has no known price: half a dollar. */
const unknownSpendPicoUsd = 500_000_000_000n;

/** What a quote takes of the daily cap. */
export const spendOf = ({ costPicoUsd }: Quote): bigint => costPicoUsd ?? unknownSpendPicoUsd;

export const toUnitCost = (quote: Quote): UnitCost => ({
  unit: quote.unit,
  units: quote.units,
  costPicoUsd: quote.costPicoUsd,
  spendPicoUsd: spendOf(quote),
});

/** Nothing was made. */
export const nothingMade = ({ unit }: Quote): UnitCost => ({ unit, units: 0, costPicoUsd: 0n, spendPicoUsd: 0n });

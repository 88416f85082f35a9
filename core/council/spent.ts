import type { ArenaRun } from "#core/arena/arena-run.ts";
import { toUsd } from "#core/catalog/cost.ts";

/** What a run has cost so far, USD; null when a price is not known. */
export const spentUsd = ({ totals: { costPicoUsd } }: Pick<ArenaRun, "totals">): number | null =>
  costPicoUsd === undefined ? null : toUsd(costPicoUsd);

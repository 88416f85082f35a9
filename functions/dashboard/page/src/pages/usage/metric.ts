import type { UsageSums } from "../../api/usage.ts";
import { formatCompact, formatCost, formatCount } from "../../format.ts";

/** Chart metric. */

export const metrics = [
  { id: "requests", name: "Requests", short: formatCompact, long: formatCount },
  { id: "tokens", name: "Tokens", short: formatCompact, long: formatCount },
  { id: "cost", name: "Cost", short: formatCost, long: formatCost },
] as const;

export type Metric = (typeof metrics)[number];

/** An unknown cost has no height; the tables say that it is unknown. */
export const amountOf = (sums: UsageSums | undefined, { id }: Metric): number => sums?.[id] ?? 0;

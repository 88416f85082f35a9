import { percentile } from "#core/values/latency-histogram.ts";
import type { UsagePoint } from "../../api/usage.ts";
import { formatCompact, formatCost, formatCount, formatMs } from "../../format.ts";

/** What the chart shows. Amounts are stacked; latencies are lines, and have no sum. */

const latencyShare = 0.95;

/** An unknown cost has no height; the tables say that it is unknown. */
export const metrics = [
  {
    id: "requests",
    name: "Requests",
    short: formatCompact,
    long: formatCount,
    of: (point: UsagePoint) => point.requests,
  },
  { id: "tokens", name: "Tokens", short: formatCompact, long: formatCount, of: (point: UsagePoint) => point.tokens },
  { id: "cost", name: "Cost", short: formatCost, long: formatCost, of: (point: UsagePoint) => point.cost ?? 0 },
  { id: "errors", name: "Errors", short: formatCompact, long: formatCount, of: (point: UsagePoint) => point.errors },
  {
    id: "latency",
    name: "Latency",
    short: formatMs,
    long: formatMs,
    of: ({ latency }: UsagePoint) => percentile(latency, latencyShare),
  },
] as const;

export type Metric = (typeof metrics)[number];

export const isStacked = ({ id }: Metric): boolean => id !== "latency";

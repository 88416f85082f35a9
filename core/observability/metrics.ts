/**
 * The vocabulary of metrics, shared with the operators' dashboards and alarms, and the one place that writes them (EMF on
 * standard output, one blob a request). Dimensions come from the route table and the catalogue only: a free-form model
 * name must never become one.
 */
export const metricNames = {
  Requests: "Count",
  Errors: "Count",
  LatencyMs: "Milliseconds",
  TimeToFirstTokenMs: "Milliseconds",
  GatewayOverheadMs: "Milliseconds",
  InputTokens: "Count",
  OutputTokens: "Count",
  CostMicroUsd: "Count",
  UnpricedRequests: "Count",
  Attempts: "Count",
  Fallbacks: "Count",
  ProviderFailures: "Count",
  CacheHits: "Count",
  ColdStarts: "Count",
  UnkeyUnavailable: "Count",
  OrphanedLeases: "Count",
  AbandonedRequests: "Count",
  RollupLagMs: "Milliseconds",
} as const satisfies Record<string, "Count" | "Milliseconds">;

export type MetricName = keyof typeof metricNames;
export const metricNamespace = "Concurred";

/** The dimensions of one blob: a few hundred combinations at most. */
export interface MetricDimensions {
  readonly route: string;
  readonly model?: string | undefined;
  readonly provider?: string | undefined;
}

let pending: Partial<Record<MetricName, number>> = {};

/** Adds to a metric of the running request. One request runs at a time in an environment. */
export const increment = (name: MetricName, by = 1): void => {
  pending[name] = (pending[name] ?? 0) + by;
};

/** Kept: an import costs its look-up each time, though the module is there. */
let writer: Promise<typeof import("./write-metrics.ts")> | undefined;

/**
 * Writes the running request's metrics as one EMF blob and begins anew. Called once, after the answer has ended, so its
 * writer is loaded then: no first byte waits for it.
 */
export const flushMetrics = async (dimensions: MetricDimensions): Promise<void> => {
  const values = pending;
  pending = {};
  writer ??= import("./write-metrics.ts");
  const { writeMetrics } = await writer;
  writeMetrics(dimensions, values);
};

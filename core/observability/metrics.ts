import { Metrics, MetricUnit } from "@aws-lambda-powertools/metrics";
import { config } from "#core/config.ts";

/**
 * The vocabulary of metrics, shared with the operators' dashboards and alarms, and the one place that writes them (EMF on
 * standard output, one blob a request). Dimensions come from the route table and the catalogue only: a free-form model
 * name must never become one.
 */
export const metricNames = {
  Requests: MetricUnit.Count,
  Errors: MetricUnit.Count,
  LatencyMs: MetricUnit.Milliseconds,
  TimeToFirstTokenMs: MetricUnit.Milliseconds,
  GatewayOverheadMs: MetricUnit.Milliseconds,
  InputTokens: MetricUnit.Count,
  OutputTokens: MetricUnit.Count,
  CostMicroUsd: MetricUnit.Count,
  UnpricedRequests: MetricUnit.Count,
  Attempts: MetricUnit.Count,
  Fallbacks: MetricUnit.Count,
  ProviderFailures: MetricUnit.Count,
  CacheHits: MetricUnit.Count,
  ColdStarts: MetricUnit.Count,
  UnkeyUnavailable: MetricUnit.Count,
  OrphanedLeases: MetricUnit.Count,
  AbandonedRequests: MetricUnit.Count,
  RollupLagMs: MetricUnit.Milliseconds,
} as const;

export type MetricName = keyof typeof metricNames;
export const metricNamespace = "Concurred";

const metrics = new Metrics({
  namespace: metricNamespace,
  serviceName: "concurred",
  // Given once: setting them with each request makes Powertools write a warning every time.
  defaultDimensions: { stage: config.stage() },
});

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

/** Writes the running request's metrics as one EMF blob and begins anew. Called once, after the answer has ended. */
export const flushMetrics = (dimensions: MetricDimensions): void => {
  metrics.addDimensions({
    route: dimensions.route,
    model: dimensions.model ?? "none",
    provider: dimensions.provider ?? "none",
  });
  for (const [name, value] of Object.entries(pending)) {
    const known = name as MetricName;
    metrics.addMetric(known, metricNames[known], value);
  }
  pending = {};
  metrics.publishStoredMetrics();
};

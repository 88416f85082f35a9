/**
 * The vocabulary of metrics, shared with the operators' dashboards and alarms. Dimensions come only from the route table
 * and the catalogue: a free-form model name must never become one.
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
  BudgetRefusals: "Count",
  BudgetAlertFailures: "Count",
  DeadDeliveries: "Count",
  ExportFailures: "Count",
  ContentFailures: "Count",
  AbandonedRequests: "Count",
  RollupLagMs: "Milliseconds",
  DeliveryLagMs: "Milliseconds",
} as const satisfies Record<string, "Count" | "Milliseconds">;

export type MetricName = keyof typeof metricNames;
export const metricNamespace = "Concurred";

/** The dimensions of one blob: a few hundred combinations at most. */
export interface MetricDimensions {
  readonly route: string;
  readonly model?: string | undefined;
  readonly provider?: string | undefined;
}

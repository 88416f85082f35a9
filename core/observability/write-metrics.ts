import { Metrics } from "@aws-lambda-powertools/metrics";
import { config } from "#core/config.ts";
import { type MetricDimensions, type MetricName, metricNames, metricNamespace } from "./metric-names.ts";

const metrics = new Metrics({
  namespace: metricNamespace,
  serviceName: "concurred",
  // Given once: setting them with each request makes Powertools write a warning every time.
  defaultDimensions: { stage: config.stage() },
});

/** Writes values as one EMF blob on standard output. */
export const writeMetrics = (
  dimensions: MetricDimensions,
  values: Readonly<Partial<Record<MetricName, number>>>,
): void => {
  // The set of the stage alone: alarms and percentiles need sums that nothing has to add up.
  metrics.addDimensions({});
  metrics.addDimensions({
    route: dimensions.route,
    model: dimensions.model ?? "none",
    provider: dimensions.provider ?? "none",
  });
  for (const [name, value] of Object.entries(values)) {
    const known = name as MetricName;
    metrics.addMetric(known, metricNames[known], value);
  }
  metrics.publishStoredMetrics();
};

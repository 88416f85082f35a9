import { config } from "#core/config.ts";
import { serviceName } from "./logger.ts";
import { type MetricDimensions, type MetricName, metricNames, metricNamespace } from "./metric-names.ts";

/**
 * Collects the running request's metrics and writes them in one blob of CloudWatch's embedded metric format on standard
 * output. A test holds the blob against Powertools'.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */

let pending: Partial<Record<MetricName, number>> = {};

/** Adds to a metric of the running request. One request runs at a time in an environment. */
export const increment = (name: MetricName, by = 1): void => {
  pending[name] = (pending[name] ?? 0) + by;
};

/** The set of the stage alone comes first: alarms and percentiles need totals without metric math. */
const dimensionSets = [
  ["service", "stage"],
  ["service", "stage", "route", "model", "provider"],
];

/** Writes the running request's metrics, if there are any, as one blob and resets them. Called once, after the answer has ended. */
export const flushMetrics = ({ route, model = "none", provider = "none" }: MetricDimensions): void => {
  const values = pending;
  pending = {};
  const names = Object.keys(values);
  if (names.length === 0) return;
  const definitions = names.map((name) => ({ Name: name, Unit: metricNames[name as MetricName] }));
  const directive = { Namespace: metricNamespace, Dimensions: dimensionSets, Metrics: definitions };
  const blob = {
    _aws: { Timestamp: Date.now(), CloudWatchMetrics: [directive] },
    service: serviceName,
    stage: config.stage(),
    route,
    model,
    provider,
    ...values,
  };
  process.stdout.write(`${JSON.stringify(blob)}\n`);
};

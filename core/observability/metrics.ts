import type { MetricDimensions, MetricName } from "./metric-names.ts";

/** Collects the running request's metrics and writes them in one EMF blob on standard output. */

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

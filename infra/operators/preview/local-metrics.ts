import * as z from "zod";
import { metricNames, metricNamespace } from "#core/observability/metric-names.ts";
import { groupDimensions } from "../series.ts";

/** Reads what the functions wrote on a machine: metrics (EMF) and canonical log lines, from `functions.log` of `npm start`. */

export interface MetricPoint {
  /** Unix ms. */
  readonly timeMs: number;
  readonly dimensions: Readonly<Record<(typeof groupDimensions)[number], string>>;
  readonly values: Readonly<Record<string, number>>;
}

export type LogLine = Readonly<Record<string, unknown>>;

export interface LocalTelemetry {
  readonly points: readonly MetricPoint[];
  readonly lines: readonly LogLine[];
}

const blobSchema = z.looseObject({
  _aws: z.object({
    Timestamp: z.number(),
    CloudWatchMetrics: z.array(z.object({ Namespace: z.string() })),
  }),
});

const parseObject = (line: string): LogLine | undefined => {
  // A line begins with the name of its function.
  const start = line.indexOf("{");
  if (start < 0) return undefined;
  try {
    const value: unknown = JSON.parse(line.slice(start));
    return typeof value === "object" && value !== null ? (value as LogLine) : undefined;
  } catch {
    // A line that is cut, or text of somebody else.
    return undefined;
  }
};

const toPoint = (object: LogLine): MetricPoint | undefined => {
  const blob = blobSchema.safeParse(object);
  if (!blob.success || blob.data._aws.CloudWatchMetrics[0]?.Namespace !== metricNamespace) return undefined;
  const values = Object.keys(metricNames).flatMap((name) => {
    const value = object[name];
    return typeof value === "number" ? [[name, value] as const] : [];
  });
  const dimensions = groupDimensions.map((name) => [name, String(object[name] ?? "none")] as const);
  return {
    timeMs: blob.data._aws.Timestamp,
    dimensions: Object.fromEntries(dimensions) as MetricPoint["dimensions"],
    values: Object.fromEntries(values),
  };
};

/** Sorts a log into metrics and canonical lines; everything else in it is passed over. */
export const readTelemetry = (log: string): LocalTelemetry => {
  const points: MetricPoint[] = [];
  const lines: LogLine[] = [];
  for (const text of log.split("\n")) {
    const object = parseObject(text);
    if (object === undefined) continue;
    const point = toPoint(object);
    if (point !== undefined) points.push(point);
    else if (object.message === "request") lines.push(object);
  }
  return { points, lines };
};

import type { MetricName } from "#core/observability/metric-names.ts";
import type { GroupDimension, Series, StageSeries } from "../series.ts";
import type { LocalTelemetry, LogLine, MetricPoint } from "./local-metrics.ts";

/** Evaluates the gateway's own series over local metrics, as CloudWatch would over a stage's. */

/** One line of a chart: a value for each bucket, undefined where nothing was written. */
export interface ChartLine {
  readonly label: string;
  readonly values: readonly (number | undefined)[];
}

export interface Buckets {
  readonly startMs: number;
  readonly lengthMs: number;
  readonly count: number;
}

const wantedBuckets = 30;
const lengthsMs = [1_000, 5_000, 10_000, 30_000, 60_000, 300_000, 900_000, 3_600_000, 21_600_000, 86_400_000] as const;

/** Periods that make about thirty points of what there is. */
export const toBuckets = (points: readonly MetricPoint[]): Buckets => {
  const times = points.map(({ timeMs }) => timeMs);
  const first = times.reduce((least, time) => Math.min(least, time), times[0] ?? 0);
  const last = times.reduce((most, time) => Math.max(most, time), first);
  const length = lengthsMs.find((ms) => (last - first) / ms <= wantedBuckets) ?? lengthsMs[lengthsMs.length - 1] ?? 1;
  const startMs = Math.floor(first / length) * length;
  return { startMs, lengthMs: length, count: Math.floor((last - startMs) / length) + 1 };
};

type Statistic = StageSeries["statistic"];

/** A statistic as CloudWatch defines it; a percentile by the nearest rank. */
export const statisticOf = (values: readonly number[], statistic: Statistic): number | undefined => {
  if (values.length === 0) return undefined;
  const sum = values.reduce((total, value) => total + value, 0);
  if (statistic === "Sum") return sum;
  if (statistic === "SampleCount") return values.length;
  if (statistic === "Average") return sum / values.length;
  const sorted = [...values].sort((left, right) => left - right);
  if (statistic === "Maximum") return sorted.at(-1);
  const rank = Math.ceil((Number(statistic.slice(1)) / 100) * sorted.length);
  return sorted[Math.max(0, rank - 1)];
};

const inBuckets = (
  points: readonly MetricPoint[],
  metric: MetricName,
  statistic: Statistic,
  { startMs, lengthMs, count }: Buckets,
): (number | undefined)[] => {
  const samples: number[][] = Array.from({ length: count }, () => []);
  for (const { timeMs, values } of points) {
    const value = values[metric];
    if (value !== undefined) samples[Math.floor((timeMs - startMs) / lengthMs)]?.push(value);
  }
  return samples.map((bucket) => statisticOf(bucket, statistic));
};

const divided = (values: readonly (number | undefined)[], by = 1): (number | undefined)[] =>
  values.map((value) => (value === undefined ? undefined : value / by));

const largestGroups = 10;

const total = (values: readonly (number | undefined)[]): number =>
  values.reduce<number>((sum, value) => sum + (value ?? 0), 0);

const grouped = (
  points: readonly MetricPoint[],
  nameOf: (point: MetricPoint) => string,
  metric: MetricName,
  lineOf: (group: readonly MetricPoint[]) => (number | undefined)[],
): ChartLine[] => {
  const groups = Map.groupBy(
    points.filter(({ values }) => values[metric] !== undefined),
    nameOf,
  );
  return [...groups]
    .map(([label, group]) => ({ label, values: lineOf(group) }))
    .sort((left, right) => total(right.values) - total(left.values))
    .slice(0, largestGroups);
};

const dimension = (name: GroupDimension) => (point: MetricPoint) => point.dimensions[name];

/** The lines of a series, or undefined for what only AWS writes. */
export const evaluate = (series: Series, { points }: LocalTelemetry, buckets: Buckets): ChartLine[] | undefined => {
  switch (series.kind) {
    case "stage": {
      const values = inBuckets(points, series.metric, series.statistic, buckets);
      return [{ label: series.label, values: divided(values, series.divideBy) }];
    }
    case "share": {
      const parts = inBuckets(points, series.part, "Sum", buckets);
      const wholes = inBuckets(points, series.whole, "Sum", buckets);
      const values = wholes.map((whole, index) => {
        if (whole === undefined) return undefined;
        return whole >= (series.atLeast ?? 1) ? (100 * (parts[index] ?? 0)) / whole : 0;
      });
      return [{ label: series.label, values }];
    }
    case "grouped":
      return grouped(points, dimension(series.by), series.metric, (group) =>
        divided(inBuckets(group, series.metric, series.statistic, buckets), series.divideBy),
      );
    case "percentile":
      return grouped(
        points,
        ({ dimensions }) => `${dimensions.route} ${dimensions.model} ${dimensions.provider}`,
        series.metric,
        (group) => inBuckets(group, series.metric, series.statistic, buckets),
      );
    default:
      return undefined;
  }
};

/** Counts of canonical lines by what `namesOf` tells of each, largest first. */
export const countLines = (
  lines: readonly LogLine[],
  namesOf: (line: LogLine) => readonly string[],
): readonly (readonly [string, number])[] => {
  const counts = new Map<string, number>();
  for (const name of lines.flatMap(namesOf)) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort((left, right) => right[1] - left[1]);
};

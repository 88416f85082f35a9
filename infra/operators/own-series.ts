import type {
  GroupDimension,
  GroupedSeries,
  Percentile,
  PercentileSeries,
  ShareSeries,
  StageSeries,
} from "./series.ts";

/** The gateway's metrics as series, for panels and alarms alike. */

/** One of our metrics over the whole stage. */
export const stage = (
  metric: StageSeries["metric"],
  statistic: StageSeries["statistic"],
  label: string,
  divideBy?: number,
): StageSeries => ({ kind: "stage", metric, statistic, label, ...(divideBy === undefined ? {} : { divideBy }) });

/** One of our metrics by route, model or provider. */
export const by = (
  dimension: GroupDimension,
  metric: GroupedSeries["metric"],
  statistic: GroupedSeries["statistic"] = "Sum",
  divideBy?: number,
): GroupedSeries => ({
  kind: "grouped",
  metric,
  statistic,
  by: dimension,
  ...(divideBy === undefined ? {} : { divideBy }),
});

/** A percentile of one of our metrics for each route, model and provider. */
export const each = (metric: PercentileSeries["metric"], statistic: Percentile): PercentileSeries => ({
  kind: "percentile",
  metric,
  statistic,
});

/** One of our metrics in percent of another; 0 with fewer than `atLeast` of the whole. */
export const share = (
  part: ShareSeries["part"],
  whole: ShareSeries["whole"],
  label: string,
  atLeast?: number,
): ShareSeries => ({ kind: "share", part, whole, label, ...(atLeast === undefined ? {} : { atLeast }) });

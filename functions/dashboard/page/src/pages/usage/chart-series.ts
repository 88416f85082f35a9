import type { PointsByModel, UsageByName, UsagePoint } from "../../api/usage.ts";
import { isStacked, type Metric } from "./metric.ts";

/** The lines of a chart: the greatest models of a metric under their names, and the rest together. */

/** As many as there are colors. */
const shown = 7;
const rest = "other";

export interface ChartSeries {
  readonly name: string;
  /** Index of its color; the rest has none. */
  readonly color: number | undefined;
  /** One for each slot; null where there is nothing to measure. */
  readonly values: readonly (number | null)[];
}

/** Days as one series, from an answer without models over time. */
export const allModels = (byDay: UsageByName): PointsByModel => ({
  "all models": Object.fromEntries(
    Object.entries(byDay).map(([day, { requests, tokens, cost, errors = 0 }]) => [
      day,
      { requests, tokens, cost, errors, latency: {} },
    ]),
  ),
});

const totalOf = (points: Readonly<Record<string, UsagePoint>>, of: (point: UsagePoint) => number | null): number =>
  Object.values(points).reduce((sum, point) => sum + (of(point) ?? 0), 0);

const requestsOf = (point: UsagePoint): number => point.requests;

const descending = (byModel: PointsByModel, of: (point: UsagePoint) => number | null): readonly string[] => {
  const totals = new Map(Object.entries(byModel).map(([name, points]) => [name, totalOf(points, of)]));
  return [...totals.keys()].filter((name) => name !== rest).sort((a, b) => (totals.get(b) ?? 0) - (totals.get(a) ?? 0));
};

/** A model keeps its color when the metric changes, as far as the colors reach. */
const colorsOf = (names: readonly string[], ranked: readonly string[]): ReadonlyMap<string, number> => {
  const free = new Set(Array.from({ length: shown }, (_, color) => color));
  const colors = new Map<string, number>();
  for (const name of names) {
    const rank = ranked.indexOf(name);
    if (free.delete(rank)) colors.set(name, rank);
  }
  for (const name of names) {
    const [color] = free;
    if (colors.has(name) || color === undefined) continue;
    free.delete(color);
    colors.set(name, color);
  }
  return colors;
};

export const chartSeries = (
  byModel: PointsByModel,
  slots: readonly string[],
  metric: Metric,
): readonly ChartSeries[] => {
  const stacked = isStacked(metric);
  const ranked = descending(byModel, requestsOf);
  const order = stacked ? descending(byModel, metric.of) : ranked;
  const names = order.slice(0, shown);
  const colors = colorsOf(names, ranked);
  const valueAt = (name: string, slot: string): number | null => {
    const point = byModel[name]?.[slot];
    if (point === undefined) return stacked ? 0 : null;
    return metric.of(point);
  };
  const named = names.map((name) => ({
    name,
    color: colors.get(name),
    values: slots.map((slot) => valueAt(name, slot)),
  }));
  const others = Object.keys(byModel).filter((name) => !names.includes(name));
  // Latencies of several models have no common value that their lines would not show better.
  if (others.length === 0 || !stacked) return named;
  const sum = (slot: string): number => others.reduce((total, name) => total + (valueAt(name, slot) ?? 0), 0);
  return [...named, { name: rest, color: undefined, values: slots.map(sum) }];
};

/** Sums over all models, for the table of hours. */
export const sumSlots = (byModel: PointsByModel): UsageByName => {
  const sums: Record<string, { requests: number; tokens: number; cost: number | null; errors: number }> = {};
  for (const points of Object.values(byModel)) {
    for (const [slot, { requests, tokens, cost, errors }] of Object.entries(points)) {
      const sum = sums[slot];
      sums[slot] =
        sum === undefined
          ? { requests, tokens, cost, errors }
          : {
              requests: sum.requests + requests,
              tokens: sum.tokens + tokens,
              cost: sum.cost === null && cost === null ? null : (sum.cost ?? 0) + (cost ?? 0),
              errors: sum.errors + errors,
            };
    }
  }
  return sums;
};

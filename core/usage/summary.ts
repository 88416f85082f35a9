import { toUsd } from "#core/catalog/cost.ts";
import { findMediaModel } from "#core/catalog/media-models.ts";
import { type RollupSums, readRollups, readTagRollups, type TagSums } from "#core/db/rollups.ts";
import type { UsageQuery } from "#core/schemas/usage.ts";
import { type Histogram, percentile } from "#core/values/latency-histogram.ts";
import { daySeries, hourSeries } from "./series.ts";

/** A user's usage, summed from the daily rows: reading costs the same however many requests there were. */

interface Totals {
  requests: number;
  generations: number;
  errors: number;
  cacheHits: number;
  unpriced: number;
  inputTokens: number;
  cachedInputTokens: number;
  cacheWriteInputTokens: number;
  outputTokens: number;
  reasoningTokens: number;
  costPicoUsd: bigint;
  byokCostPicoUsd: bigint;
  units: number;
  readonly latency: Record<number, number>;
}

const noTotals = (): Totals => ({
  requests: 0,
  generations: 0,
  errors: 0,
  cacheHits: 0,
  unpriced: 0,
  inputTokens: 0,
  cachedInputTokens: 0,
  cacheWriteInputTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
  costPicoUsd: 0n,
  byokCostPicoUsd: 0n,
  units: 0,
  latency: {},
});

type Sums = RollupSums | TagSums;

const merge = (totals: Totals, row: Omit<Totals, "latency">): void => {
  totals.requests += row.requests;
  totals.generations += row.generations;
  totals.errors += row.errors;
  totals.cacheHits += row.cacheHits;
  totals.unpriced += row.unpriced;
  totals.inputTokens += row.inputTokens;
  totals.cachedInputTokens += row.cachedInputTokens;
  totals.cacheWriteInputTokens += row.cacheWriteInputTokens;
  totals.outputTokens += row.outputTokens;
  totals.reasoningTokens += row.reasoningTokens;
  totals.costPicoUsd += row.costPicoUsd;
  totals.byokCostPicoUsd += row.byokCostPicoUsd;
  totals.units += row.units;
};

const add = (totals: Totals, { row, latency }: Sums): void => {
  merge(totals, row);
  for (const [bucket, count] of Object.entries(latency)) {
    totals.latency[Number(bucket)] = (totals.latency[Number(bucket)] ?? 0) + count;
  }
};

/** What the platform and the caller's own keys cost together; unknown when nothing had a price. */
const cost = ({ costPicoUsd, byokCostPicoUsd, unpriced, generations }: Totals): number | null =>
  generations > 0 && unpriced === generations ? null : toUsd(costPicoUsd + byokCostPicoUsd);

const latencyOf = (histogram: Histogram) => ({ p50Ms: percentile(histogram, 0.5), p95Ms: percentile(histogram, 0.95) });

const show = (totals: Totals) => ({
  requests: totals.requests,
  tokens: totals.inputTokens + totals.outputTokens,
  cost: cost(totals),
  byokCost: toUsd(totals.byokCostPicoUsd),
  unpriced: totals.unpriced,
  errors: totals.errors,
  cacheHits: totals.cacheHits,
  generations: totals.generations,
  inputTokens: totals.inputTokens,
  cachedTokens: totals.cachedInputTokens,
  cacheWriteTokens: totals.cacheWriteInputTokens,
  outputTokens: totals.outputTokens,
  reasoningTokens: totals.reasoningTokens,
});

const group = <Sum extends Sums>(sums: readonly Sum[], name: (sum: Sum) => string | undefined): [string, Totals][] => {
  const groups = new Map<string, Totals>();
  for (const sum of sums) {
    const key = name(sum);
    if (key === undefined) continue;
    const totals = groups.get(key) ?? noTotals();
    add(totals, sum);
    groups.set(key, totals);
  }
  return [...groups].sort(([left], [right]) => left.localeCompare(right));
};

/** The most names of a grouping that an answer shows: it has at most 6 MB, and a year may hold 36,500 values of a tag. */
const maxShownNames = 1_000;
/** The name under which the rest is summed, as the daily rows do with what a day has too many of. */
const otherNames = "other";

/** The groups with the most requests under their names, and all others together. */
const shownGroups = (groups: readonly [string, Totals][]): readonly [string, Totals][] => {
  if (groups.length <= maxShownNames) return groups;
  const bySize = groups
    .filter(([name]) => name !== otherNames)
    .sort(([, left], [, right]) => right.requests - left.requests);
  const named = bySize.slice(0, maxShownNames - 1);
  const rest = noTotals();
  for (const [name, totals] of groups) if (name === otherNames) merge(rest, totals);
  for (const [, totals] of bySize.slice(maxShownNames - 1)) merge(rest, totals);
  return [...named, [otherNames, rest] as [string, Totals]].sort(([left], [right]) => left.localeCompare(right));
};

const groupBy = <Sum extends Sums>(sums: readonly Sum[], name: (sum: Sum) => string) =>
  Object.fromEntries(shownGroups(group(sums, name)).map(([key, totals]) => [key, show(totals)]));

/** The same with latencies: there are few providers. */
const groupByProvider = (sums: readonly RollupSums[]) =>
  Object.fromEntries(
    group(sums, ({ row }) => row.provider).map(([provider, totals]) => [
      provider,
      { ...show(totals), latency: latencyOf(totals.latency) },
    ]),
  );

/** What is not sold by tokens, by its unit: characters, images, seconds, songs, credits. */
const groupByUnit = (sums: readonly RollupSums[]) =>
  Object.fromEntries(
    group(sums, ({ row }) => findMediaModel(row.model)?.unit).map(([unit, totals]) => [
      unit,
      { units: totals.units, requests: totals.requests, cost: cost(totals) },
    ]),
  );

/**
 * The usage of a user between two days, by model, day, key and provider, by the values of a tag that is named, and over time
 * where that is asked for.
 */
export const summarizeUsage = async (userId: string, { from, to, keyId, tag, series, cursor }: UsageQuery) => {
  const [{ rows }, tagged, hours] = await Promise.all([
    readRollups(userId, from, to),
    tag === undefined ? undefined : readTagRollups(userId, tag, from, to),
    series === "hour" ? hourSeries(userId, { day: from, keyId, cursor }) : undefined,
  ]);
  const chosen = keyId === undefined ? rows : rows.filter(({ row }) => row.keyId === keyId);
  const totals = noTotals();
  for (const row of chosen) add(totals, row);
  const { requests: totalRequests, tokens: totalTokens, cost: totalCost, ...rest } = show(totals);
  return {
    from,
    to,
    totalRequests,
    totalTokens,
    totalCost,
    ...rest,
    latency: latencyOf(totals.latency),
    byModel: groupBy(chosen, ({ row }) => row.model),
    byDay: groupBy(chosen, ({ row }) => row.day),
    byKey: groupBy(chosen, ({ row }) => row.keyId),
    byProvider: groupByProvider(chosen),
    byUnit: groupByUnit(chosen),
    ...(tagged === undefined ? {} : { byTag: groupBy(tagged, ({ row }) => row.value) }),
    ...(series === undefined ? {} : { series: hours ?? daySeries(chosen) }),
  };
};

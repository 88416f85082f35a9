import { toUsd } from "#core/catalog/cost.ts";
import { someDayEvents } from "#core/db/request-log.ts";
import { type Additions, addEvent, noAdditions, sumNames } from "#core/db/rollup-sums.ts";
import type { RollupSums } from "#core/db/rollups.ts";
import { logger } from "#core/observability/logger.ts";

/**
 * A user's usage over time, by model: days from the daily sums, the hours of one day from its events. A page of hours is what
 * one call reads; pages add up, so a reader that wants the whole day sums them.
 */

/** Models by name for each measure; all others are summed. A year of days then stays far below the 6 MB of an answer. */
const namesOfDays = 8;
const namesOfHours = 25;
const otherModels = "other";

interface Slice {
  readonly model: string;
  /** `2026-11-29`, or `2026-11-29T07`. */
  readonly at: string;
  readonly sums: Additions;
}

const merge = (into: Additions, from: Additions): void => {
  for (const name of sumNames) into.sums[name] += from.sums[name];
  into.costPicoUsd += from.costPicoUsd;
  into.byokCostPicoUsd += from.byokCostPicoUsd;
  for (const [bucket, count] of Object.entries(from.latency)) {
    into.latency[Number(bucket)] = (into.latency[Number(bucket)] ?? 0) + count;
  }
};

const picoUsd = ({ costPicoUsd, byokCostPicoUsd }: Additions): bigint => costPicoUsd + byokCostPicoUsd;
const tokensOf = ({ sums }: Additions): number => sums.inputTokens + sums.outputTokens;

/** The largest models by each measure that a chart may show. */
const largest = (slices: readonly Slice[], names: number): ReadonlySet<string> => {
  const totals = new Map<string, Additions>();
  for (const { model, sums } of slices) {
    const total = totals.get(model) ?? noAdditions();
    merge(total, sums);
    totals.set(model, total);
  }
  const measures: readonly ((sums: Additions) => number)[] = [
    ({ sums }) => sums.requests,
    ({ sums }) => sums.errors,
    tokensOf,
    (sums) => Number(picoUsd(sums)),
  ];
  return new Set(
    measures.flatMap((measure) =>
      [...totals]
        .sort(([, left], [, right]) => measure(right) - measure(left))
        .slice(0, names)
        .map(([model]) => model),
    ),
  );
};

const show = (total: Additions) => ({
  requests: total.sums.requests,
  tokens: tokensOf(total),
  cost: total.sums.generations > 0 && total.sums.unpriced === total.sums.generations ? null : toUsd(picoUsd(total)),
  errors: total.sums.errors,
  latency: total.latency,
});

type Points = Readonly<Record<string, Readonly<Record<string, ReturnType<typeof show>>>>>;

const byModel = (slices: readonly Slice[], names: number): Points => {
  const shown = largest(slices, names);
  const series = new Map<string, Map<string, Additions>>();
  for (const { model, at, sums } of slices) {
    const name = shown.has(model) ? model : otherModels;
    const points = series.get(name) ?? new Map<string, Additions>();
    const total = points.get(at) ?? noAdditions();
    merge(total, sums);
    series.set(name, points.set(at, total));
  }
  return Object.fromEntries(
    [...series].map(([name, points]) => [
      name,
      Object.fromEntries(
        [...points].sort(([left], [right]) => (left < right ? -1 : 1)).map(([at, sum]) => [at, show(sum)]),
      ),
    ]),
  );
};

const sumsOf = ({ row, latency }: RollupSums): Additions => ({
  sums: row,
  costPicoUsd: row.costPicoUsd,
  byokCostPicoUsd: row.byokCostPicoUsd,
  latency: { ...latency },
});

export interface Series {
  readonly interval: "day" | "hour";
  readonly byModel: Points;
  /** Asks for earlier hours; null when the day is whole. */
  readonly nextCursor: string | null;
}

/** Days, from the rows of a summary. */
export const daySeries = (rows: readonly RollupSums[]): Series => ({
  interval: "day",
  byModel: byModel(
    rows.map((sums) => ({ model: sums.row.model, at: sums.row.day, sums: sumsOf(sums) })),
    namesOfDays,
  ),
  nextCursor: null,
});

interface HoursQuery {
  readonly day: string;
  readonly keyId?: string | undefined;
  readonly cursor?: string | undefined;
}

/** Hours of a day, newest first, as far as one call reads. Requests that still run are left out. @throws TableUnavailable */
export const hourSeries = async (userId: string, { day, keyId, cursor }: HoursQuery): Promise<Series> => {
  const { events, nextSk } = await someDayEvents(userId, day, cursor, (row) =>
    logger.error("A usage row is not readable", { row }),
  );
  const slices = events
    .filter((event) => event.status !== "open" && (keyId === undefined || event.keyId === keyId))
    .map((event): Slice => {
      const sums = noAdditions();
      addEvent(sums, event);
      return { model: event.model, at: new Date(event.startedAt).toISOString().slice(0, 13), sums };
    });
  return { interval: "hour", byModel: byModel(slices, namesOfHours), nextCursor: nextSk ?? null };
};

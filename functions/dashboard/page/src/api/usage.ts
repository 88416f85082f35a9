import { data } from "./request.ts";

/** Sums over requests. Costs in USD, estimated from list prices; null when no price is known. */
export interface UsageSums {
  readonly requests: number;
  readonly tokens: number;
  readonly cost: number | null;
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  readonly cachedTokens?: number;
  readonly reasoningTokens?: number;
  readonly errors?: number;
  readonly cacheHits?: number;
  readonly generations?: number;
  /** Answers whose cost is not known. */
  readonly unpriced?: number;
  /** Of a provider. */
  readonly latency?: { readonly p50Ms: number | null; readonly p95Ms: number | null };
}

/** What is not sold by tokens: characters, seconds, images, songs, credits. */
export interface UnitSums {
  readonly units: number;
  readonly requests: number;
  readonly cost: number | null;
}

export type UsageByUnit = Readonly<Record<string, UnitSums>>;

export type UsageByName = Readonly<Record<string, UsageSums>>;

/** Usage of one model in one day or hour. */
export interface UsagePoint {
  readonly requests: number;
  readonly tokens: number;
  readonly cost: number | null;
  readonly errors: number;
  /** Requests by latency bucket. */
  readonly latency: Readonly<Record<string, number>>;
}

/** By model, then by day or hour: `2026-11-29`, `2026-11-29T07`. */
export type PointsByModel = Readonly<Record<string, Readonly<Record<string, UsagePoint>>>>;

export interface UsageSeries {
  readonly byModel: PointsByModel;
  /** Reads earlier hours; null when the day is whole. */
  readonly nextCursor: string | null;
}

export interface Usage {
  readonly totalRequests: number;
  readonly totalTokens: number;
  readonly totalCost: number | null;
  /** The part of the cost that is paid by the user at the provider, by their own keys. */
  readonly byokCost?: number | null;
  readonly unpriced?: number;
  readonly errors?: number;
  readonly cacheHits?: number;
  /** Answers of models: a fight is one request and many of these. */
  readonly generations?: number;
  readonly latency?: { readonly p50Ms: number | null; readonly p95Ms: number | null } | null;
  readonly byDay?: UsageByName;
  readonly byModel: UsageByName;
  readonly byKey?: UsageByName;
  readonly byProvider?: UsageByName;
  readonly byUnit?: UsageByUnit;
  readonly byTag?: UsageByName;
  readonly series?: UsageSeries;
}

export interface UsageQuery {
  /** UTC days, YYYY-MM-DD, both inclusive. */
  readonly from: string;
  readonly to: string;
  readonly keyId: string;
  /** Sums by the values of this tag, over all keys. */
  readonly tag?: string;
}

interface SeriesQuery {
  readonly series?: "day" | "hour";
  readonly cursor?: string;
}

export const readUsage = (
  { from, to, keyId, tag = "" }: UsageQuery,
  signal: AbortSignal,
  series: SeriesQuery = {},
): Promise<Usage> => {
  const query = new URLSearchParams({
    from,
    to,
    ...(keyId === "" ? {} : { keyId }),
    ...(tag === "" || keyId !== "" ? {} : { tag }),
    ...series,
  });
  return data(`v1/usage?${query}`, { signal });
};

const addPoints = (one: UsagePoint | undefined, other: UsagePoint): UsagePoint => {
  if (one === undefined) return other;
  const latency = { ...one.latency };
  for (const [bucket, count] of Object.entries(other.latency)) latency[bucket] = (latency[bucket] ?? 0) + count;
  return {
    requests: one.requests + other.requests,
    tokens: one.tokens + other.tokens,
    cost: one.cost === null && other.cost === null ? null : (one.cost ?? 0) + (other.cost ?? 0),
    errors: one.errors + other.errors,
    latency,
  };
};

const addSeries = (one: PointsByModel, other: PointsByModel): PointsByModel => {
  const sum: Record<string, Record<string, UsagePoint>> = {};
  for (const series of [one, other]) {
    for (const [model, points] of Object.entries(series)) {
      const added = sum[model] ?? {};
      for (const [at, point] of Object.entries(points)) added[at] = addPoints(added[at], point);
      sum[model] = added;
    }
  }
  return sum;
};

/** Each page reads at most a megabyte of the day's requests. */
const maxPages = 10;

/** Usage with its course: by day, or by hour for a single day, as far as ten pages of requests reach. */
export const readUsageOverTime = async (query: UsageQuery, signal: AbortSignal): Promise<Usage> => {
  if (query.from !== query.to) return readUsage(query, signal, { series: "day" });
  const usage = await readUsage(query, signal, { series: "hour" });
  let { byModel, nextCursor = null } = usage.series ?? { byModel: {} };
  for (let pages = 1; nextCursor !== null && pages < maxPages; pages += 1) {
    const { series } = await readUsage(query, signal, { series: "hour", cursor: nextCursor });
    byModel = addSeries(byModel, series?.byModel ?? {});
    nextCursor = series?.nextCursor ?? null;
  }
  return usage.series === undefined ? usage : { ...usage, series: { byModel, nextCursor } };
};

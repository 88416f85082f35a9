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
}

export interface UsageQuery {
  /** UTC days, YYYY-MM-DD, both inclusive. */
  readonly from: string;
  readonly to: string;
  readonly keyId: string;
}

export const readUsage = ({ from, to, keyId }: UsageQuery, signal: AbortSignal): Promise<Usage> => {
  const query = new URLSearchParams({ from, to, ...(keyId === "" ? {} : { keyId }) });
  return data(`v1/usage?${query}`, { signal });
};

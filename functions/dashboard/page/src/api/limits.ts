import type { Budget } from "./keys.ts";
import { data } from "./request.ts";

/** Requests that one limit counts together. */
export interface EndpointLimit {
  readonly name: string;
  readonly limit: number;
  readonly windowSeconds: number;
  readonly scope: "key" | "user";
  readonly endpoints: readonly string[];
}

/** What the user may still spend and do today. Costs in USD. */
export interface Limits {
  readonly dailyCap: {
    readonly usd: number;
    readonly spentUsd: number;
    /** Held for requests that are running. */
    readonly reservedUsd: number;
    readonly remainingUsd: number;
    readonly resetAt: string;
  };
  /** What the dashboard's own pages may spend, a part of the cap. */
  readonly playground?: Budget | null;
  readonly openRequests: { readonly limit: number; readonly open: number };
  readonly endpoints: readonly EndpointLimit[];
}

export const readLimits = (signal: AbortSignal): Promise<Limits> => data("v1/limits", { signal });

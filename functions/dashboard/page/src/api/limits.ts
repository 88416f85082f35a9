import { data } from "./request.ts";

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
  readonly openRequests: { readonly limit: number; readonly open: number };
}

export const readLimits = (signal: AbortSignal): Promise<Limits> => data("v1/limits", { signal });

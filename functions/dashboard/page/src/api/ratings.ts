import { data } from "./request.ts";

/** Votes on runs, and the ratings that come of them. */

export interface RatedModel {
  readonly model: string;
  readonly rank: number;
  /** Points; the ends are those of the 95 % interval. */
  readonly rating: number;
  readonly low: number;
  readonly high: number;
  readonly wins: number;
  readonly losses: number;
}

export type Scope = "account" | "stage";
export type By = "all" | "people" | "models";

export interface Leaderboard {
  readonly scope: Scope;
  readonly votes: { readonly people: number; readonly models: number };
  readonly share: boolean;
  readonly rated?: { readonly ready: boolean; readonly votes: number; readonly needs: number };
  readonly stage?: { readonly sharers: number; readonly needs: number };
  readonly models: readonly RatedModel[];
}

export const readLeaderboard = (scope: Scope, by: By, signal: AbortSignal): Promise<Leaderboard> =>
  data(`v1/leaderboard?scope=${scope}&by=${by}`, { signal });

export const shareVotes = async (share: boolean): Promise<void> => {
  await data("v1/leaderboard", { method: "PATCH", body: { share } });
};

/** Votes on a run as the key that made it. `winner` is an agent or `tie`. */
export const vote = async (apiKey: string, runId: string, winner: string): Promise<void> => {
  await data(`v1/runs/${runId}/vote`, { method: "POST", body: { winner }, apiKey });
};

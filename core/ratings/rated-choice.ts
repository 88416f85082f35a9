import { noSums, toRatings, type VoteSums } from "#core/db/rating-sums.ts";
import { leaderboardOf } from "./leaderboard.ts";
import { votesOf } from "./vote-sums.ts";

/** What `auto:rated` goes by. */

/** `auto:rated` goes by ratings from so many votes on, people's and fights' together. */
export const leastVotes = 20;
/** A model is chosen by its rating once its votes weigh so much. */
export const leastWeight = 3;

export interface RatedChoice {
  /** Ids, best first. */
  readonly models: readonly string[];
  /** For `X-Warnings`, by the id of the model that was chosen: why ratings did not decide. */
  readonly warnings: (chosen: string) => readonly string[];
}

/** Ratings that decide nothing, and why. */
const noChoice = (reason: string): RatedChoice => ({
  models: [],
  warnings: () => [`model (auto:rated ${reason}; auto chose)`],
});

/** Where the row cannot be read. */
export const unread = noChoice("could not read the ratings");
const unservable = noChoice("knows no rated model that can serve this");

/** The models that sums of votes put first. */
export const ratedChoice = (sums: VoteSums): RatedChoice => {
  const votes = votesOf(sums, "all");
  if (votes < leastVotes) return noChoice(`has ${votes} of ${leastVotes} votes`);
  const models = leaderboardOf(sums, "all").filter(({ wins, losses }) => wins + losses >= leastWeight);
  const ids = models.map(({ model }) => model);
  return { models: ids, warnings: (chosen) => (ids.includes(chosen) ? [] : unservable.warnings(chosen)) };
};

/** The same of a user's row, or of none. */
export const choiceOf = (item: Readonly<Record<string, unknown>> | undefined, nowMs: number): RatedChoice =>
  ratedChoice(item === undefined ? noSums : toRatings(item, nowMs));

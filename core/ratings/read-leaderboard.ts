import { readRatings, readStageRatings } from "#core/db/rating-rows.ts";
import { ratingsKey } from "#core/db/row-keys.ts";
import { leaderboardOf } from "./leaderboard.ts";
import { leastVotes } from "./rated-choice.ts";
import { mergedSums } from "./stage-sums.ts";
import { type CountedVoters, votesOf } from "./vote-sums.ts";

/** The leaderboard as the API shows it. */

export interface LeaderboardQuery {
  readonly scope: "account" | "stage";
  readonly by: "all" | "people" | "models";
}

/** A stage's leaderboard shows once so many users share their votes: with fewer, it would show what one of them thinks. */
const leastSharers = 5;

const votersOf: Readonly<Record<LeaderboardQuery["by"], CountedVoters>> = {
  all: "all",
  people: "people",
  models: "panels",
};

const ofStage = async (share: boolean, nowMs: number) => {
  const parts = await readStageRatings(nowMs);
  const sharers = parts.reduce((sum, part) => sum + part.sharers, 0);
  const sums = mergedSums(sharers < leastSharers ? [] : parts, nowMs);
  return {
    scope: "stage",
    votes: { people: sums.people, models: 0 },
    share,
    stage: { sharers, needs: leastSharers },
    models: leaderboardOf(sums, "people"),
  };
};

/** Ratings of the account or of the stage. @throws AwsError */
export const readLeaderboard = async (userId: string, { scope, by }: LeaderboardQuery, nowMs: number) => {
  const row = await readRatings(ratingsKey(userId), nowMs, { consistent: true });
  if (scope === "stage") return ofStage(row.share, nowMs);
  const votes = votesOf(row, "all");
  return {
    scope,
    votes: { people: row.people, models: row.panels },
    share: row.share,
    rated: { ready: votes >= leastVotes, votes, needs: leastVotes },
    models: leaderboardOf(row, votersOf[by]),
  };
};

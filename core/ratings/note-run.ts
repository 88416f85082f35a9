import { setTimeout as pause } from "node:timers/promises";
import { type ArenaRunRow, putArenaRun, putRatings, readRatings } from "#core/db/rating-rows.ts";
import type { RatingsRow } from "#core/db/rating-sums.ts";
import { ratingsKey } from "#core/db/row-keys.ts";
import { loggableError, logger } from "#core/observability/logger.ts";
import { type Outcome, panelOutcomes } from "./outcomes.ts";
import { maxModels, withVote } from "./vote-sums.ts";

/** What an arena run leaves for ratings. A failure here never ends a run: its answers are worth more than its votes. */

const maxTries = 6;
const baseDelayMs = 15;
/** Far more than can be written while one write is tried again. */
const maxRecent = 8;

const warn = (message: string, runId: string, error: unknown): void =>
  logger.warn(message, { requestId: runId, error: loggableError(error) });

/** Notes who answered, so that the run can be voted on. */
export const noteRun = async (run: ArenaRunRow): Promise<void> => {
  try {
    await putArenaRun(run);
  } catch (error) {
    warn("A run was not noted: nobody can vote on it", run.runId, error);
  }
};

/**
 * What of a fight counts in a row. A fight does not write the stage's sums, so it drops no model from a row whose votes are in
 * them: dropped votes could never be taken back, and could be cast and shared again without end.
 */
const fitting = ({ share, models }: RatingsRow, outcomes: readonly Outcome[]): readonly Outcome[] => {
  const known = new Set(models.map(({ name }) => name));
  const all = new Set([...known, ...outcomes.flatMap(({ winner, loser }) => [winner, loser])]);
  if (!share || all.size <= maxModels) return outcomes;
  return outcomes.filter(({ winner, loser }) => known.has(winner) && known.has(loser));
};

/**
 * Counts the votes of a fight's models, once a run: they may be lost with a table in trouble, and never count twice.
 * @param ballots the models on each ballot, best first.
 */
export const countPanel = async (
  { userId, runId }: Pick<ArenaRunRow, "userId" | "runId">,
  ballots: readonly (readonly string[])[],
): Promise<void> => {
  const outcomes = panelOutcomes(ballots);
  if (outcomes.length === 0) return;
  const key = ratingsKey(userId);
  try {
    for (let tries = 1; tries <= maxTries; tries++) {
      const nowMs = Date.now();
      const row = await readRatings(key, nowMs, { consistent: true });
      // An earlier try was written, and its answer was lost.
      if (row.recent.includes(runId)) return;
      const counted = fitting(row, outcomes);
      if (counted.length === 0) return;
      const sums = withVote(row, { voters: "panels", outcomes: counted, count: 1 }, nowMs);
      const recent = [...row.recent, runId].slice(-maxRecent);
      if (await putRatings(key, { ...row, ...sums, recent }, nowMs)) return;
      await pause(Math.random() * baseDelayMs * 2 ** tries);
    }
    warn("The votes of a fight were not counted", runId, new Error("Other votes came first, through all tries"));
  } catch (error) {
    warn("The votes of a fight were not counted", runId, error);
  }
};

import { type ArenaRunRow, readArenaRun } from "#core/db/rating-rows.ts";
import { GatewayError } from "#core/errors.ts";
import { changeSums } from "./change-sums.ts";
import { choiceOutcomes, type Outcome, tieOutcomes } from "./outcomes.ts";
import { withVote } from "./vote-sums.ts";

/** A person's vote on a run of their own: one, and never changed. */

export interface Voter {
  readonly kind: "key" | "session";
  readonly userId: string;
  /** Of a key. */
  readonly keyId?: string;
}

/** Also keeps a key within DynamoDB's bounds. */
const runIdForm = /^req_[0-9a-f-]{1,60}$/;
/** In place of an agent: none is better. */
const tie = "tie";

const outcomesOf = ({ agents }: ArenaRunRow, winner: string): readonly Outcome[] => {
  const models = agents.map(({ model }) => model);
  const chosen = agents.find(({ agentId }) => agentId === winner)?.model;
  return chosen === undefined ? tieOutcomes(models) : choiceOutcomes(models, chosen);
};

/** @throws GatewayError NOT_FOUND, BAD_REQUEST */
const ownRun = async (voter: Voter, runId: string, winner: string, nowMs: number): Promise<ArenaRunRow> => {
  const run = runIdForm.test(runId) ? await readArenaRun(voter.userId, runId, nowMs) : undefined;
  if (run === undefined || (voter.kind === "key" && run.keyId !== voter.keyId)) {
    const message =
      "No battle or fight in the last 30 days has this id and answers from two models. You can vote only on your own runs.";
    throw new GatewayError("NOT_FOUND", message, { param: "id" });
  }
  const ids = run.agents.map(({ agentId }) => agentId);
  if (winner !== tie && !ids.includes(winner)) {
    throw new GatewayError("BAD_REQUEST", `winner must be ${ids.join(", ")} or ${tie}.`, { param: "winner" });
  }
  return run;
};

/**
 * Counts a vote on a run that the caller made, once. The same vote again is answered as the first one.
 * @throws GatewayError NOT_FOUND, BAD_REQUEST, CONFLICT
 */
export const castVote = async (voter: Voter, runId: string, winner: string, nowMs: number): Promise<ArenaRunRow> => {
  let voted: ArenaRunRow | undefined;
  await changeSums(voter.userId, nowMs, async (row) => {
    const run = await ownRun(voter, runId, winner, nowMs);
    voted = run;
    if (run.vote?.winner === winner) return undefined;
    if (run.vote !== undefined) {
      const message = "This run already has a vote, which cannot be changed.";
      const details = { winner: run.vote.winner };
      throw new GatewayError("CONFLICT", message, { param: "id", details, shouldRetry: false });
    }
    voted = { ...run, vote: { winner, at: nowMs } };
    const added = { voters: "people", outcomes: outcomesOf(run, winner), count: 1 } as const;
    return { run: voted, row: { ...row, ...withVote(row, added, nowMs) } };
  });
  if (voted === undefined) throw new Error("The sums were changed without the run");
  return voted;
};

import { keep, readAll, remove, type Stored } from "../../browser-store.ts";
import { signedInUser } from "../../session.ts";
import { type Ballot, openBallot } from "./blind.ts";
import type { RunView } from "./run-view.ts";

/** Runs that have ended, kept in this browser under their user. */

export interface KeptRun extends Stored {
  readonly question: string;
  readonly view: RunView;
  readonly ballot: Ballot;
}

/** Keeps a run, or replaces it. Nothing where nobody is signed in. */
export const keepRun = async (question: string, view: RunView, ballot: Ballot = openBallot): Promise<void> => {
  const userId = signedInUser();
  if (userId === undefined || view.runId === "") return;
  await keep(userId, "runs", { id: view.runId, changedAt: Date.now(), question, view, ballot } as KeptRun);
};

export const listRuns = async (): Promise<readonly KeptRun[]> => {
  const userId = signedInUser();
  return userId === undefined ? [] : readAll<KeptRun>(userId, "runs");
};

export const removeRun = async (id: string): Promise<void> => {
  const userId = signedInUser();
  if (userId !== undefined) await remove(userId, "runs", id);
};

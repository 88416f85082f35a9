import { signal } from "@preact/signals";
import { type ArenaRequest, streamArena } from "../../api/arena.ts";
import { cancelRequest } from "../../api/chat.ts";
import { fromCouncil } from "../../api/council-events.ts";
import { vote } from "../../api/ratings.ts";
import { ApiError, toError } from "../../api/request.ts";
import { forgetWithSession } from "../../session.ts";
import { playgroundKey } from "../playground/playground-key.ts";
import { type Ballot, blindRequest, candidatesOf, openBallot, shuffled } from "./blind.ts";
import { type KeptRun, keepRun } from "./kept-runs.ts";
import { emptyRun, type RunView, withEvent } from "./run-view.ts";
import { message, names } from "./settings.ts";

/** The run on the page. What has ended is kept in the browser. */

export const view = signal<RunView>(emptyRun);
export const running = signal(false);
export const stopped = signal(false);
export const ballot = signal<Ballot>(openBallot);
export const fault = signal<Error | undefined>(undefined);
/** What the run was asked: the field may say something else by now. */
export const question = signal("");

let controller: AbortController | undefined;
/** The key that made the run, empty for the session: only its maker may cancel it and vote on it. */
let key = "";

/** Starts a run and follows it to its end. A failure is told beside what had come. */
export const start = async (request: ArenaRequest): Promise<void> => {
  if (running.peek()) return;
  const mine = new AbortController();
  controller = mine;
  key = playgroundKey.peek();
  view.value = emptyRun;
  ballot.value = openBallot;
  question.value = request.message;
  fault.value = undefined;
  stopped.value = false;
  running.value = true;
  const isBlind = names.peek() === "hidden" && (request.mode === "battle" || request.mode === "fight");
  try {
    const asked = isBlind ? blindRequest(request) : request;
    for await (const event of streamArena(key, asked, mine.signal, fromCouncil)) {
      if (isBlind && event.name === "run.start") {
        ballot.value = { order: shuffled(event.data.agents.map(({ agentId }) => agentId)), hidden: true };
      }
      view.value = withEvent(view.peek(), event);
      // It was stopped before anybody knew its id.
      if (stopped.peek() && !mine.signal.aborted) await cancelRun();
    }
  } catch (thrown) {
    if (!mine.signal.aborted) fault.value = toError(thrown);
  } finally {
    if (controller === mine) {
      running.value = false;
      // A run that came to no end, or whose answers are all one model's, has nothing to vote on.
      if (candidatesOf(view.peek()).length === 0) showNames();
      void keepRun(question.peek(), view.peek(), ballot.peek());
    }
  }
};

/** Ends the hiding without a vote. */
export const showNames = (): void => {
  ballot.value = { ...ballot.peek(), hidden: false };
};

/** Counts a vote and shows the names. Throws an `ApiError`; the names stay hidden then. */
export const castVote = async (winner: string): Promise<void> => {
  const { runId } = view.peek();
  await vote(key, runId, winner);
  if (view.peek().runId !== runId) return;
  ballot.value = { ...ballot.peek(), hidden: false, winner };
  await keepRun(question.peek(), view.peek(), ballot.peek());
};

/** Shows a kept run. A run that is under way is stopped first. */
export const openRun = (run: KeptRun): void => {
  void stop();
  controller = undefined;
  // A run of a pasted key can be looked at; a vote on it needs that key.
  key = playgroundKey.peek();
  running.value = false;
  stopped.value = false;
  fault.value = undefined;
  view.value = run.view;
  ballot.value = run.ballot;
  question.value = run.question;
  message.value = run.question;
};

/** Closing the connection alone does not reach a Lambda. */
const cancelRun = async (): Promise<void> => {
  controller?.abort();
  try {
    await cancelRequest(key, view.peek().runId);
  } catch (thrown) {
    // 404: it had ended by itself in the meantime.
    if (!(thrown instanceof ApiError && thrown.status === 404)) fault.value = toError(thrown);
  }
};

/** Stops the run, here and at the gateway: at once, or as soon as its id is known. */
export const stop = async (): Promise<void> => {
  if (!running.peek() || stopped.peek()) return;
  stopped.value = true;
  if (view.peek().runId !== "") await cancelRun();
};

/** Leaves nothing of one user to the next. */
const forgetRun = (): void => {
  controller?.abort();
  controller = undefined;
  running.value = false;
  stopped.value = false;
  fault.value = undefined;
  view.value = emptyRun;
  ballot.value = openBallot;
  question.value = "";
  message.value = "";
};

forgetWithSession(forgetRun);

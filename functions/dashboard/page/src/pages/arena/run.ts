import { signal } from "@preact/signals";
import { type ArenaRequest, streamArena } from "../../api/arena.ts";
import { cancelRequest } from "../../api/chat.ts";
import { fromCouncil } from "../../api/council-events.ts";
import { ApiError, toError } from "../../api/request.ts";
import { playgroundKey } from "../playground/playground-key.ts";
import { emptyRun, type RunView, withEvent } from "./run-view.ts";
import { message } from "./settings.ts";

/** The run on the page, in this tab's memory only. */

export const view = signal<RunView>(emptyRun);
export const running = signal(false);
export const stopped = signal(false);
export const fault = signal<Error | undefined>(undefined);

let controller: AbortController | undefined;

/** Starts a run and follows it to its end. A failure is told beside what had come. */
export const start = async (request: ArenaRequest): Promise<void> => {
  if (running.peek()) return;
  const mine = new AbortController();
  controller = mine;
  view.value = emptyRun;
  fault.value = undefined;
  stopped.value = false;
  running.value = true;
  try {
    for await (const event of streamArena(playgroundKey.peek(), request, mine.signal, fromCouncil)) {
      view.value = withEvent(view.peek(), event);
      // It was stopped before anybody knew its id.
      if (stopped.peek() && !mine.signal.aborted) await cancelRun();
    }
  } catch (thrown) {
    if (!mine.signal.aborted) fault.value = toError(thrown);
  } finally {
    if (controller === mine) running.value = false;
  }
};

/** Closing the connection alone does not reach a Lambda. */
const cancelRun = async (): Promise<void> => {
  controller?.abort();
  try {
    await cancelRequest(playgroundKey.peek(), view.peek().runId);
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
export const forgetRun = (): void => {
  controller?.abort();
  controller = undefined;
  running.value = false;
  stopped.value = false;
  fault.value = undefined;
  view.value = emptyRun;
  message.value = "";
};

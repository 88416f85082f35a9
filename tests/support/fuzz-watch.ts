import { Worker } from "node:worker_threads";

/**
 * While fuzzing, a case that blocks the process is printed and the process ended: a loop without an end is no failure that
 * fast-check could report, and would be one more time limit without a counterexample.
 */

/** Longer than any case takes on a busy machine, ms. */
const blockedMs = 60_000;

const watcher = `
  const { parentPort, workerData } = require("node:worker_threads");
  let running, sinceMs = 0;
  parentPort.on("message", (text) => { running = text; sinceMs = Date.now(); });
  setInterval(() => {
    if (running === undefined || Date.now() - sinceMs < workerData) return;
    require("node:fs").writeSync(2, "A case has blocked the process for " + workerData + " ms: " + running + "\\n");
    process.kill(process.pid, "SIGKILL");
  }, 1000);
`;

let worker: Worker | undefined;

/** Runs one case under watch; without `npm run fuzz` just runs it. */
export const watched = async (value: unknown, run: () => Promise<void>): Promise<void> => {
  if (process.env.FUZZ_TIMES === undefined) return run();
  if (worker === undefined) {
    worker = new Worker(watcher, { eval: true, workerData: blockedMs });
    worker.unref();
  }
  worker.postMessage(JSON.stringify(value));
  try {
    await run();
  } finally {
    worker.postMessage(undefined);
  }
};

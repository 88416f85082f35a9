import { appendFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { isMainThread } from "node:worker_threads";

/** Preloaded into `npm start` by the load test: each second the longest delay of the main thread's event loop, ms, one a line. */
if (isMainThread && process.env.LOOP_DELAY_FILE !== undefined) {
  const histogram = monitorEventLoopDelay({ resolution: 10 });
  histogram.enable();
  setInterval(() => {
    appendFileSync(process.env.LOOP_DELAY_FILE, `${(histogram.max / 1e6).toFixed(1)}\n`);
    histogram.reset();
  }, 1_000).unref();
}

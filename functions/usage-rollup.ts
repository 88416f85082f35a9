import { backgroundHandler } from "#core/http/background-handler.ts";
import { readUsageBatch } from "#core/http/usage-stream.ts";
import { increment } from "#core/observability/metrics.ts";
import { rollUp } from "#core/usage/rollup.ts";

/** From the usage table's stream: adds settled events to the daily sums. A record that cannot be read goes to the dead letters. */
export const handler = backgroundHandler("UsageRollup", async (input) => {
  const { events, batchItemFailures, oldestAt } = readUsageBatch(input);
  const nowMs = Date.now();
  if (oldestAt !== undefined) increment("RollupLagMs", Math.max(0, nowMs - oldestAt * 1_000));
  // Feedback is noted on settled events, which were delivered before.
  await rollUp(
    events.filter(({ feedback }) => feedback === undefined),
    nowMs,
  );
  return { batchItemFailures };
});

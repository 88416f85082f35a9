import { backgroundHandler } from "#core/http/background-handler.ts";
import { readUsageBatch } from "#core/http/usage-stream.ts";
import { increment } from "#core/observability/metrics.ts";
import { alertBudgets } from "#core/usage/budget-alerts.ts";
import { noteKeyUses } from "#core/usage/provider-key-use.ts";
import { rollUp } from "#core/usage/rollup.ts";

/** From the usage table's stream: adds settled events to the daily sums, tells owners of budgets, and notes when provider keys were used. A record that cannot be read goes to the dead letters. */
export const handler = backgroundHandler("UsageRollup", async (input) => {
  const { events, batchItemFailures, oldestAt } = readUsageBatch(input);
  const nowMs = Date.now();
  if (oldestAt !== undefined) increment("RollupLagMs", Math.max(0, nowMs - oldestAt * 1_000));
  // Feedback is noted on settled events, which were delivered before.
  const settled = events.filter(({ feedback }) => feedback === undefined);
  await rollUp(settled, nowMs);
  await alertBudgets(settled, nowMs);
  await noteKeyUses(settled);
  return { batchItemFailures };
});

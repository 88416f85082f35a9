import { exportUsage } from "#core/exports/export-usage.ts";
import { backgroundHandler } from "#core/http/background-handler.ts";
import { readUsageBatch } from "#core/http/usage-stream.ts";

/** From the usage table's stream: makes deliveries of settled events, and of feedback, for the exports of their owners. */
export const handler = backgroundHandler("ExportUsage", async (input) => {
  // The rollup reports a record that cannot be read; a second dead letter would say the same.
  await exportUsage(readUsageBatch(input).events, Date.now());
  return { batchItemFailures: [] };
});

import * as z from "zod";
import { type AttributeMap, fromAttributes } from "#core/db/table.ts";
import { type UsageEvent, usageEventSchema } from "#core/db/usage-event.ts";
import { backgroundHandler } from "#core/http/background-handler.ts";
import { logger } from "#core/observability/logger.ts";
import { increment } from "#core/observability/metrics.ts";
import { alertBudgets } from "#core/usage/budget-alerts.ts";
import { rollUp } from "#core/usage/rollup.ts";

const streamEventSchema = z.object({
  Records: z.array(
    z.object({
      eventName: z.string(),
      dynamodb: z.object({
        SequenceNumber: z.string(),
        ApproximateCreationDateTime: z.number().optional(),
        NewImage: z.record(z.string(), z.unknown()).optional(),
      }),
    }),
  ),
});

/** From the usage table's stream: adds settled events to the daily sums, and tells owners of budgets. A record that cannot be read goes to the dead letters. */
export const handler = backgroundHandler("UsageRollup", async (event) => {
  const { Records } = streamEventSchema.parse(event);
  const events: UsageEvent[] = [];
  const batchItemFailures: { itemIdentifier: string }[] = [];
  const nowMs = Date.now();
  for (const { eventName, dynamodb } of Records) {
    if (eventName === "REMOVE" || dynamodb.NewImage === undefined) continue;
    const parsed = usageEventSchema.safeParse(fromAttributes(dynamodb.NewImage as AttributeMap));
    if (parsed.success) {
      // Feedback is noted on settled events, which were delivered before.
      if (parsed.data.feedback === undefined) events.push(parsed.data);
    } else {
      logger.error("A usage event cannot be read", {
        sequenceNumber: dynamodb.SequenceNumber,
        issues: parsed.error.issues.map(({ path }) => path.join(".")),
      });
      batchItemFailures.push({ itemIdentifier: dynamodb.SequenceNumber });
    }
  }
  const oldest = Records[0]?.dynamodb.ApproximateCreationDateTime;
  if (oldest !== undefined) increment("RollupLagMs", Math.max(0, nowMs - oldest * 1_000));
  await rollUp(events, nowMs);
  await alertBudgets(events, nowMs);
  return { batchItemFailures };
});

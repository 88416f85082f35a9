import * as z from "zod";
import { type AttributeMap, fromAttributes } from "#core/db/table.ts";
import { type UsageEvent, usageEventSchema } from "#core/db/usage-event.ts";
import { logger } from "#core/observability/logger.ts";

/** Batches of the usage table's stream, as Lambda hands them over. */

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

export interface UsageBatch {
  readonly events: readonly UsageEvent[];
  /** Records that cannot be read. Reported to Lambda, which sends them to the dead-letter queue. */
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
  /** Unix seconds at which the oldest record was written. */
  readonly oldestAt: number | undefined;
}

/** Reads the events of a batch. Deletions contain no events. */
export const readUsageBatch = (input: unknown): UsageBatch => {
  const { Records } = streamEventSchema.parse(input);
  const events: UsageEvent[] = [];
  const batchItemFailures: { itemIdentifier: string }[] = [];
  for (const { eventName, dynamodb } of Records) {
    if (eventName === "REMOVE" || dynamodb.NewImage === undefined) continue;
    const parsed = usageEventSchema.safeParse(fromAttributes(dynamodb.NewImage as AttributeMap));
    if (parsed.success) events.push(parsed.data);
    else {
      logger.error("A usage event cannot be read", {
        sequenceNumber: dynamodb.SequenceNumber,
        issues: parsed.error.issues.map(({ path }) => path.join(".")),
      });
      batchItemFailures.push({ itemIdentifier: dynamodb.SequenceNumber });
    }
  }
  return { events, batchItemFailures, oldestAt: Records[0]?.dynamodb.ApproximateCreationDateTime };
};

import { QueryCommand } from "@aws-sdk/lib-dynamodb";
import { config } from "#core/config.ts";
import { findLease, release } from "#core/db/admission.ts";
import { documents } from "#core/db/document-client.ts";
import { type UsageEvent, usageEventSchema } from "#core/db/usage-event.ts";
import { openShards, settleUsage } from "#core/db/usage-events.ts";
import { logger } from "#core/observability/logger.ts";
import { increment } from "#core/observability/metrics.ts";

/** Rows of one index partition that a sweep reads at most. What is left is read by the next one. */
const maxRowsPerShard = 500;

async function* overdue(shard: number, nowSeconds: number): AsyncGenerator<UsageEvent> {
  const { Items } = await documents.send(
    new QueryCommand({
      TableName: config.tableName("usage"),
      IndexName: "open",
      KeyConditionExpression: "openShard = :shard AND openUntil < :now",
      ExpressionAttributeValues: { ":shard": `OPEN#${shard}`, ":now": String(nowSeconds) },
      Limit: maxRowsPerShard,
    }),
  );
  for (const item of Items ?? []) {
    const event = usageEventSchema.safeParse(item);
    if (event.success) yield event.data;
    // One row that nobody can read must not keep all others open for ever.
    else logger.error("An open usage row is not readable", { row: String(item.sk), shard });
  }
}

/**
 * Settles what killed functions left behind: their usage rows become `abandoned` at the cost that was reserved, marked as an
 * estimate, and their places are given back. Running it twice, or beside the request itself, changes nothing: both writes
 * are conditional. Resolves to the number of rows settled. @throws AwsError
 */
export const sweepAbandoned = async (nowMs: number): Promise<number> => {
  let settled = 0;
  for (let shard = 0; shard < openShards; shard++) {
    for await (const event of overdue(shard, Math.floor(nowMs / 1_000))) {
      const { userId, day, requestId, generation, keyId, reservedPicoUsd, startedAt } = event;
      // A request may have been given less than it asked for, which only its lease says.
      const held = (await findLease(userId, requestId))?.reserved ?? reservedPicoUsd;
      const ours = await settleUsage({
        userId,
        day,
        requestId,
        generation,
        keyId,
        status: "abandoned",
        code: "INTERNAL_ERROR",
        estimated: true,
        costPicoUsd: held < reservedPicoUsd ? held : reservedPicoUsd,
        latencyMs: nowMs - startedAt,
      });
      await release({ userId, requestId, day, correctionPicoUsd: 0n });
      if (!ours) continue;
      settled += 1;
      increment("AbandonedRequests");
      logger.warn("A request was abandoned by its function", { requestId, route: event.route, model: event.model });
    }
  }
  return settled;
};

import { QueryCommand, ScanCommand } from "@aws-sdk/lib-dynamodb";
import { config } from "#core/config.ts";
import { documents } from "#core/db/document-client.ts";
import {
  deleteRollups,
  markRolledUp,
  readRollups,
  readTagRollups,
  replaceRollup,
  rollupKey,
} from "#core/db/rollups.ts";
import { utcDay } from "#core/db/row-keys.ts";
import { readTagNames } from "#core/db/tag-names.ts";
import { type UsageEvent, usageEventSchema } from "#core/db/usage-event.ts";
import { toChanges, withTargets } from "./rollup.ts";

/** Makes a day's sums again from its events: for a day that is over, when a sum is in doubt. */

/** How long after its end a day can still gain events: the longest request and the sweeper, ms. */
const settledAfterMs = 2 * 3_600_000;
const dayMs = 86_400_000;

const usersOf = async (day: string): Promise<ReadonlySet<string>> => {
  const users = new Set<string>();
  let start: Record<string, unknown> | undefined;
  do {
    const page = await documents.send(
      new ScanCommand({
        TableName: config.tableName("usage"),
        FilterExpression: "#day = :day",
        ProjectionExpression: "userId",
        ExpressionAttributeNames: { "#day": "day" },
        ExpressionAttributeValues: { ":day": day },
        ExclusiveStartKey: start,
      }),
    );
    for (const item of page.Items ?? []) users.add(String(item.userId));
    start = page.LastEvaluatedKey;
  } while (start !== undefined);
  return users;
};

const eventsOf = async (userId: string, day: string): Promise<UsageEvent[]> => {
  const events: UsageEvent[] = [];
  let start: Record<string, unknown> | undefined;
  do {
    const page = await documents.send(
      new QueryCommand({
        TableName: config.tableName("usage"),
        KeyConditionExpression: "pk = :pk",
        ExpressionAttributeValues: { ":pk": `USER#${userId}#${day}` },
        ExclusiveStartKey: start,
        ConsistentRead: true,
      }),
    );
    for (const item of page.Items ?? []) events.push(usageEventSchema.parse(item));
    start = page.LastEvaluatedKey;
  } while (start !== undefined);
  return events;
};

const rebuildUser = async (userId: string, day: string, nowMs: number): Promise<number> => {
  const events = (await eventsOf(userId, day)).filter(({ status }) => status !== "open");
  // Marked first: a delivery that comes late then adds nothing to the rows made anew.
  await markRolledUp(events, Math.floor(nowMs / 1_000));
  const changes = toChanges(await withTargets(events));
  for (const change of changes) await replaceRollup(change);
  const made = new Set(changes.map(({ target }) => rollupKey(target).sk));
  const { rows } = await readRollups(userId, day, day);
  const tagRows = await Promise.all(
    (await readTagNames(userId, day)).map((tag) => readTagRollups(userId, tag, day, day)),
  );
  await deleteRollups([...rows, ...tagRows.flat()].map(({ key }) => key).filter(({ sk }) => !made.has(sk)));
  return events.length;
};

export interface RebuildResult {
  readonly users: number;
  readonly events: number;
}

/** Makes the sums of a UTC day again. Throws for a day that can still gain events. Running it twice gives the same. */
export const rebuildUsage = async (day: string, nowMs: number): Promise<RebuildResult> => {
  const beganAt = Date.parse(`${day}T00:00:00Z`);
  // Date.parse takes 30 February for 2 March.
  if (Number.isNaN(beganAt) || utcDay(beganAt) !== day) throw new Error(`Not a day: ${day}. Use YYYY-MM-DD.`);
  if (nowMs < beganAt + dayMs + settledAfterMs)
    throw new Error(`${day} can still gain events: rebuild it two hours after its end (UTC).`);
  const users = await usersOf(day);
  let events = 0;
  for (const userId of users) events += await rebuildUser(userId, day, nowMs);
  return { users: users.size, events };
};

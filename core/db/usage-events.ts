import { logShards, rowKeys } from "./row-keys.ts";
import { deleteItem, failedCondition, type Plain, putItem, updateItem } from "./table.ts";
import type { UsageEvent, UsageStatus } from "./usage-event.ts";

/**
 * The usage table: two conditional writes a generation. The `open` row is written before the provider is called; the settled
 * one replaces its open state exactly once, by whoever comes first: the request itself, or the sweeper after a kill.
 */

export type { AttemptRecord, UnusedGeneration, UsageEvent, UsageStatus } from "./usage-event.ts";

export type OpenUsage = Pick<
  UsageEvent,
  | "userId"
  | "day"
  | "requestId"
  | "generation"
  | "route"
  | "keyId"
  | "model"
  | "provider"
  | "byok"
  | "streamed"
  | "startedAt"
  | "reservedPicoUsd"
  | "runId"
  | "tags"
  | "budget"
  | "dialect"
  | "askedModel"
  | "contentDays"
> & {
  /** Unix seconds after which the function cannot be running any more. */
  readonly openUntil: number;
};

export type SettledUsage = Pick<UsageEvent, "userId" | "day" | "requestId" | "generation"> &
  Partial<Omit<UsageEvent, "userId" | "day" | "requestId" | "generation" | "status">> & {
    readonly status: UsageStatus;
  };

/** Open rows are spread over this many index partitions, so that none of them is a hot one. */
export const openShards = 8;
/** How long an event is kept, seconds: 400 days, a little over the longest range that can be asked for. */
export const keepSeconds = 400 * 86_400;

/** The index partition of a request's open rows. */
export const openShardOf = (requestId: string): string => {
  let sum = 0;
  for (let index = 0; index < requestId.length; index++) sum = (sum * 31 + requestId.charCodeAt(index)) >>> 0;
  return `OPEN#${sum % openShards}`;
};

/** Writes the open row. Writing the same one again is no fault: an answer of the first try may have been lost. @throws AwsError */
export const putOpenUsage = async (usage: OpenUsage): Promise<void> => {
  const { openUntil, ...event } = usage;
  try {
    await putItem(
      "usage",
      {
        ...rowKeys.usageEvent(usage.userId, usage.day, usage.requestId, usage.generation),
        ...event,
        status: "open",
        openShard: openShardOf(usage.requestId),
        // Index keys are strings; seconds have ten digits until the year 2286, so text sorts as numbers do.
        openUntil: String(openUntil),
        expiresAt: openUntil + keepSeconds,
      },
      { condition: "attribute_not_exists(pk)" },
    );
  } catch (error) {
    if (failedCondition(error) === undefined) throw error;
  }
};

/** Deletes an open row. One that is settled meanwhile stays. @throws AwsError */
export const deleteOpenUsage = async ({
  userId,
  day,
  requestId,
  generation,
}: Pick<UsageEvent, "userId" | "day" | "requestId" | "generation">): Promise<void> => {
  try {
    await deleteItem("usage", rowKeys.usageEvent(userId, day, requestId, generation), {
      names: { "#status": "status" },
      values: { ":open": "open" },
      condition: "#status = :open",
    });
  } catch (error) {
    // It is not there, or not open any more.
    if (failedCondition(error) === undefined) throw error;
  }
};

/**
 * The index partition that lists a settled row: errors of its user, or what its key did. Undefined where the key is not known.
 * One entry a row, so that the log costs one write: what a key did is both partitions together.
 */
const logShardOf = ({
  userId,
  keyId,
  status,
}: Pick<SettledUsage, "userId" | "keyId" | "status">): string | undefined => {
  if (status !== "ok") return logShards.errors(userId);
  return keyId === undefined ? undefined : logShards.key(userId, keyId);
};

/** The write that settles an open row, and that only the first of several wins. */
export const settlingUpdate = ({ userId, day, requestId, generation, ...facts }: SettledUsage) => {
  const names: Record<string, string> = { "#status": "status" };
  const values: Record<string, Plain> = { ":open": "open" };
  const sets: string[] = [];
  for (const [name, value] of Object.entries(facts)) {
    if (value === undefined) continue;
    names[`#${name}`] = name;
    values[`:${name}`] = value as Plain;
    sets.push(`#${name} = :${name}`);
  }
  const shard = logShardOf({ userId, ...facts });
  const key = rowKeys.usageEvent(userId, day, requestId, generation);
  if (shard !== undefined) {
    sets.push("openShard = :shard", "openUntil = :place");
    values[":shard"] = shard;
    values[":place"] = key.sk;
  }
  return {
    key,
    update: `SET ${sets.join(", ")}${shard === undefined ? " REMOVE openShard, openUntil" : ""}`,
    names,
    values,
    condition: "#status = :open",
  };
};

/** Settles an open row. False when it was settled before, by us or by the sweeper. @throws AwsError */
export const settleUsage = async (usage: SettledUsage): Promise<boolean> => {
  const { key, update, ...expression } = settlingUpdate(usage);
  try {
    await updateItem("usage", key, update, expression);
    return true;
  } catch (error) {
    if (failedCondition(error) !== undefined) return false;
    throw error;
  }
};

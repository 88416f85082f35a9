import { QueryCommand } from "@aws-sdk/lib-dynamodb";
import * as z from "zod";
import { config } from "#core/config.ts";
import { ownerShards } from "./deliveries.ts";
import { documents } from "./document-client.ts";
import { rowKeys } from "./row-keys.ts";
import { getItem, updateItem, won } from "./table.ts";

/**
 * Whose turn it is to have something delivered. Each owner with pending deliveries has one row in the `due` index, ordered by
 * when the turn is due, so that thousands of rows of one owner are one entry, and the owner who had a turn last comes last.
 */

const ownerSchema = z.object({
  userId: z.string(),
  /** Unix ms until which a worker has the turn. */
  heldUntil: z.number().default(0),
  /** Grows with each delivery that is added: a turn that ends sees whether one came. */
  arrivals: z.number().default(0),
  /** The lane that the last turn ended with: the next begins after it. */
  lastLane: z.string().default(""),
  /** Lanes whose destination just failed, and unix ms until which they are left alone. */
  resting: z.record(z.string(), z.number()).default({}),
});

type Resting = Readonly<Record<string, number>>;

const dueSchema = z.object({ userId: z.string(), dueAt: z.string() });

export interface Turn {
  readonly userId: string;
  readonly heldUntil: number;
  readonly arrivals: number;
  readonly lastLane: string;
  readonly resting: Resting;
}

/** What a turn leaves to the next one. */
export interface TurnEnd {
  readonly lastLane: string;
  readonly resting: Resting;
  /** Unix ms of the next turn; undefined when nothing is pending. */
  readonly nextMs: number | undefined;
}

const readOwner = async (userId: string) => {
  const item = await getItem("jobs", rowKeys.deliveryOwner(userId), { consistent: true });
  return item === undefined ? undefined : ownerSchema.parse(item);
};

export interface DueOwner {
  readonly userId: string;
  /** Unix ms. */
  readonly dueAtMs: number;
}

/** Owners whose turn is due, who have waited longest first. @throws TableUnavailable */
export const dueOwners = async (nowMs: number, limitPerShard: number): Promise<readonly DueOwner[]> => {
  const shards = await Promise.all(
    Array.from({ length: ownerShards }, async (_, shard) => {
      const { Items = [] } = await documents.send(
        new QueryCommand({
          TableName: config.tableName("jobs"),
          IndexName: "due",
          KeyConditionExpression: "dueShard = :shard AND dueAt <= :now",
          ExpressionAttributeValues: { ":shard": `OWNERS#${shard}`, ":now": rowKeys.sortableMs(nowMs) },
          Limit: limitPerShard,
        }),
      );
      return Items.map((item) => dueSchema.parse(item));
    }),
  );
  return shards
    .flat()
    .sort((left, right) => (left.dueAt < right.dueAt ? -1 : 1))
    .map(({ userId, dueAt }) => ({ userId, dueAtMs: Number(dueAt) }));
};

/**
 * Takes an owner's turn until a time. Undefined while another worker has it, or when nothing is due. A worker that dies
 * loses the turn at that time. @throws AwsError
 */
export const takeDeliveryTurn = async (userId: string, nowMs: number, untilMs: number): Promise<Turn | undefined> => {
  const owner = await readOwner(userId);
  if (owner === undefined) return undefined;
  const taken = await won(
    updateItem("jobs", rowKeys.deliveryOwner(userId), "SET heldUntil = :until, dueAt = :due", {
      values: {
        ":until": untilMs,
        ":due": rowKeys.sortableMs(untilMs),
        ":now": nowMs,
        ":nowText": rowKeys.sortableMs(nowMs),
      },
      condition: "(attribute_not_exists(heldUntil) OR heldUntil < :now) AND dueAt <= :nowText",
    }),
  );
  return taken ? { ...owner, userId, heldUntil: untilMs } : undefined;
};

/**
 * Ends a turn. False when a delivery came meanwhile, with which the end has to be found anew, or when the turn took too long
 * and is another worker's. @throws AwsError
 */
export const endDeliveryTurn = async (turn: Turn, { lastLane, resting, nextMs }: TurnEnd): Promise<boolean> => {
  const free = "heldUntil = :free, lastLane = :lane, resting = :resting";
  const values = {
    ":free": 0,
    ":lane": lastLane,
    ":resting": resting,
    ":mine": turn.heldUntil,
    ":seen": turn.arrivals,
  };
  return won(
    updateItem(
      "jobs",
      rowKeys.deliveryOwner(turn.userId),
      nextMs === undefined ? `SET ${free} REMOVE dueShard, dueAt` : `SET ${free}, dueAt = :next`,
      {
        values: nextMs === undefined ? values : { ...values, ":next": rowKeys.sortableMs(nextMs) },
        condition: "heldUntil = :mine AND arrivals = :seen",
      },
    ),
  );
};

/** The turn as it is now, if it is still this worker's. @throws AwsError */
export const renewedTurn = async (turn: Turn): Promise<Turn | undefined> => {
  const owner = await readOwner(turn.userId);
  return owner?.heldUntil === turn.heldUntil ? { ...turn, arrivals: owner.arrivals } : undefined;
};

import { createHash } from "node:crypto";
import { QueryCommand } from "@aws-sdk/lib-dynamodb";
import * as z from "zod";
import { config } from "#core/config.ts";
import { sealedTextSchema } from "#core/encryption/sealed-text.ts";
import { documents } from "./document-client.ts";
import { rowKeys } from "./row-keys.ts";
import type { PlainItem } from "./table.ts";
import { type TransactionItem, TransactionRefused, transact } from "./transaction.ts";

/**
 * Deliveries: one row for each message that the gateway owes to a server of one of its users, whatever caused it: a job's end,
 * a budget's alert, or an export. Rows are in the jobs table, under their owner, in lanes: all that goes to one origin, by when
 * it is due. core/db/delivery-turns.ts says whose turn it is.
 */

export const deliverySchema = z.object({
  id: z.string(),
  userId: z.string(),
  /** What caused it: `job`, `budget` or `export`. Later versions may have more. */
  kind: z.string(),
  /** `webhook-id`: the same in every attempt. */
  messageId: z.string(),
  url: z.string(),
  /** Of an export: its row has the address and the headers as they are when the message is sent. */
  exportId: z.string().optional(),
  /** The signing secret, sealed, and the context of its seal. Without one the message is not signed. */
  secret: z.optional(sealedTextSchema),
  secretContext: z.string().optional(),
  /** JSON as it is sent; gone once the delivery has ended. */
  body: z.string().optional(),
  /** The message with recorded content lies sealed among cached answers, while that is kept: `body` is the same without. */
  hasContent: z.boolean().optional(),
  state: z.enum(["pending", "delivered", "dead"]),
  tries: z.number(),
  /** Unix ms. The attempts end a day later. */
  createdAt: z.number(),
  /** Unix ms. */
  nextTryAt: z.number(),
  lastTriedAt: z.number().optional(),
  /** Status of the last response; absent before the first one. */
  lastStatus: z.number().optional(),
  /** Unix seconds. */
  expiresAt: z.number(),
});

export type DeliveryRow = z.infer<typeof deliverySchema>;

/** What the seal of a message with recorded content is bound to, with the user. */
export const exportedContentContext = (deliveryId: string): string => `exported-content/${deliveryId}`;

/** How long a delivery is kept and shown, ms. */
export const keepDeliveryMs = 7 * 86_400_000;

const tableName = (): string => config.tableName("jobs");

/** The lane of a URL: a slow server holds back only what goes to itself. */
export const laneOf = (url: string): string =>
  createHash("sha256").update(new URL(url).origin).digest("hex").slice(0, 16);

const pendingKey = ({ userId, url, nextTryAt, id }: DeliveryRow) =>
  rowKeys.pendingDelivery(userId, laneOf(url), nextTryAt, id);

const put = (row: DeliveryRow): TransactionItem => ({
  Put: {
    TableName: tableName(),
    Item: { ...(row.state === "pending" ? pendingKey(row) : rowKeys.endedDelivery(row.userId, row.id)), ...row },
  },
});

/** Owners with something to deliver are spread over this many index partitions. */
export const ownerShards = 4;
export const ownerShardOf = (userId: string): string =>
  `OWNERS#${(userId.charCodeAt(userId.length - 1) || 0) % ownerShards}`;

/** Lets the owner have a turn when the delivery is due, and tells a turn that runs that something came. */
const noteArrival = ({ userId, nextTryAt }: DeliveryRow, sooner: boolean): TransactionItem => ({
  Update: {
    TableName: tableName(),
    Key: rowKeys.deliveryOwner(userId),
    UpdateExpression: `SET userId = :user${sooner ? ", dueShard = :shard, dueAt = :due" : ""} ADD arrivals :one`,
    ConditionExpression: sooner
      ? "attribute_not_exists(dueAt) OR dueAt > :due"
      : "attribute_exists(dueAt) AND dueAt <= :due",
    ExpressionAttributeValues: {
      ":user": userId,
      ":due": rowKeys.sortableMs(nextTryAt),
      ":one": 1,
      ...(sooner ? { ":shard": ownerShardOf(userId) } : {}),
    },
  },
});

/**
 * Writes a delivery together with what caused it, both or neither. False when a condition of `cause` did not hold: somebody
 * else has done all of it. @throws TableUnavailable
 */
export const addDelivery = async (row: DeliveryRow, cause: readonly TransactionItem[] = []): Promise<boolean> => {
  const ownerAt = cause.length + 1;
  for (let sooner = true; ; sooner = !sooner) {
    try {
      await transact([...cause, put(row), noteArrival(row, sooner)]);
      return true;
    } catch (error) {
      if (!(error instanceof TransactionRefused)) throw error;
      if (error.failed.some((index) => index < cause.length)) return false;
      // Its owner's turn is due sooner already, or was and is over: the other write fits.
      if (!error.failed.includes(ownerAt)) throw error;
    }
  }
};

/** Replaces a pending row by its next state. False when another call already has. @throws TableUnavailable */
export const moveDelivery = async (from: DeliveryRow, to: DeliveryRow): Promise<boolean> => {
  const removal: TransactionItem = {
    Delete: { TableName: tableName(), Key: pendingKey(from), ConditionExpression: "attribute_exists(pk)" },
  };
  try {
    await transact([removal, put(to)]);
    return true;
  } catch (error) {
    if (error instanceof TransactionRefused) return false;
    throw error;
  }
};

interface RowRange {
  readonly from: string;
  readonly to: string;
  readonly limit: number;
  readonly descending?: boolean;
  /** Only these. */
  readonly members?: readonly string[];
}

/** Rows of an owner whose sort keys are from one text up to another, in order. @throws TableUnavailable */
const rowsBetween = async (
  userId: string,
  { from, to, limit, descending = false, members }: RowRange,
): Promise<readonly DeliveryRow[]> => {
  const { Items = [] } = await documents.send(
    new QueryCommand({
      TableName: tableName(),
      ConsistentRead: true,
      KeyConditionExpression: "pk = :pk AND sk BETWEEN :from AND :to",
      ExpressionAttributeValues: { ":pk": rowKeys.deliveryOwner(userId).pk, ":from": from, ":to": to },
      ScanIndexForward: !descending,
      Limit: limit,
      ...(members === undefined
        ? {}
        : {
            ProjectionExpression: members.map((name) => `#${name}`).join(", "),
            ExpressionAttributeNames: Object.fromEntries(members.map((name) => [`#${name}`, name])),
          }),
    }),
  );
  return Items.flatMap((item: PlainItem) => {
    const row = deliverySchema.safeParse(item);
    return row.success ? [row.data] : [];
  });
};

/** After every sort key with this prefix. */
const endOf = (prefix: string): string => `${prefix}~`;
const lanePrefix = (lane: string): string => `${rowKeys.pendingDeliveries}${lane}#`;

/** The first pending row of the lane after another; `""` is before all lanes. @throws TableUnavailable */
export const firstAfterLane = async (userId: string, lane: string): Promise<DeliveryRow | undefined> => {
  const from = lane === "" ? rowKeys.pendingDeliveries : endOf(lanePrefix(lane));
  const [first] = await rowsBetween(userId, { from, to: endOf(rowKeys.pendingDeliveries), limit: 1 });
  return first;
};

/** What is due in a lane, oldest first. @throws TableUnavailable */
export const dueInLane = (
  userId: string,
  lane: string,
  nowMs: number,
  limit: number,
): Promise<readonly DeliveryRow[]> =>
  rowsBetween(userId, {
    from: lanePrefix(lane),
    to: endOf(`${lanePrefix(lane)}${rowKeys.sortableMs(nowMs)}#`),
    limit,
  });

/** Members of a row without what is sent: all that is left once it has ended. */
const endedMembers = Object.keys(deliverySchema.shape).filter(
  (name) => !["body", "secret", "secretContext"].includes(name),
);

/** What was due in a lane before a time, oldest first, without what is sent. @throws TableUnavailable */
export const overdueInLane = (
  userId: string,
  lane: string,
  beforeMs: number,
  limit: number,
): Promise<readonly DeliveryRow[]> =>
  rowsBetween(userId, {
    from: lanePrefix(lane),
    to: `${lanePrefix(lane)}${rowKeys.sortableMs(beforeMs)}`,
    limit,
    members: endedMembers,
  });

/** Some of a user's pending deliveries, destination by destination, and the last that ended, newest first. @throws TableUnavailable */
export const listDeliveries = async (
  userId: string,
  limit: number,
): Promise<{ readonly pending: readonly DeliveryRow[]; readonly ended: readonly DeliveryRow[] }> => {
  const all = (prefix: string) => ({ from: prefix, to: endOf(prefix), limit, descending: true });
  const [pending, ended] = await Promise.all([
    rowsBetween(userId, all(rowKeys.pendingDeliveries)),
    rowsBetween(userId, all(rowKeys.endedDeliveries)),
  ]);
  return { pending, ended };
};

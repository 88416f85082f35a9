import { QueryCommand } from "@aws-sdk/lib-dynamodb";
import * as z from "zod";
import { config } from "#core/config.ts";
import { sealedTextSchema } from "#core/encryption/sealed-text.ts";
import { addDelivery, type DeliveryRow } from "./deliveries.ts";
import { documents } from "./document-client.ts";
import { byokProviders } from "./provider-key-rows.ts";
import { rowKeys } from "./row-keys.ts";
import { getItem, type PlainItem, putItem, updateItem, won } from "./table.ts";
import { attemptSchema } from "./usage-event.ts";

/**
 * The jobs table: one row for each piece of asynchronous work, under its owner. Polls take turns with a conditional write,
 * so that the provider is rarely asked, however many clients ask. The end is written once.
 */

/** `clip` is a video of MiniMax: rows and clients have this value. */
export const jobKinds = ["clip", "video", "fashion", "image", "speech", "music"] as const;
export type JobKind = (typeof jobKinds)[number];

const pico = z.union([z.number(), z.bigint()]).transform(BigInt);

export const jobOutputSchema = z.object({
  url: z.string(),
  contentType: z.string().optional(),
  /** Unix ms; absent where the provider states no expiry. */
  expiresAt: z.number().optional(),
});

export const jobErrorSchema = z.object({ name: z.string(), message: z.string() });

export const jobRowSchema = z.object({
  id: z.string(),
  userId: z.string(),
  kind: z.enum(jobKinds),
  model: z.string(),
  provider: z.enum(byokProviders),
  simulated: z.boolean().default(false),
  /** Identifies the work at its provider: an id, or the URLs that it gave. Never a key. */
  ticket: z.record(z.string(), z.string()),
  status: z.enum(["queued", "processing", "completed", "failed"]),
  /** The provider's own word for the status. */
  detail: z.string().optional(),
  /** Unix ms. */
  createdAt: z.number(),
  finishedAt: z.number().optional(),
  output: z.array(jobOutputSchema).optional(),
  /** The output is too large for a row, and is fetched on demand: unix ms until which the provider keeps it. */
  outputHeldUntil: z.number().optional(),
  error: jobErrorSchema.optional(),
  byok: z.boolean(),
  providerKeyId: z.string().optional(),
  usage: z.object({
    day: z.string(),
    requestId: z.string(),
    /** Undefined before 2026-11-29. */
    keyId: z.string().optional(),
    /** The key records prompts, for so many days. */
    contentDays: z.number().optional(),
    unit: z.string(),
    units: z.number(),
    costPicoUsd: pico.optional(),
    /** Booked against the daily cap at the start; returned when nothing was made. */
    bookedPicoUsd: pico,
    /** Budget and period that the job is charged to, and what is booked of it. */
    budget: z.object({ name: z.string(), bookedPicoUsd: pico }).optional(),
    attempts: z.array(attemptSchema).default([]),
  }),
  /** Unix ms of the last turn at the provider. */
  polledAt: z.number(),
  webhook: z
    .object({
      url: z.string(),
      /** The signing secret, sealed. */
      secret: sealedTextSchema,
    })
    .optional(),
  /** Until the job's end. 0.1.0 also delivered from here, and wrote the other two values. */
  webhookState: z.enum(["waiting", "delivered", "given-up"]).optional(),
  /** Attempts of 0.1.0. */
  webhookTries: z.number().default(0),
  /** Unix ms until which a call of 0.1.0 has the right to deliver the webhook. */
  webhookHeldUntil: z.number().default(0),
  dueShard: z.string().optional(),
  /** Unix seconds, as a string of ten digits. */
  dueAt: z.string().optional(),
  /** Unix seconds. */
  expiresAt: z.number(),
});

export type JobRow = z.infer<typeof jobRowSchema>;
export type JobOutput = z.infer<typeof jobOutputSchema>;
export type JobError = z.infer<typeof jobErrorSchema>;

/** Jobs with work left to do are spread over this many index partitions. */
const dueShards = 4;

const shardOf = (jobId: string): string => `DUE#${(jobId.charCodeAt(jobId.length - 1) || 0) % dueShards}`;

const dueAtText = (ms: number): string => String(Math.ceil(ms / 1_000));

const read = (item: PlainItem | undefined, nowMs: number): JobRow | undefined => {
  if (item === undefined) return undefined;
  const row = jobRowSchema.parse(item);
  return row.expiresAt * 1_000 > nowMs ? row : undefined;
};

/** Writes a new job. `dueAtMs` is when the scheduled poller processes it. @throws AwsError */
export const putJob = (row: Omit<JobRow, "dueShard" | "dueAt">, dueAtMs: number | undefined): Promise<void> =>
  putItem("jobs", {
    ...rowKeys.job(row.userId, row.id),
    ...(row as unknown as PlainItem),
    ...(dueAtMs === undefined ? {} : { dueShard: shardOf(row.id), dueAt: dueAtText(dueAtMs) }),
  });

/** A user's job; undefined when it does not exist, has expired or belongs to another user. @throws AwsError */
export const readJob = async (userId: string, jobId: string, nowMs: number): Promise<JobRow | undefined> =>
  read(await getItem("jobs", rowKeys.job(userId, jobId), { consistent: true }), nowMs);

export interface JobPage {
  /** At most. */
  readonly limit: number;
  /** Only jobs older than this one, which need not exist: ids are in the order of time. */
  readonly before?: string | undefined;
}

/** A user's own jobs, newest first, even if `before` is another user's job. @throws TableUnavailable */
export const listJobs = async (
  userId: string,
  { limit, before }: JobPage,
  nowMs: number,
): Promise<readonly JobRow[]> => {
  const { pk, sk } = rowKeys.job(userId, "");
  const { Items = [] } = await documents.send(
    new QueryCommand({
      TableName: config.tableName("jobs"),
      KeyConditionExpression: "pk = :pk AND begins_with(sk, :prefix)",
      ExpressionAttributeValues: { ":pk": pk, ":prefix": sk },
      ScanIndexForward: false,
      Limit: limit,
      ...(before === undefined ? {} : { ExclusiveStartKey: rowKeys.job(userId, before) }),
    }),
  );
  return Items.map((item) => read(item, nowMs)).filter((row) => row !== undefined);
};

/** Jobs that are due, oldest first, up to a limit per partition. Rows that cannot be parsed are left out. @throws AwsError */
export const dueJobs = async (nowMs: number, limitPerShard: number): Promise<readonly JobRow[]> => {
  const shards = await Promise.all(
    Array.from({ length: dueShards }, async (_, shard) => {
      const { Items } = await documents.send(
        new QueryCommand({
          TableName: config.tableName("jobs"),
          IndexName: "due",
          KeyConditionExpression: "dueShard = :shard AND dueAt <= :now",
          ExpressionAttributeValues: { ":shard": `DUE#${shard}`, ":now": dueAtText(nowMs) },
          Limit: limitPerShard,
        }),
      );
      return Items ?? [];
    }),
  );
  return shards.flat().flatMap((item) => {
    const row = jobRowSchema.safeParse(item);
    return row.success ? [row.data] : [];
  });
};

const isOpen = "#status IN (:queued, :processing)";
const openValues = { ":queued": "queued", ":processing": "processing" } as const;
const statusName = { "#status": "status" } as const;

/** Takes the turn to ask the provider. False when another call was faster. @throws AwsError */
export const takeTurn = ({ userId, id, polledAt }: JobRow, nowMs: number): Promise<boolean> =>
  won(
    updateItem("jobs", rowKeys.job(userId, id), "SET polledAt = :now", {
      names: statusName,
      values: { ":now": nowMs, ":seen": polledAt, ...openValues },
      condition: `polledAt = :seen AND ${isOpen}`,
    }),
  );

/** Records the provider's progress. @throws AwsError */
export const noteProgress = async (
  { userId, id }: JobRow,
  status: "queued" | "processing",
  detail: string | undefined,
): Promise<void> => {
  await won(
    updateItem(
      "jobs",
      rowKeys.job(userId, id),
      `SET #status = :status${detail === undefined ? "" : ", #detail = :detail"}`,
      {
        names: { ...statusName, ...(detail === undefined ? {} : { "#detail": "detail" }) },
        values: { ":status": status, ...(detail === undefined ? {} : { ":detail": detail }), ...openValues },
        condition: isOpen,
      },
    ),
  );
};

/** Sets when the poller next processes a job. @throws AwsError */
export const reschedule = async ({ userId, id }: JobRow, dueAtMs: number): Promise<void> => {
  await won(
    updateItem("jobs", rowKeys.job(userId, id), "SET dueAt = :due", {
      values: { ":due": dueAtText(dueAtMs) },
      condition: "attribute_exists(dueShard)",
    }),
  );
};

export interface JobEnd {
  readonly status: "completed" | "failed";
  readonly finishedAt: number;
  readonly output?: readonly JobOutput[] | undefined;
  readonly outputHeldUntil?: number | undefined;
  readonly error?: JobError | undefined;
  readonly units: number;
  readonly costPicoUsd: bigint | undefined;
}

interface Update {
  readonly update: string;
  readonly names: Readonly<Record<string, string>>;
  readonly values: PlainItem;
}

const endUpdate = (end: JobEnd): Update => {
  const sets: Record<string, PlainItem[string]> = {
    status: end.status,
    finishedAt: end.finishedAt,
    output: end.output as PlainItem[string],
    outputHeldUntil: end.outputHeldUntil,
    error: end.error as PlainItem[string],
  };
  const given = Object.entries(sets).filter(([, value]) => value !== undefined);
  const assignments = given.map(([name]) => `#${name} = :${name}`);
  assignments.push("#usage.#units = :units");
  if (end.costPicoUsd !== undefined) assignments.push("#usage.#cost = :cost");
  return {
    // Its webhook, if it has one, is a delivery from now on.
    update: `SET ${assignments.join(", ")} REMOVE dueShard, dueAt, webhookState`,
    names: {
      ...Object.fromEntries(given.map(([name]) => [`#${name}`, name])),
      "#usage": "usage",
      "#units": "units",
      ...(end.costPicoUsd === undefined ? {} : { "#cost": "costPicoUsd" }),
    },
    values: {
      ...Object.fromEntries(given.map(([name, value]) => [`:${name}`, value])),
      ":units": end.units,
      ...(end.costPicoUsd === undefined ? {} : { ":cost": end.costPicoUsd }),
      ...openValues,
    },
  };
};

/** Writes a job's end, and the delivery that tells it, both or neither. False when another call already has. @throws AwsError */
export const endJob = (
  { userId, id }: Pick<JobRow, "userId" | "id">,
  end: JobEnd,
  delivery: DeliveryRow | undefined,
): Promise<boolean> => {
  const { update, names, values } = endUpdate(end);
  const key = rowKeys.job(userId, id);
  if (delivery === undefined) return won(updateItem("jobs", key, update, { names, values, condition: isOpen }));
  return addDelivery(delivery, [
    {
      Update: {
        TableName: config.tableName("jobs"),
        Key: key,
        UpdateExpression: update,
        ExpressionAttributeNames: names,
        ExpressionAttributeValues: values,
        ConditionExpression: isOpen,
      },
    },
  ]);
};

/**
 * Makes a delivery of the webhook of a job that ended under 0.1.0, which delivered webhooks from the job's own row. False while
 * such a function is at it, and when nothing is left to do. @throws AwsError
 */
export const carryOnWebhook = ({ userId, id }: JobRow, delivery: DeliveryRow, nowMs: number): Promise<boolean> =>
  addDelivery(delivery, [
    {
      Update: {
        TableName: config.tableName("jobs"),
        Key: rowKeys.job(userId, id),
        UpdateExpression: "REMOVE dueShard, dueAt, webhookState",
        ConditionExpression:
          "webhookState = :waiting AND (attribute_not_exists(webhookHeldUntil) OR webhookHeldUntil < :now)",
        ExpressionAttributeValues: { ":waiting": "waiting", ":now": nowMs },
      },
    },
  ]);

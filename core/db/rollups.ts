import { setTimeout as pause } from "node:timers/promises";
import { BatchWriteCommand, type BatchWriteCommandInput, PutCommand, QueryCommand } from "@aws-sdk/lib-dynamodb";
import { config } from "#core/config.ts";
import { documents } from "./document-client.ts";
import { type Additions, type RollupRow, rollupRowSchema, sumNames, type TagRow, tagRowSchema } from "./rollup-sums.ts";
import { rowKeys } from "./row-keys.ts";
import type { ItemKey } from "./table.ts";
import { TableUnavailable } from "./table-unavailable.ts";
import { hasPlace, tagHash } from "./tag-names.ts";
import { TransactionRefused, transact } from "./transaction.ts";
import { keepSeconds, type UsageEvent } from "./usage-events.ts";

/** The table of daily sums. An event and its mark are added in one transaction, so a second delivery adds nothing. */

/** Attribute of a latency bucket. */
const bucketAttribute = (bucket: number | string): string => `latency${bucket}`;

/** A mark has to outlive every redelivery: a stream keeps a day, a dead-letter queue two weeks. */
const keepMarkSeconds = 60 * 86_400;

/** A row of one day: the sums of one key and one model, or of one value of a tag. */
export type RollupTarget = { readonly userId: string; readonly day: string } & (
  | { readonly keyId: string; readonly model: string; readonly provider: string }
  | { readonly tag: string; readonly value: string }
);

export interface RollupChange {
  readonly target: RollupTarget;
  readonly additions: Additions;
}

/** The name under which models outside the catalogue are summed once a user's day shows 100 of them. */
const otherModels = "other";

/** A target's row. Models that are summed as one keep a row for each provider, which is summed by as well. */
export const rollupKey = (target: RollupTarget): ItemKey => {
  const { userId, day } = target;
  if ("tag" in target) return rowKeys.tagRollup(userId, tagHash(target.tag), day, tagHash(target.value));
  const { keyId, model, provider } = target;
  return rowKeys.rollup(userId, day, keyId, model === otherModels ? `${otherModels}/${provider}` : model);
};

/** Unix seconds after which a day's rows may be deleted. */
export const rollupExpiry = (day: string): number => Math.floor(Date.parse(`${day}T00:00:00Z`) / 1_000) + keepSeconds;

const updateOf = ({ target, additions }: RollupChange) => {
  const { userId: _, ...facts } = target;
  const values: Record<string, unknown> = { ":expiresAt": rollupExpiry(target.day) };
  const names: Record<string, string> = {};
  for (const [name, fact] of Object.entries(facts)) {
    names[`#${name}`] = name;
    values[`:${name}`] = fact;
  }
  const sets = Object.keys(facts).map((name) => `#${name} = :${name}`);
  const adds: string[] = [];
  const add = (name: string, value: number | bigint): void => {
    // Units may be fractions, such as seconds of audio.
    if (value === 0 || value === 0n) return;
    names[`#${name}`] = name;
    values[`:${name}`] = value;
    adds.push(`#${name} :${name}`);
  };
  for (const name of sumNames) add(name, additions.sums[name]);
  add("costPicoUsd", additions.costPicoUsd);
  add("byokCostPicoUsd", additions.byokCostPicoUsd);
  for (const [bucket, count] of Object.entries(additions.latency)) add(bucketAttribute(bucket), count);
  return {
    TableName: config.tableName("rollups"),
    Key: rollupKey(target),
    UpdateExpression: `SET ${sets.join(", ")}, expiresAt = :expiresAt ADD ${adds.join(", ")}`,
    ExpressionAttributeNames: names,
    ExpressionAttributeValues: values,
  };
};

type EventKey = Pick<UsageEvent, "userId" | "day" | "requestId" | "generation">;

const markOf = ({ userId, day, requestId, generation }: EventKey, nowSeconds: number) => ({
  ...rowKeys.rolledUp(userId, day, requestId, generation),
  expiresAt: nowSeconds + keepMarkSeconds,
});

/**
 * Adds events to their rows and marks them, all or nothing. Resolves to the positions of events that were marked before,
 * in which case nothing was written: leave them out and call again.
 */
export const addToRollups = async (
  events: readonly EventKey[],
  changes: readonly RollupChange[],
  nowSeconds: number,
): Promise<readonly number[]> => {
  try {
    await transact([
      ...events.map((event) => ({
        Put: {
          TableName: config.tableName("rollups"),
          Item: markOf(event, nowSeconds),
          ConditionExpression: "attribute_not_exists(pk)",
        },
      })),
      ...changes.map((change) => ({ Update: updateOf(change) })),
    ]);
    return [];
  } catch (error) {
    // Anything else, such as conflicts that did not end: Lambda delivers again.
    if (!(error instanceof TransactionRefused)) throw error;
    return error.failed;
  }
};

/** The most models outside the catalogue that a user's day shows by name. */
const maxUnlistedModels = 100;

/** The name under which a model outside the catalogue is summed: its own up to 100 a day, then `other`. */
export const unlistedModelName = async (userId: string, day: string, model: string): Promise<string> =>
  (await hasPlace(rowKeys.unlistedModels(userId, day), model, maxUnlistedModels, rollupExpiry(day)))
    ? model
    : otherModels;

/** A row with its latency counts. */
export interface RollupSums {
  readonly key: ItemKey;
  readonly row: RollupRow;
  readonly latency: Readonly<Record<number, number>>;
}

const latencyName = /^latency(\d+)$/;

const latencyOf = (item: Record<string, unknown>): Record<number, number> => {
  const latency: Record<number, number> = {};
  for (const [name, value] of Object.entries(item)) {
    const bucket = latencyName.exec(name)?.[1];
    if (bucket !== undefined) latency[Number(bucket)] = Number(value);
  }
  return latency;
};

const keyOf = ({ pk, sk }: Record<string, unknown>): ItemKey => ({ pk: String(pk), sk: String(sk) });

interface Read {
  readonly items: readonly Record<string, unknown>[];
  readonly capacityUnits: number;
}

interface ReadCall extends Read {
  readonly isLast: boolean;
}

/** Rows of a partition between two sort keys, call by call, with what each call cost in capacity units. */
async function* callsBetween(pk: string, from: string, to: string, rowsPerCall?: number): AsyncGenerator<ReadCall> {
  let start: Record<string, unknown> | undefined;
  do {
    const page = await documents.send(
      new QueryCommand({
        TableName: config.tableName("rollups"),
        KeyConditionExpression: "pk = :pk AND sk BETWEEN :from AND :to",
        ExpressionAttributeValues: { ":pk": pk, ":from": from, ":to": to },
        Limit: rowsPerCall,
        ExclusiveStartKey: start,
        ReturnConsumedCapacity: "TOTAL",
      }),
    );
    start = page.LastEvaluatedKey;
    const capacityUnits = page.ConsumedCapacity?.CapacityUnits ?? 0;
    yield { items: page.Items ?? [], capacityUnits, isLast: start === undefined };
  } while (start !== undefined);
}

/** All rows of a partition between two sort keys, and what reading them cost in capacity units. */
const readBetween = async (pk: string, from: string, to: string): Promise<Read> => {
  const items: Record<string, unknown>[] = [];
  let capacityUnits = 0;
  for await (const call of callsBetween(pk, from, to)) {
    items.push(...call.items);
    capacityUnits += call.capacityUnits;
  }
  return { items, capacityUnits };
};

const toSums = (item: Record<string, unknown>): RollupSums => ({
  key: keyOf(item),
  row: rollupRowSchema.parse(item),
  latency: latencyOf(item),
});

const toSome = ({ items, isLast, capacityUnits }: ReadCall): SomeRollups => ({
  rows: items.map(toSums),
  isWhole: isLast,
  capacityUnits,
});

/** Some of a user's rows, and whether there are more. */
interface SomeRollups {
  readonly rows: readonly RollupSums[];
  readonly isWhole: boolean;
  readonly capacityUnits: number;
}

/** A user's first rows from one UTC day to another, both inclusive, at most `limit`. */
export const readSomeRollups = async (
  userId: string,
  from: string,
  to: string,
  limit: number,
): Promise<SomeRollups> => {
  for await (const call of callsBetween(`USER#${userId}`, `DAY#${from}`, `DAY#${to}#~`, limit)) return toSome(call);
  throw new Error("A query answers at least once");
};

/** A day's rows of a user, or of one key, a few a call, for a reader that may have enough before the last one. */
export async function* dayRollups(
  userId: string,
  day: string,
  keyId: string | undefined,
  rowsPerCall: number,
): AsyncGenerator<SomeRollups> {
  const { pk, sk } = rowKeys.rollup(userId, day, keyId ?? "", "");
  const prefix = keyId === undefined ? sk.slice(0, -1) : sk;
  for await (const call of callsBetween(pk, prefix, `${prefix}~`, rowsPerCall)) yield toSome(call);
}

/** All rows of a user from one UTC day to another, both inclusive, and what reading them cost in capacity units. */
export const readRollups = async (
  userId: string,
  from: string,
  to: string,
): Promise<{ readonly rows: readonly RollupSums[]; readonly capacityUnits: number }> => {
  // `~` sorts behind every character of a key id or model.
  const { items, capacityUnits } = await readBetween(`USER#${userId}`, `DAY#${from}`, `DAY#${to}#~`);
  return { rows: items.map(toSums), capacityUnits };
};

/** Sums of one day and one value of a tag. */
export interface TagSums {
  readonly key: ItemKey;
  readonly row: TagRow;
  readonly latency: Readonly<Record<number, number>>;
}

/** All rows of a tag from one UTC day to another, both inclusive. */
export const readTagRollups = async (
  userId: string,
  tag: string,
  from: string,
  to: string,
): Promise<readonly TagSums[]> => {
  const first = rowKeys.tagRollup(userId, tagHash(tag), from, "");
  const last = rowKeys.tagRollup(userId, tagHash(tag), to, "~");
  const { items } = await readBetween(first.pk, first.sk, last.sk);
  return items.map((item) => ({ key: keyOf(item), row: tagRowSchema.parse(item), latency: latencyOf(item) }));
};

/** Replaces a row by sums made anew from the events. For rebuilding a day that is over. */
export const replaceRollup = async ({ target, additions }: RollupChange): Promise<void> => {
  const latency = Object.fromEntries(
    Object.entries(additions.latency).map(([bucket, count]) => [bucketAttribute(bucket), count]),
  );
  const { userId: _, ...facts } = target;
  await documents.send(
    new PutCommand({
      TableName: config.tableName("rollups"),
      Item: {
        ...rollupKey(target),
        ...facts,
        ...additions.sums,
        costPicoUsd: additions.costPicoUsd,
        byokCostPicoUsd: additions.byokCostPicoUsd,
        ...latency,
        expiresAt: rollupExpiry(target.day),
      },
    }),
  );
};

type WriteRequest = NonNullable<NonNullable<BatchWriteCommandInput["RequestItems"]>[string]>[number];

const batchSize = 25;
const maxBatchTries = 6;
const baseDelayMs = 25;

/** Puts and deletes any number of rows; what DynamoDB leaves unprocessed is tried again with growing pauses. @throws TableUnavailable */
const writeRows = async (writes: readonly WriteRequest[]): Promise<void> => {
  const TableName = config.tableName("rollups");
  for (let index = 0; index < writes.length; index += batchSize) {
    let left: readonly WriteRequest[] = writes.slice(index, index + batchSize);
    for (let tries = 1; left.length > 0; tries++) {
      const { UnprocessedItems } = await documents.send(
        new BatchWriteCommand({ RequestItems: { [TableName]: [...left] } }),
      );
      left = UnprocessedItems?.[TableName] ?? [];
      if (left.length === 0) break;
      if (tries >= maxBatchTries) throw new TableUnavailable("rows that stay unprocessed");
      await pause(Math.random() * baseDelayMs * 2 ** tries);
    }
  }
};

/** Marks events as rolled up, so that a late delivery adds nothing to rows made anew. */
export const markRolledUp = (events: readonly EventKey[], nowSeconds: number): Promise<void> =>
  writeRows(events.map((event) => ({ PutRequest: { Item: markOf(event, nowSeconds) } })));

/** Removes rows by their keys: those of a user's day that a rebuild did not make. */
export const deleteRollups = (keys: readonly ItemKey[]): Promise<void> =>
  writeRows(keys.map((Key) => ({ DeleteRequest: { Key: { ...Key } } })));

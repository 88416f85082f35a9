import { QueryCommand, type QueryCommandInput, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { config } from "#core/config.ts";
import { documents } from "./document-client.ts";
import { rowKeys, utcDay } from "./row-keys.ts";
import { type Feedback, type UsageEvent, usageEventSchema } from "./usage-event.ts";

/** Reads usage events as a log: newest first, a bounded amount at a time. */

/**
 * No further call is made once this much was read, bytes. A page stays below 1 MB: what was read until then, the sums of one
 * day, and one more call.
 */
const enoughBytes = 352 * 1_024;
/** Rows of one call: an event has 0.5 to 2 KB, and 20 KB at most, half of it feedback in a script of three bytes a character. */
const rowsPerCall = 20;
/** A unit of capacity is 8 KB, read eventually consistently. */
const bytesPerUnit = 8_192;

/** An event with its sort key, which orders events in time. */
export interface LoggedEvent {
  readonly sk: string;
  readonly event: UsageEvent;
}

/** What the calls of one page have read together. */
export class ReadBudget {
  #bytes = 0;
  /** Hears of a row that cannot be read, which is left out. */
  readonly onUnreadable: (sk: string) => void;

  constructor(onUnreadable: (sk: string) => void) {
    this.onUnreadable = onUnreadable;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get isUsedUp(): boolean {
    return this.#bytes >= enoughBytes;
  }

  add(capacityUnits: number): void {
    this.#bytes += capacityUnits * bytesPerUnit;
  }
}

const toLogged = (item: Record<string, unknown>, { onUnreadable }: ReadBudget): LoggedEvent[] => {
  const event = usageEventSchema.safeParse(item);
  if (event.success) return [{ sk: String(item.sk), event: event.data }];
  onUnreadable(String(item.sk));
  return [];
};

/** Where a source begins and ends: sort keys between those of events. Empty where `after` lies behind `before`. */
export interface Span {
  readonly after: string;
  readonly before: string;
}

/**
 * Events of one partition in descending order, call by call. The last batch is followed by `done`; a source whose budget is
 * used up ends without it. @throws TableUnavailable
 */
async function* batches(
  input: Pick<QueryCommandInput, "IndexName" | "KeyConditionExpression"> & {
    readonly partition: string;
    readonly span: Span;
  },
  budget: ReadBudget,
): AsyncGenerator<readonly LoggedEvent[] | "done"> {
  const { partition, span, ...query } = input;
  let start: Record<string, unknown> | undefined;
  // DynamoDB refuses a range that ends before it begins: a cursor may be older than the range that it is used with.
  if (span.after > span.before) {
    yield "done";
    return;
  }
  do {
    // The first call of a source is always made: a page has to get on.
    if (start !== undefined && budget.isUsedUp) return;
    const { Items, LastEvaluatedKey, ConsumedCapacity } = await documents.send(
      new QueryCommand({
        TableName: config.tableName("usage"),
        ...query,
        ExpressionAttributeValues: { ":partition": partition, ":after": span.after, ":before": span.before },
        ScanIndexForward: false,
        Limit: rowsPerCall,
        ExclusiveStartKey: start,
        ReturnConsumedCapacity: "TOTAL",
      }),
    );
    budget.add(ConsumedCapacity?.CapacityUnits ?? 0);
    yield (Items ?? []).flatMap((item) => toLogged(item, budget));
    start = LastEvaluatedKey;
  } while (start !== undefined);
  yield "done";
}

/** A source of events in descending order that can be merged with others. */
export interface Source {
  /** The next event without taking it; undefined at the end, and when the budget is used up. */
  peek(): Promise<LoggedEvent | undefined>;
  take(): void;
  /** Everything was read. */
  readonly isDone: boolean;
}

const toSource = (pages: AsyncGenerator<readonly LoggedEvent[] | "done">): Source => {
  let buffer: readonly LoggedEvent[] = [];
  let at = 0;
  let done = false;
  return {
    get isDone() {
      return done && at >= buffer.length;
    },
    peek: async () => {
      while (at >= buffer.length && !done) {
        const next = await pages.next();
        if (next.done === true) return undefined;
        if (next.value === "done") done = true;
        else [buffer, at] = [next.value, 0];
      }
      return buffer[at];
    },
    take: () => {
      at += 1;
    },
  };
};

/** A user's events of one UTC day. */
export const dayEvents = (userId: string, day: string, span: Span, budget: ReadBudget): Source =>
  toSource(
    batches(
      {
        KeyConditionExpression: "pk = :partition AND sk BETWEEN :after AND :before",
        partition: rowKeys.usageEvent(userId, day, "", 0).pk,
        span,
      },
      budget,
    ),
  );

/** Settled events of a partition of the index: see `logShards`. */
export const indexedEvents = (shard: string, span: Span, budget: ReadBudget): Source =>
  toSource(
    batches(
      {
        IndexName: "open",
        KeyConditionExpression: "openShard = :partition AND openUntil BETWEEN :after AND :before",
        partition: shard,
        span,
      },
      budget,
    ),
  );

/**
 * A user's newest events of one UTC day, or those behind a sort key: what one call reads, 1 MB at most. `nextSk` is where the
 * next call continues. @throws TableUnavailable
 */
export const someDayEvents = async (
  userId: string,
  day: string,
  behindSk: string | undefined,
  onUnreadable: (sk: string) => void,
): Promise<{ readonly events: readonly UsageEvent[]; readonly nextSk: string | undefined }> => {
  const { pk } = rowKeys.usageEvent(userId, day, "", 0);
  const { Items = [], LastEvaluatedKey } = await documents.send(
    new QueryCommand({
      TableName: config.tableName("usage"),
      KeyConditionExpression: "pk = :pk",
      ExpressionAttributeValues: { ":pk": pk },
      ScanIndexForward: false,
      ExclusiveStartKey: behindSk === undefined ? undefined : { pk, sk: behindSk },
    }),
  );
  const events = Items.flatMap((item) => toLogged(item, new ReadBudget(onUnreadable)).map(({ event }) => event));
  return { events, nextSk: LastEvaluatedKey === undefined ? undefined : String(LastEvaluatedKey.sk) };
};

const dayMs = 86_400_000;
/** The most generations of a request that are shown. A fight has far fewer. */
const maxGenerations = 500;

/** Unix ms in an id of ours; undefined for another text. */
export const timeOfRequestId = (requestId: string): number | undefined => {
  const [, high, low] = /^req_([0-9a-f]{8})-([0-9a-f]{4})-[0-9a-f-]{1,40}$/.exec(requestId) ?? [];
  return high === undefined || low === undefined ? undefined : Number.parseInt(high + low, 16);
};

/** All generations of a user's own request, in order; none for another user's. @throws TableUnavailable */
export const findRequest = async (userId: string, requestId: string): Promise<readonly UsageEvent[]> => {
  const at = timeOfRequestId(requestId);
  if (at === undefined || at > Date.now() + dayMs) return [];
  // The id is a moment older than the request, which may have begun on the next day.
  for (const day of new Set([utcDay(at), utcDay(at + 10_000)])) {
    const { Items = [] } = await documents.send(
      new QueryCommand({
        TableName: config.tableName("usage"),
        KeyConditionExpression: "pk = :pk AND begins_with(sk, :id)",
        ExpressionAttributeValues: { ":pk": rowKeys.usageEvent(userId, day, "", 0).pk, ":id": `${requestId}#` },
        ConsistentRead: true,
        Limit: maxGenerations,
      }),
    );
    const events = Items.map((item) => usageEventSchema.parse(item));
    if (events.length > 0) return events.sort((left, right) => left.generation - right.generation);
  }
  return [];
};

/** Notes feedback on a request that has ended; the last one counts. False while it runs. @throws TableUnavailable */
export const putFeedback = async (
  { userId, day, requestId, generation }: UsageEvent,
  feedback: Feedback,
): Promise<boolean> => {
  try {
    await documents.send(
      new UpdateCommand({
        TableName: config.tableName("usage"),
        Key: rowKeys.usageEvent(userId, day, requestId, generation),
        UpdateExpression: "SET feedback = :feedback",
        ConditionExpression: "attribute_exists(pk) AND #status <> :open",
        ExpressionAttributeNames: { "#status": "status" },
        ExpressionAttributeValues: { ":feedback": feedback, ":open": "open" },
      }),
    );
    return true;
  } catch (error) {
    if (error instanceof Error && error.name === "ConditionalCheckFailedException") return false;
    throw error;
  }
};

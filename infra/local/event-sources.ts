import { join } from "node:path";
import type { DynamoDBRecord } from "aws-lambda";
import type { BackgroundFunction } from "#core/routes.ts";
import type { Dependencies } from "./dependencies.ts";
import { pollStream } from "./dynamodb/poll-stream.ts";
import type { FunctionPool } from "./lambda/function-pool.ts";

/** Feeds stream functions as Lambda's event source mapping does. */

interface Consumer {
  readonly definition: BackgroundFunction;
  readonly pool: FunctionPool;
}

export interface EventSourceOptions {
  readonly consumers: readonly Consumer[];
  readonly dependencies: Pick<Dependencies, "dynamoDbEndpoint" | "tableNames">;
  readonly dataDir: string;
  /** Hears of records given up and of reads that failed. */
  readonly log: (message: string) => void;
}

const batchSize = 90;

/** What a function answered; throws when it failed, so that the batch is delivered again. */
const invoke = async (pool: FunctionPool, event: unknown): Promise<unknown> => {
  const outcome = await pool.invoke(JSON.stringify(event));
  if (outcome.kind === "buffered") return JSON.parse(outcome.payload) as unknown;
  throw new Error(
    outcome.kind === "failed" ? outcome.failure.errorMessage : "A stream consumer answered with a stream",
  );
};

/** Leaves out the records that the row's `unless` names, and deletions, as Lambda's filter does on AWS. */
const wakes = (record: DynamoDBRecord, unless: { readonly attribute: string; readonly value: string } | undefined) => {
  if (unless === undefined) return true;
  const text = record.dynamodb?.NewImage?.[unless.attribute]?.S;
  return text !== undefined && text !== unless.value;
};

/** Starts reading every stream that has a consumer. */
export const startEventSources = (options: EventSourceOptions): { stop(): Promise<void> } => {
  const { consumers, dependencies, dataDir, log } = options;
  const controller = new AbortController();
  const firstOf = new Map<string, string>();
  const polls = consumers.flatMap(({ definition, pool }) => {
    if (!("stream" in definition.trigger)) return [];
    const { stream: table, unless } = definition.trigger;
    // The table's first consumer keeps the file that older versions wrote.
    if (!firstOf.has(table)) firstOf.set(table, definition.id);
    const isFirst = firstOf.get(table) === definition.id;
    return [
      pollStream({
        endpoint: dependencies.dynamoDbEndpoint,
        tableName: dependencies.tableNames[table],
        checkpointFile: join(dataDir, isFirst ? `stream-${table}.json` : `stream-${table}-${definition.id}.json`),
        batchSize,
        signal: controller.signal,
        invoke: (event) => {
          const Records = event.Records.filter((record) => wakes(record, unless));
          return Records.length === 0 ? Promise.resolve({}) : invoke(pool, { Records });
        },
        onDeadLetter: ({ record, attempts }) =>
          log(`${definition.id} gave up record ${record.eventID} after ${attempts} tries`),
        onReadError: (error) =>
          log(`${definition.id} could not read its stream: ${error instanceof Error ? error.message : "unknown"}`),
      }),
    ];
  });
  return {
    stop: async () => {
      controller.abort();
      await Promise.allSettled(polls);
    },
  };
};

import { join } from "node:path";
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

/** Starts reading every stream that has a consumer. */
export const startEventSources = (options: EventSourceOptions): { stop(): Promise<void> } => {
  const { consumers, dependencies, dataDir, log } = options;
  const controller = new AbortController();
  const polls = consumers.flatMap(({ definition, pool }) => {
    if (!("stream" in definition.trigger)) return [];
    const table = definition.trigger.stream;
    return [
      pollStream({
        endpoint: dependencies.dynamoDbEndpoint,
        tableName: dependencies.tableNames[table],
        checkpointFile: join(dataDir, `stream-${table}.json`),
        batchSize,
        signal: controller.signal,
        invoke: (event) => invoke(pool, event),
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

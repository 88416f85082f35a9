import { DescribeTableCommand } from "@aws-sdk/client-dynamodb";
import { openCheckpoint } from "./checkpoint.ts";
import { localDynamoDbClient, localStreamsClient } from "./clients.ts";
import { pause } from "./deliver-batch.ts";
import { StreamReader, type StreamReaderOptions } from "./stream-reader.ts";

export interface PollStreamOptions extends StreamReaderOptions {
  readonly endpoint: string;
  readonly tableName: string;
  /** Keeps the position over restarts. Without it every start reads the stream from its oldest record. */
  readonly checkpointFile?: string | undefined;
  /** Wait after a poll that found nothing. Default 250, never less than 200: idling must be cheap. */
  readonly idleDelayMs?: number | undefined;
  /** Hears of a failed read of the stream; the poll then goes on after a pause. */
  readonly onReadError: (error: unknown) => void;
}

const leastIdleDelayMs = 200;
const readRetryDelayMs = 1_000;

/**
 * Feeds a table's stream to a function as Lambda's event source mapping does: from the oldest record, in order, at least
 * once, a failing record given up after a bounded number of tries. Shards are read by turns, a child after its parent.
 * Resolves when `signal` aborts, after the invocation under way has ended and its progress is saved.
 * @throws Error at once when the table is not there or has no stream.
 */
export const pollStream = async (options: PollStreamOptions): Promise<void> => {
  const streams = localStreamsClient(options.endpoint);
  try {
    const streamArn = await streamArnOf(options).catch((error: unknown) => {
      if (options.signal.aborted) return undefined;
      throw error;
    });
    if (streamArn === undefined) return;
    const checkpoint = await openCheckpoint(streamArn, options.checkpointFile);
    const reader = new StreamReader(streams, streamArn, checkpoint, options);
    const idleDelayMs = Math.max(leastIdleDelayMs, options.idleDelayMs ?? 250);
    while (!options.signal.aborted) {
      const pauseMs = await reader.readRound().then(
        (found) => (found ? 0 : idleDelayMs),
        (error: unknown) => {
          if (!options.signal.aborted) options.onReadError(error);
          return readRetryDelayMs;
        },
      );
      if (pauseMs > 0) await pause(pauseMs, options.signal);
    }
  } finally {
    streams.destroy();
  }
};

const streamArnOf = async ({ endpoint, tableName, signal }: PollStreamOptions): Promise<string> => {
  const client = localDynamoDbClient(endpoint);
  try {
    const command = new DescribeTableCommand({ TableName: tableName });
    const { Table } = await client.send(command, { abortSignal: signal });
    if (Table?.LatestStreamArn === undefined) throw new Error(`The table ${tableName} has no stream`);
    return Table.LatestStreamArn;
  } finally {
    client.destroy();
  }
};

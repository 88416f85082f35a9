import {
  DescribeStreamCommand,
  type DynamoDBStreamsClient,
  ExpiredIteratorException,
  GetRecordsCommand,
  GetShardIteratorCommand,
  type Shard,
  type _Record as StreamRecord,
  TrimmedDataAccessException,
} from "@aws-sdk/client-dynamodb-streams";
import type { Checkpoint } from "./checkpoint.ts";
import { type DeliveryOptions, deliverBatch } from "./deliver-batch.ts";
import { toEventRecord } from "./stream-event.ts";

export interface StreamReaderOptions extends Pick<DeliveryOptions, "invoke" | "onDeadLetter" | "signal"> {
  /** Most records of one invocation, 1-1,000. Default 100, Lambda's own. */
  readonly batchSize?: number | undefined;
  /** How often a record is tried alone before it is given up. Default 5. */
  readonly maxAttempts?: number | undefined;
  /** Wait before a failed delivery is tried again; doubled with each try of one record. Default 200. */
  readonly retryDelayMs?: number | undefined;
}

/** Reads a stream shard by shard and delivers what it finds. A child shard is read when its parent is finished. */
export class StreamReader {
  readonly #streams: DynamoDBStreamsClient;
  readonly #streamArn: string;
  readonly #checkpoint: Checkpoint;
  readonly #options: StreamReaderOptions;
  /** Shards being read, with where to read on; `undefined` asks for a new iterator. */
  readonly #iterators = new Map<string, string | undefined>();
  #known = false;

  constructor(streams: DynamoDBStreamsClient, streamArn: string, checkpoint: Checkpoint, options: StreamReaderOptions) {
    this.#streams = streams;
    this.#streamArn = streamArn;
    this.#checkpoint = checkpoint;
    this.#options = options;
  }

  /** Reads each open shard once. Resolves to whether there was anything. */
  async readRound(): Promise<boolean> {
    if (!this.#known) await this.#findShards();
    let found = false;
    for (const shardId of [...this.#iterators.keys()]) {
      if (this.#options.signal.aborted) return found;
      if (await this.#readShard(shardId)) found = true;
    }
    return found;
  }

  /** New shards only appear when one ends, so the list is read at the start and then. */
  async #findShards(): Promise<void> {
    const shards = await this.#listShards();
    const unfinished = new Set(shards.flatMap((shard) => this.#unfinishedId(shard)));
    for (const shard of shards) {
      const ready = shard.ParentShardId === undefined || !unfinished.has(shard.ParentShardId);
      for (const shardId of this.#unfinishedId(shard)) {
        if (ready && !this.#iterators.has(shardId)) this.#iterators.set(shardId, undefined);
      }
    }
    this.#known = this.#iterators.size > 0;
  }

  #unfinishedId(shard: Shard): string[] {
    return shard.ShardId === undefined || this.#checkpoint.isFinished(shard.ShardId) ? [] : [shard.ShardId];
  }

  async #listShards(): Promise<Shard[]> {
    const shards: Shard[] = [];
    let last: string | undefined;
    do {
      const command = new DescribeStreamCommand({ StreamArn: this.#streamArn, ExclusiveStartShardId: last });
      const { StreamDescription } = await this.#streams.send(command, { abortSignal: this.#options.signal });
      shards.push(...(StreamDescription?.Shards ?? []));
      last = StreamDescription?.LastEvaluatedShardId;
    } while (last !== undefined);
    return shards;
  }

  async #readShard(shardId: string): Promise<boolean> {
    const iterator = this.#iterators.get(shardId) ?? (await this.#iteratorOf(shardId));
    // Whatever fails from here on, the next round reads on from the checkpoint.
    this.#iterators.set(shardId, undefined);
    const { records, next } = await this.#getRecords(shardId, iterator);
    if (records.length > 0) await this.#deliver(shardId, records);
    if (this.#options.signal.aborted) return false;
    // Only a closed shard has no next iterator; an EndingSequenceNumber alone does not tell (the stand-in always has one).
    if (next === undefined) {
      await this.#checkpoint.finish(shardId);
      this.#iterators.delete(shardId);
      this.#known = false;
    } else {
      this.#iterators.set(shardId, next);
    }
    return records.length > 0;
  }

  async #getRecords(shardId: string, iterator: string | undefined) {
    const command = new GetRecordsCommand({ ShardIterator: iterator, Limit: this.#options.batchSize ?? 100 });
    try {
      const output = await this.#streams.send(command, { abortSignal: this.#options.signal });
      return { records: output.Records ?? [], next: output.NextShardIterator };
    } catch (error) {
      // An iterator lives 15 minutes, which a function that keeps failing can outlast.
      if (error instanceof ExpiredIteratorException) return { records: [], next: await this.#iteratorOf(shardId) };
      throw error;
    }
  }

  async #iteratorOf(shardId: string): Promise<string | undefined> {
    const position = this.#checkpoint.positionOf(shardId);
    const shard = { StreamArn: this.#streamArn, ShardId: shardId };
    const oldest = { ...shard, ShardIteratorType: "TRIM_HORIZON" as const };
    const after = { ...shard, ShardIteratorType: "AFTER_SEQUENCE_NUMBER" as const, SequenceNumber: position };
    const abort = { abortSignal: this.#options.signal };
    try {
      const command = new GetShardIteratorCommand(position === undefined ? oldest : after);
      return (await this.#streams.send(command, abort)).ShardIterator;
    } catch (error) {
      // The records after the checkpoint are older than the stream keeps them (24 hours).
      if (!(error instanceof TrimmedDataAccessException)) throw error;
      return (await this.#streams.send(new GetShardIteratorCommand(oldest), abort)).ShardIterator;
    }
  }

  async #deliver(shardId: string, records: StreamRecord[]): Promise<void> {
    const { invoke, onDeadLetter, signal, maxAttempts = 5, retryDelayMs = 200 } = this.#options;
    await deliverBatch(
      records.map((record) => toEventRecord(record, this.#streamArn)),
      {
        invoke,
        onDeadLetter,
        onProgress: (sequenceNumber) => this.#checkpoint.advance(shardId, sequenceNumber),
        maxAttempts,
        retryDelayMs,
        signal,
      },
    );
  }
}

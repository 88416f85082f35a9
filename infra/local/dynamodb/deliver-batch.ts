import { setTimeout as delay } from "node:timers/promises";
import type { DynamoDBBatchResponse, DynamoDBRecord, DynamoDBStreamEvent } from "aws-lambda";

/** A record that was given up. */
export interface DeadLetter {
  readonly record: DynamoDBRecord;
  /** How often it failed alone. */
  readonly attempts: number;
  /** What the function threw, or that it named the record in `batchItemFailures`. */
  readonly cause: unknown;
}

export interface DeliveryOptions {
  /**
   * Calls the function. A rejection fails the whole batch; `batchItemFailures` (ReportBatchItemFailures) fails it from
   * the first record named on. It must end by itself: there is no further timeout.
   */
  readonly invoke: (event: DynamoDBStreamEvent) => Promise<unknown>;
  /** Hears of each record given up. Delivery waits for it, then goes on behind the record. */
  readonly onDeadLetter: (letter: DeadLetter) => void | Promise<void>;
  /** Called after each step forward with the last sequence number that needs no more delivery. */
  readonly onProgress: (sequenceNumber: string) => Promise<void>;
  /** How often a record is tried alone before it is given up. */
  readonly maxAttempts: number;
  /** Wait before the next try; doubled at each further one of the same record, at most 20 times as long. */
  readonly retryDelayMs: number;
  /** Stops between two invocations. What was not delivered by then is reported by no callback. */
  readonly signal: AbortSignal;
}

/**
 * Delivers records in order, at least once, as Lambda's event source mapping does with `BisectBatchOnFunctionError` and
 * `ReportBatchItemFailures`: what is before the first failure is done; a batch that fails at its first record is split in
 * two; a record that fails alone is tried again, and given up after `maxAttempts`.
 * Source: https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
 */
export const deliverBatch = async (records: readonly DynamoDBRecord[], options: DeliveryOptions): Promise<void> => {
  const waiting: (readonly DynamoDBRecord[])[] = [records];
  let attempts = 0;
  for (let batch = waiting.shift(); batch !== undefined && !options.signal.aborted; batch = waiting.shift()) {
    if (batch.length === 0) continue;
    const { delivered, cause } = await deliverOnce(batch, options.invoke);
    if (delivered > 0) {
      attempts = 0;
      await options.onProgress(sequenceNumberOf(batch[delivered - 1]));
      waiting.unshift(batch.slice(delivered));
      continue;
    }
    const [first] = batch;
    if (first !== undefined && batch.length === 1 && ++attempts >= options.maxAttempts) {
      await options.onDeadLetter({ record: first, attempts, cause });
      await options.onProgress(sequenceNumberOf(first));
      attempts = 0;
      continue;
    }
    const half = Math.ceil(batch.length / 2);
    waiting.unshift(batch.slice(0, half), batch.slice(half));
    await pause(options.retryDelayMs * Math.min(2 ** Math.max(0, attempts - 1), 20), options.signal);
  }
};

/** How many records from the start of the batch are done, and why the next one is not. */
const deliverOnce = async (
  batch: readonly DynamoDBRecord[],
  invoke: DeliveryOptions["invoke"],
): Promise<{ delivered: number; cause?: unknown }> => {
  let response: unknown;
  try {
    response = await invoke({ Records: [...batch] });
  } catch (cause) {
    return { delivered: 0, cause };
  }
  const failures = (response as DynamoDBBatchResponse | null | undefined)?.batchItemFailures ?? [];
  if (failures.length === 0) return { delivered: batch.length };
  const indexOf = new Map(batch.map((record, index) => [sequenceNumberOf(record), index]));
  // An identifier that is not of this batch fails all of it, as in AWS.
  const indexes = failures.map((failure) => indexOf.get(failure.itemIdentifier) ?? 0);
  return { delivered: Math.min(...indexes), cause: new Error("The function named the record in batchItemFailures") };
};

const sequenceNumberOf = (record: DynamoDBRecord | undefined): string => {
  const sequenceNumber = record?.dynamodb?.SequenceNumber;
  if (sequenceNumber === undefined) throw new Error("A stream record has no sequence number");
  return sequenceNumber;
};

/** Waits, but not beyond the signal's abort, which is no error here. */
export const pause = async (durationMs: number, signal: AbortSignal): Promise<void> => {
  await delay(durationMs, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
};

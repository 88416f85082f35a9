import type { DynamoDBRecord, DynamoDBStreamEvent } from "aws-lambda";
import { describe, expect, it } from "vitest";
import { type DeadLetter, type DeliveryOptions, deliverBatch } from "#infra/local/dynamodb/deliver-batch.ts";

const records = (...names: string[]): DynamoDBRecord[] => names.map((name) => ({ dynamodb: { SequenceNumber: name } }));
const names = (event: DynamoDBStreamEvent): string[] =>
  event.Records.map((record) => record.dynamodb?.SequenceNumber ?? "");

/** Delivers `a` to `d` to a function and tells what it, the checkpoint and the dead-letter callback saw. */
const deliver = async (answer: (batch: string[], call: number) => unknown, options: Partial<DeliveryOptions> = {}) => {
  const calls: string[][] = [];
  const progress: string[] = [];
  const letters: DeadLetter[] = [];
  await deliverBatch(records("a", "b", "c", "d"), {
    invoke: async (event) => {
      calls.push(names(event));
      return answer(names(event), calls.length);
    },
    onProgress: async (sequenceNumber) => void progress.push(sequenceNumber),
    onDeadLetter: (letter) => void letters.push(letter),
    maxAttempts: 3,
    retryDelayMs: 0,
    signal: new AbortController().signal,
    ...options,
  });
  return { calls: calls.map((call) => call.join("")), progress, letters };
};

const failOn = (bad: string) => (batch: string[]) => {
  if (batch.includes(bad)) throw new Error(`cannot do ${bad}`);
};
const reportFrom =
  (...bad: string[]) =>
  (batch: string[]) => ({
    batchItemFailures: batch.filter((name) => bad.includes(name)).map((itemIdentifier) => ({ itemIdentifier })),
  });

describe("deliverBatch", () => {
  it.each([undefined, null, {}, { batchItemFailures: [] }, { batchItemFailures: null }, "done"])(
    "takes %j for success",
    async (answer) => {
      expect(await deliver(() => answer)).toEqual({ calls: ["abcd"], progress: ["d"], letters: [] });
    },
  );

  it("delivers again from the first failure that the function reports, and no record before it", async () => {
    const { calls, progress, letters } = await deliver((batch, call) =>
      call === 1 ? reportFrom("d", "c")(batch) : {},
    );
    expect(calls).toEqual(["abcd", "cd"]);
    expect(progress).toEqual(["b", "d"]);
    expect(letters).toEqual([]);
  });

  it("halves a batch that throws until the bad record stands alone, tries it three times, gives it up and goes on", async () => {
    const { calls, progress, letters } = await deliver(failOn("b"));
    expect(calls).toEqual(["abcd", "ab", "a", "b", "b", "b", "cd"]);
    expect(progress).toEqual(["a", "b", "d"]);
    expect(letters).toEqual([
      { record: { dynamodb: { SequenceNumber: "b" } }, attempts: 3, cause: new Error("cannot do b") },
    ]);
  });

  it("gives up a record that the function keeps reporting", async () => {
    const { calls, progress, letters } = await deliver(reportFrom("c"));
    expect(calls).toEqual(["abcd", "cd", "c", "c", "c", "d"]);
    expect(progress).toEqual(["b", "c", "d"]);
    expect(letters.map((letter) => letter.record.dynamodb?.SequenceNumber)).toEqual(["c"]);
  });

  it("takes a report of a record that is not in the batch for a failure of all of it", async () => {
    const answer = (_: string[], call: number) =>
      call === 1 ? { batchItemFailures: [{ itemIdentifier: "d" }, { itemIdentifier: "unknown" }] } : {};
    expect(await deliver(answer)).toMatchObject({ calls: ["abcd", "ab", "cd"], letters: [] });
  });

  it("gives each record its own tries", async () => {
    const failures = new Map([
      ["a", 2],
      ["b", 2],
    ]);
    const answer = (batch: string[]) => {
      const [first = ""] = batch;
      if (batch.length > 1) throw new Error("one at a time");
      const left = failures.get(first) ?? 0;
      failures.set(first, left - 1);
      if (left > 0) throw new Error("not yet");
    };
    const { letters, progress } = await deliver(answer);
    expect(letters).toEqual([]);
    expect(progress).toEqual(["a", "b", "c", "d"]);
  });

  it("stops between invocations when aborted, giving up nothing", async () => {
    const stop = new AbortController();
    const answer = () => {
      stop.abort();
      throw new Error("broken");
    };
    const { calls, progress, letters } = await deliver(answer, { signal: stop.signal, retryDelayMs: 60_000 });
    expect({ calls, progress, letters }).toEqual({ calls: ["abcd"], progress: [], letters: [] });
  });

  it("does not move on when the dead-letter callback fails", async () => {
    const progress: string[] = [];
    const delivery = deliver(failOn("a"), {
      onProgress: async (sequenceNumber) => void progress.push(sequenceNumber),
      onDeadLetter: () => Promise.reject(new Error("no room")),
    });
    await expect(delivery).rejects.toThrow("no room");
    expect(progress).toEqual([]);
  });
});

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DeleteItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import type { DynamoDBRecord, DynamoDBStreamEvent } from "aws-lambda";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type PollStreamOptions, pollStream } from "#infra/local/dynamodb/poll-stream.ts";
import { hasTarget, key, n, openTarget, type Target, targetName } from "./target.ts";

describe.skipIf(!hasTarget)(`pollStream (${targetName})`, () => {
  let target: Target;
  let folder: string;
  beforeAll(async () => {
    target = await openTarget();
    folder = await mkdtemp(join(tmpdir(), "stream-"));
  });
  afterAll(async () => {
    await target.close();
    await rm(folder, { recursive: true, force: true });
  });

  const newTable = () =>
    target.createTable({ StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_AND_OLD_IMAGES" } });
  const write = (TableName: string, pk: string) =>
    target.client.send(new PutItemCommand({ TableName, Item: { ...key(pk), v: n(1) } }));
  const writeAll = async (tableName: string, ...pks: string[]) => {
    for (const pk of pks) await write(tableName, pk);
  };
  const pkOf = (record: DynamoDBRecord): string => record.dynamodb?.Keys?.pk?.S ?? "";

  /** Polls until `done` says so of the records delivered so far, then stops and waits for the end. */
  const poll = async (
    tableName: string,
    done: (seen: string[]) => boolean,
    options: Partial<PollStreamOptions> = {},
  ) => {
    const stop = new AbortController();
    const batches: DynamoDBStreamEvent[] = [];
    const errors: unknown[] = [];
    const seen: string[] = [];
    await pollStream({
      endpoint: target.endpoint,
      tableName,
      signal: stop.signal,
      retryDelayMs: 1,
      onDeadLetter: (letter) => expect.unreachable(`gave up ${pkOf(letter.record)}`),
      onReadError: (error) => errors.push(error),
      ...options,
      invoke: async (event) => {
        batches.push(event);
        const answer = await options.invoke?.(event);
        seen.push(...event.Records.map(pkOf));
        if (done(seen)) stop.abort();
        return answer;
      },
    });
    expect(errors).toEqual([]);
    return { batches, seen };
  };

  it("hands over Lambda's event: images, ARN, seconds, base64", async () => {
    const tableName = await newTable();
    const Item = {
      ...key("a"),
      bytes: { B: Uint8Array.from([104, 105]) },
      deep: { M: { l: { L: [{ B: Uint8Array.from([0]) }] } } },
    };
    await target.client.send(new PutItemCommand({ TableName: tableName, Item }));
    await target.client.send(new DeleteItemCommand({ TableName: tableName, Key: key("a") }));
    const { batches } = await poll(tableName, (seen) => seen.length === 2);
    const image = { ...key("a"), bytes: { B: "aGk=" }, deep: { M: { l: { L: [{ B: "AA==" }] } } } };
    const common = {
      eventID: expect.any(String),
      eventVersion: "1.1",
      eventSource: "aws:dynamodb",
      awsRegion: expect.any(String),
      eventSourceARN: expect.stringContaining(`table/${tableName}/stream/`),
    };
    const change = {
      ApproximateCreationDateTime: expect.closeTo(Date.now() / 1_000, -3),
      Keys: key("a"),
      SequenceNumber: expect.any(String),
      SizeBytes: expect.any(Number),
      StreamViewType: "NEW_AND_OLD_IMAGES",
    };
    const records = batches.flatMap((batch) => batch.Records);
    expect(records).toEqual([
      { ...common, eventName: "INSERT", dynamodb: { ...change, NewImage: image } },
      { ...common, eventName: "REMOVE", dynamodb: { ...change, OldImage: image } },
    ]);
    expect(JSON.parse(JSON.stringify(batches))).toEqual(batches);
  });

  it("delivers every row in order, in batches no larger than asked, also those written while it polls", async () => {
    const tableName = await newTable();
    await writeAll(tableName, "a", "b", "c", "d", "e");
    const invoke = async (event: DynamoDBStreamEvent) => {
      if (event.Records.map(pkOf).includes("e")) await writeAll(tableName, "f", "g");
    };
    const { batches, seen } = await poll(tableName, (all) => all.length === 7, { batchSize: 2, invoke });
    expect(seen).toEqual(["a", "b", "c", "d", "e", "f", "g"]);
    expect(Math.max(...batches.map((batch) => batch.Records.length))).toBe(2);
  });

  it("goes on after a restart where the checkpoint says, and starts over without one", async () => {
    const tableName = await newTable();
    const checkpointFile = join(folder, "checkpoint.json");
    await writeAll(tableName, "a", "b", "c");
    expect((await poll(tableName, (seen) => seen.length === 2, { checkpointFile, batchSize: 2 })).seen).toEqual([
      "a",
      "b",
    ]);
    await writeAll(tableName, "d");
    expect((await poll(tableName, (seen) => seen.includes("d"), { checkpointFile })).seen).toEqual(["c", "d"]);
    expect((await poll(tableName, (seen) => seen.includes("d"))).seen).toEqual(["a", "b", "c", "d"]);
  });

  it("does not use the checkpoint of another table's stream", async () => {
    const checkpointFile = join(folder, "other.json");
    const first = await newTable();
    const second = await newTable();
    await writeAll(first, "a", "b", "c");
    await writeAll(second, "x", "y", "z");
    await poll(first, (seen) => seen.includes("c"), { checkpointFile });
    expect((await poll(second, (seen) => seen.includes("z"), { checkpointFile })).seen).toEqual(["x", "y", "z"]);
  });

  it("refuses a file that is no checkpoint instead of reading everything again", async () => {
    const checkpointFile = join(folder, "broken.json");
    await writeFile(checkpointFile, "{");
    const tableName = await newTable();
    await expect(poll(tableName, () => true, { checkpointFile })).rejects.toThrow("not a checkpoint");
  });

  it("gives up a row that always fails, and delivers the rest once each", async () => {
    const tableName = await newTable();
    await writeAll(tableName, "a", "bad", "c");
    const given: string[] = [];
    const { seen } = await poll(tableName, (all) => all.includes("c"), {
      maxAttempts: 2,
      invoke: async (event) => {
        if (event.Records.some((record) => pkOf(record) === "bad")) throw new Error("cannot");
      },
      onDeadLetter: ({ record, attempts }) => void given.push(`${pkOf(record)} after ${attempts}`),
    });
    expect(seen).toEqual(["a", "c"]);
    expect(given).toEqual(["bad after 2"]);
  });

  it("stops while it waits for rows, not after the wait", async () => {
    const tableName = await newTable();
    await writeAll(tableName, "a");
    const stop = new AbortController();
    const delivered = Promise.withResolvers<void>();
    const end = poll(tableName, () => false, {
      signal: stop.signal,
      idleDelayMs: 3_600_000,
      invoke: async () => delivered.resolve(),
    });
    await delivered.promise;
    // Longer than the poller needs for its next, empty read.
    await writeAll(await newTable(), "b", "c", "d");
    stop.abort();
    expect((await end).seen).toEqual(["a"]);
  });

  it("stops while it starts", async () => {
    const stop = new AbortController();
    const end = poll(await newTable(), () => false, { signal: stop.signal });
    stop.abort();
    expect((await end).seen).toEqual([]);
  });

  it("refuses a table without a stream", async () => {
    const tableName = await target.createTable();
    await expect(poll(tableName, () => true)).rejects.toThrow("has no stream");
  });
});

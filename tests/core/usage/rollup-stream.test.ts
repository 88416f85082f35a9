import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { readRollups } from "#core/db/rollups.ts";
import { rowKeys } from "#core/db/row-keys.ts";
import { getItem, toAttributes } from "#core/db/table.ts";
import { putOpenUsage, settleUsage, type UsageEvent } from "#core/db/usage-events.ts";
import { sweepAbandoned } from "#core/usage/sweep.ts";
import { handler } from "#functions/usage-rollup.ts";
import { pollStream } from "#infra/local/dynamodb/poll-stream.ts";
import { captureLog } from "#tests/accounts/support/log.ts";
import { operationOf } from "#tests/core/support/relay.ts";
import { hasTables, tablesName, useTables } from "#tests/core/support/tables.ts";
import { counted, day, newEvent, newUser, recount } from "#tests/core/support/usage-events.ts";
import { eventually } from "#tests/support/cloud.ts";

let sequence = 0;

/** A record as Lambda's event source mapping hands it over. */
const recordOf = (image: Readonly<Record<string, unknown>>, eventName = "MODIFY") => {
  sequence += 1;
  return {
    eventID: randomUUID(),
    eventName,
    eventSource: "aws:dynamodb",
    dynamodb: {
      SequenceNumber: String(sequence).padStart(21, "0"),
      ApproximateCreationDateTime: Math.floor(Date.now() / 1_000),
      Keys: { pk: { S: "x" }, sk: { S: "y" } },
      ...(eventName === "REMOVE" ? {} : { NewImage: image }),
    },
  };
};

const imageOf = (event: UsageEvent): Readonly<Record<string, unknown>> =>
  toAttributes(JSON.parse(JSON.stringify(event, (_, value) => (typeof value === "bigint" ? Number(value) : value))));

const sumsOf = async (userId: string) => counted((await readRollups(userId, day, day)).rows);

describe.skipIf(!hasTables)(`functions/usage-rollup (${tablesName})`, () => {
  const tables = useTables({ streams: true });
  const log = captureLog();

  it("adds what is settled and passes over open rows and rows that time deleted", async () => {
    const userId = newUser();
    const settled = newEvent({ userId });
    const result = await handler({
      Records: [
        recordOf(imageOf({ ...settled, status: "open" }), "INSERT"),
        recordOf(imageOf(settled)),
        recordOf(imageOf(settled)),
        recordOf({}, "REMOVE"),
      ],
    });
    expect(result).toEqual({ batchItemFailures: [] });
    expect(await sumsOf(userId)).toEqual(recount([settled]));
  });

  it("adds the good records beside one that cannot be read, and names that one for the dead letters without its content", async () => {
    const userId = newUser();
    const events = [newEvent({ userId }), newEvent({ userId })];
    const poison = recordOf({
      ...imageOf(newEvent({ userId, route: "a secret text" })),
      startedAt: { S: "yesterday" },
    });
    const records = [recordOf(imageOf(events[0] as UsageEvent)), poison, recordOf(imageOf(events[1] as UsageEvent))];
    expect(await handler({ Records: records })).toEqual({
      batchItemFailures: [{ itemIdentifier: poison.dynamodb.SequenceNumber }],
    });
    // Lambda delivers again from the failed one on.
    await handler({ Records: records.slice(1) });
    expect(await sumsOf(userId)).toEqual(recount(events));
    expect(log.text()).toContain(poison.dynamodb.SequenceNumber);
    expect(log.text()).not.toContain("a secret text");
  });

  it("fails the whole batch when DynamoDB does, so that all of it is delivered again", async () => {
    const userId = newUser();
    const event = newEvent({ userId });
    tables().intercept = (request) =>
      operationOf(request) === "TransactWriteItems"
        ? { kind: "answer", status: 400, body: JSON.stringify({ __type: "AccessDeniedException", message: "no" }) }
        : undefined;
    await expect(handler({ Records: [recordOf(imageOf(event))] })).rejects.toThrow();
    tables().reset();
    await handler({ Records: [recordOf(imageOf(event))] });
    expect(await sumsOf(userId)).toEqual(recount([event]));
  });

  it("adds what the sweeper settled for a killed function, as an error at the cost that was reserved", async () => {
    const userId = newUser();
    const killed = newEvent({ userId, reservedPicoUsd: 700n });
    await putOpenUsage({ ...killed, keyId: killed.keyId, runId: undefined, openUntil: 1_000_000_000 });
    await sweepAbandoned(Date.now());
    const row = await getItem("usage", rowKeys.usageEvent(userId, day, killed.requestId, 0), { consistent: true });
    await handler({ Records: [recordOf(toAttributes(row ?? {}))] });
    expect(Object.values(await sumsOf(userId))).toMatchObject([{ requests: 1, errors: 1, costPicoUsd: 700n }]);
  });

  it("is fed by the table's own stream through the poller: every request once, though every second batch crashes", async () => {
    const userId = newUser();
    const events = Array.from({ length: 24 }, () => newEvent({ userId }));
    for (const event of events) {
      await putOpenUsage({ ...event, keyId: event.keyId, runId: undefined, openUntil: 4_000_000_000 });
      await settleUsage({ ...event, status: "ok" });
    }
    const controller = new AbortController();
    const { name } = JSON.parse(process.env.SST_RESOURCE_UsageTable ?? "{}") as { name: string };
    let calls = 0;
    const polling = pollStream({
      endpoint: tables().url,
      tableName: name,
      batchSize: 10,
      idleDelayMs: 200,
      signal: controller.signal,
      // The work is done, and its end is not heard of: Lambda delivers the batch again.
      invoke: async (event) => {
        const result = await handler(event);
        calls += 1;
        if (calls % 2 === 1) throw new Error("The function was killed after its work");
        return result;
      },
      onDeadLetter: () => undefined,
      onReadError: () => undefined,
    });
    await eventually(async () => expect(await sumsOf(userId)).toEqual(recount(events)));
    controller.abort();
    await polling;
    expect(await sumsOf(userId)).toEqual(recount(events));
  });
});

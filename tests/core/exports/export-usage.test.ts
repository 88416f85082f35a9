import { PutCommand } from "@aws-sdk/lib-dynamodb";
import { beforeEach, describe, expect, it } from "vitest";
import { config } from "#core/config.ts";
import { type DeliveryRow, listDeliveries, moveDelivery } from "#core/db/deliveries.ts";
import { documents } from "#core/db/document-client.ts";
import { type ExportRow, insertExport } from "#core/db/exports.ts";
import { rareRowKeys } from "#core/db/rare-row-keys.ts";
import type { UsageEvent } from "#core/db/usage-event.ts";
import { exportUsage } from "#core/exports/export-usage.ts";
import { newId } from "#core/ids.ts";
import { muteLog } from "#tests/core/support/lambda.ts";
import { type Fault, operationOf } from "#tests/core/support/relay.ts";
import { hasTables, tablesName, useTables } from "#tests/core/support/tables.ts";
import { newEvent, newUser } from "#tests/core/support/usage-events.ts";

muteLog();
const nowMs = Date.UTC(2026, 10, 20, 13);
const requestsOf = ({ body = "{}" }: DeliveryRow): readonly string[] =>
  (JSON.parse(body) as { data: { requests: readonly { id: string }[] } }).data.requests.map(({ id }) => id);
const overloaded: Fault = {
  kind: "answer",
  status: 400,
  body: JSON.stringify({ __type: "com.amazonaws.dynamodb.v20120810#ThrottlingException", message: "slow down" }),
};

describe.skipIf(!hasTables)(`deliveries of exports, from batches of the stream (${tablesName})`, () => {
  const tables = useTables();
  let one: string;
  let other: string;
  beforeEach(() => {
    [one, other] = [newUser(), newUser()];
  });

  const addExport = async (userId: string, changes: Partial<ExportRow> = {}): Promise<ExportRow> => {
    const row: ExportRow = {
      id: newId("export"),
      userId,
      kind: "webhook",
      url: "https://collector.example.com/requests",
      headerNames: [],
      sampling: 1,
      enabled: true,
      createdAt: nowMs,
      ...changes,
    };
    expect(await insertExport(row)).toBe(true);
    return row;
  };
  const eventsOf = (userId: string, count: number, changes: Partial<UsageEvent> = {}): readonly UsageEvent[] =>
    Array.from({ length: count }, () => newEvent({ userId, ...changes }));
  const pendingOf = async (userId: string) => (await listDeliveries(userId, 100)).pending;
  const idsOf = (events: readonly UsageEvent[]) => events.map(({ requestId }) => requestId);
  /** Breaks each write of a user's rows. */
  const breakWritesOf = (userId: string): void => {
    tables().intercept = (request) =>
      operationOf(request) === "TransactWriteItems" && request.body.includes(userId) ? overloaded : undefined;
  };

  it("are one message for each export with what it asks for", async () => {
    const whole = await addExport(one);
    const ofKey = await addExport(one, { keys: ["key_2"] });
    await addExport(one, { enabled: false });
    await addExport(one, { sampling: 0 });
    const [first, second] = [eventsOf(one, 2), eventsOf(one, 1, { keyId: "key_2" })];
    expect(await exportUsage([...first, ...second, ...eventsOf(other, 1)], nowMs)).toBe(2);
    const told = new Map((await pendingOf(one)).map((row) => [row.exportId, requestsOf(row)]));
    expect(told).toEqual(
      new Map([
        [whole.id, idsOf([...first, ...second])],
        [ofKey.id, idsOf(second)],
      ]),
    );
    expect(await pendingOf(other)).toEqual([]);
  });

  it("leave out requests that still run, and fit into their rows", async () => {
    await addExport(one);
    const long = eventsOf(one, 90, { askedModel: "m".repeat(6_000) });
    await exportUsage([...long, ...eventsOf(one, 1, { status: "open" })], nowMs);
    const rows = await pendingOf(one);
    expect(rows.length).toBeGreaterThan(1);
    expect(rows.flatMap(requestsOf).sort()).toEqual(idsOf(long).sort());
    for (const { body = "" } of rows) expect(body.length).toBeLessThan(262_144);
  });

  it("are written once, whatever became of them when the batch comes again", async () => {
    await addExport(one);
    const batch = eventsOf(one, 3);
    const redelivered = async () => {
      expect(await exportUsage(batch, nowMs)).toBe(0);
      const { pending, ended } = await listDeliveries(one, 100);
      expect(pending.length + ended.length).toBe(1);
    };
    expect(await exportUsage(batch, nowMs)).toBe(1);
    await redelivered();
    // Its destination failed, and the next try is later.
    const [pending] = (await pendingOf(one)) as [DeliveryRow];
    const later = { ...pending, tries: 1, nextTryAt: pending.nextTryAt + 60_000 };
    expect(await moveDelivery(pending, later)).toBe(true);
    await redelivered();
    expect(await moveDelivery(later, { ...later, state: "delivered", body: undefined })).toBe(true);
    await redelivered();
  });

  it("of all other owners are made when one's cannot be, which the batch's next delivery makes up for", async () => {
    for (const userId of [one, other]) await addExport(userId);
    const batch = [...eventsOf(one, 2), ...eventsOf(other, 2)];
    breakWritesOf(one);
    await expect(exportUsage(batch, nowMs)).rejects.toThrow("ThrottlingException");
    expect([(await pendingOf(one)).length, (await pendingOf(other)).length]).toEqual([0, 1]);
    tables().reset();
    expect(await exportUsage(batch, nowMs)).toBe(1);
    expect([(await pendingOf(one)).length, (await pendingOf(other)).length]).toEqual([1, 1]);
  });

  it("of all other owners are made once and for all when one's export is unreadable", async () => {
    await documents.send(
      new PutCommand({
        TableName: config.tableName("jobs"),
        Item: { ...rareRowKeys.usageExport(one, "exp_1"), id: 7 },
      }),
    );
    await addExport(other);
    expect(await exportUsage([...eventsOf(one, 1), ...eventsOf(other, 1)], nowMs)).toBe(1);
    expect((await pendingOf(other)).length).toBe(1);
  });

  it("hold each event once when the function is killed after any of its writes", async () => {
    for (const userId of [one, other]) for (let count = 0; count < 3; count += 1) await addExport(userId);
    const batch = [...eventsOf(one, 2), ...eventsOf(other, 2)];
    for (let killedAfter = 0; killedAfter <= 6; killedAfter += 1) {
      let writes = 0;
      tables().intercept = (request) => {
        if (operationOf(request) !== "TransactWriteItems") return undefined;
        writes += 1;
        // Half of the kills come after the write and before its answer.
        if (writes > killedAfter) return overloaded;
        return writes === killedAfter && killedAfter % 2 === 1 ? { kind: "lose-answer" } : undefined;
      };
      await exportUsage(batch, nowMs).catch(() => undefined);
    }
    tables().reset();
    await exportUsage(batch, nowMs);
    for (const userId of [one, other]) {
      const rows = await pendingOf(userId);
      expect(new Set(rows.map(({ exportId }) => exportId)).size).toBe(3);
      expect(rows).toHaveLength(3);
    }
  });
});

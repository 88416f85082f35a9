import { describe, expect, it } from "vitest";
import { usageEventSchema } from "#core/db/usage-event.ts";
import { settleUsage } from "#core/db/usage-events.ts";
import { rebuildUsage } from "#core/usage/rebuild.ts";
import { summarizeUsage } from "#core/usage/summary.ts";
import { sweepAbandoned } from "#core/usage/sweep.ts";
import { handler } from "#functions/usage-rollup.ts";
import { captureLog } from "#tests/accounts/support/log.ts";
import { hasTables, tablesName } from "#tests/core/support/tables.ts";
import { plainRow, type Row, readTable, versions } from "./recording.ts";
import { useRecording } from "./use-recording.ts";

const hourMs = 3_600_000;

const isSums = ({ pk }: Row): boolean => pk?.S?.startsWith("USER#") === true;
const eventOf = (row: Row) => usageEventSchema.parse(plainRow(row));

describe.skipIf(!hasTables).each(versions)(`usage rows of %s (${tablesName})`, (version) => {
  const recorded = useRecording(version, ["usage", "rollups", "keys"]);
  captureLog();
  const events = readTable(version, "usage");
  const openEvents = events.filter(({ status }) => status?.S === "open").map(eventOf);
  const sums = readTable(version, "rollups").filter(isSums);

  /** Delivers rows as the table's stream does. */
  const deliver = (rows: readonly Row[]) =>
    handler({
      Records: rows.map((NewImage, index) => ({
        eventName: "MODIFY",
        dynamodb: { SequenceNumber: String(index), NewImage },
      })),
    });
  const byKey = (rows: readonly Row[]) =>
    Object.fromEntries(rows.filter(isSums).map((row) => [`${row.pk?.S}/${row.sk?.S}`, row]));

  it("roll up to the very sums that their own version made of them", async () => {
    await recorded().clear("rollups");
    expect(await deliver(events)).toEqual({ batchItemFailures: [] });
    expect(byKey(await recorded().rows("rollups"))).toMatchObject(byKey(sums));
  });

  it("add nothing when they are delivered again to the sums of their own version", async () => {
    await deliver(events);
    expect(byKey(await recorded().rows("rollups"))).toEqual(byKey(sums));
  });

  it("give the same sums when their day is rebuilt", async () => {
    const { day } = recorded().recording;
    await rebuildUsage(day, Date.parse(day) + 48 * hourMs);
    expect(byKey(await recorded().rows("rollups"))).toMatchObject(byKey(sums));
  });

  it("are summed up as their own version summed them up", async () => {
    const { day, owner, usage } = recorded().recording;
    expect(await summarizeUsage(owner.userId, { from: day, to: day, keyId: undefined })).toMatchObject(usage);
  });

  it("that are still open are settled by the sweeper at what was reserved, once, and their leases end", async () => {
    expect(openEvents.length).toBeGreaterThan(0);
    const later = recorded().recording.recordedAtMs + 24 * hourMs;
    expect(await sweepAbandoned(later)).toBe(openEvents.length);
    expect(await sweepAbandoned(later)).toBe(0);
    const now = (await recorded().rows("usage")).map(eventOf);
    for (const open of openEvents) {
      expect(now.find(({ requestId }) => requestId === open.requestId)).toMatchObject({
        ...open,
        openShard: `ERRORS#${open.userId}`,
        status: "abandoned",
        estimated: true,
        costPicoUsd: open.reservedPicoUsd,
        latencyMs: later - open.startedAt,
      });
    }
    const leases = (await recorded().rows("keys")).map((row) => Object.keys(row.open?.M ?? {}));
    expect(leases.flat()).toEqual([]);
  });

  it("that are still open are left alone while their function may run", async () => {
    expect(await sweepAbandoned(recorded().recording.recordedAtMs)).toBe(0);
  });

  it("are settled by their own request exactly once", async () => {
    const { recording } = recorded();
    const row = { userId: recording.owner.userId, day: recording.day, generation: 0, status: "ok" } as const;
    const { abandoned, killed } = recording.requestIds;
    expect(await settleUsage({ ...row, requestId: killed, costPicoUsd: 1n })).toBe(true);
    expect(await settleUsage({ ...row, requestId: killed, costPicoUsd: 2n })).toBe(false);
    expect(await settleUsage({ ...row, requestId: abandoned, costPicoUsd: 2n })).toBe(false);
  });
});

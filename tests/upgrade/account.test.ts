import { describe, expect, it } from "vitest";
import { deleteAccount } from "#core/accounts/delete-account.ts";
import { exportAccount } from "#core/accounts/export-account.ts";
import { deliverySchema } from "#core/db/deliveries.ts";
import { listExports } from "#core/db/exports.ts";
import { rareRowKeys } from "#core/db/rare-row-keys.ts";
import { rowKeys } from "#core/db/row-keys.ts";
import { putItem } from "#core/db/table.ts";
import { exportUsage } from "#core/exports/export-usage.ts";
import { type TableId, tables } from "#core/tables.ts";
import { captureLog } from "#tests/accounts/support/log.ts";
import { hasTables, tablesName } from "#tests/core/support/tables.ts";
import { newEvent } from "#tests/core/support/usage-events.ts";
import { plainRow, versions } from "./recording.ts";
import { useRecording } from "./use-recording.ts";

const allTables = Object.keys(tables) as TableId[];

/** Rows of kinds that 0.1.0 did not know, as they were first written, on 2026-11-29. Later versions must read them as they are. */
const firstRows = (userId: string, nowMs: number) => {
  const exported = { id: "exp_0198d0de-0000-7000-8000-000000000001", userId, kind: "webhook" };
  const url = "https://collector.example.com/requests";
  const delivery = { id: "dlv_0198d0de-0000-7000-8000-000000000001", userId, kind: "export", exportId: exported.id };
  const times = { createdAt: nowMs, nextTryAt: nowMs, expiresAt: Math.floor(nowMs / 1_000) + 7 * 86_400 };
  return {
    usageExport: {
      ...{ ...rareRowKeys.usageExport(userId, exported.id), ...exported, url },
      ...{ headerNames: [], sampling: 1, enabled: true, createdAt: nowMs },
    },
    exportCount: { ...rareRowKeys.exportCount(userId), count: 1 },
    pending: {
      ...{ ...rowKeys.pendingDelivery(userId, "0123456789abcdef", nowMs, delivery.id), ...delivery, ...times },
      ...{ messageId: "msg_1", url, body: "{}", state: "pending", tries: 0 },
    },
    ended: {
      ...{ ...rowKeys.endedDelivery(userId, `${delivery.id}0`), ...delivery, ...times },
      ...{ messageId: "msg_2", url, state: "dead", tries: 12, lastStatus: 503 },
    },
    alert: { ...rareRowKeys.budgetAlert(userId, "b1"), budgetId: "b1", period: "2026-11", percent: 50, at: nowMs },
  } as const;
};

describe.skipIf(!hasTables).each(versions)(`accounts of %s (${tablesName})`, (version) => {
  const recorded = useRecording(version, allTables);
  captureLog();
  const owner = () => recorded().recording.owner;

  const putFirstRows = async (): Promise<void> => {
    const { alert, ...jobs } = firstRows(owner().userId, Date.now());
    for (const row of Object.values(jobs)) await putItem("jobs", row);
    await putItem("keys", alert);
  };
  const linesOf = async () => {
    const lines: Readonly<Record<string, unknown>>[] = [];
    let cursor: string | undefined;
    do {
      const text = await exportAccount(owner(), cursor, Date.now());
      lines.push(
        ...text
          .trimEnd()
          .split("\n")
          .map((line) => JSON.parse(line) as Record<string, unknown>),
      );
      cursor = lines.at(-1)?.cursor as string | undefined;
    } while (cursor !== undefined);
    return lines;
  };

  it("are exported whole: every event, job and sum, and none that cannot be read", async () => {
    await putFirstRows();
    const lines = await linesOf();
    const count = (type: string) => lines.filter((line) => line.type === type).length;
    const own = (table: TableId, key: RegExp) =>
      recorded()
        .rows(table)
        .then((rows) => rows.filter(({ pk, sk }) => key.test(`${pk?.S}/${sk?.S}`)).length);
    const { userId } = owner();
    expect(count("unreadable")).toBe(0);
    expect(count("request")).toBe(await own("usage", new RegExp(`^USER#${userId}#`)));
    expect(count("job")).toBe(await own("jobs", new RegExp(`^USER#${userId}/JOB#`)));
    expect(count("daily_usage")).toBe(await own("rollups", new RegExp(`^USER#${userId}/DAY#`)));
    expect([count("export"), count("delivery")]).toEqual([1, 2]);
    expect(count("api_key")).toBeGreaterThan(3);
    const { apiKeys, providerKeys } = recorded().recording;
    const text = JSON.stringify(lines);
    for (const { key } of Object.values(apiKeys)) expect(text).not.toContain(key);
    for (const { apiKey } of Object.values(providerKeys)) expect(text).not.toContain(apiKey);
  });

  it("are deleted whole, also marks of keys that their version revoked and left; another account stays", async () => {
    await putFirstRows();
    const { userId } = owner();
    const { banned } = recorded().recording;
    const holds = async (id: string): Promise<readonly Readonly<Record<string, unknown>>[]> => {
      const rows = await Promise.all(allTables.map((table) => recorded().rows(table)));
      return rows.flat().flatMap((row) => (JSON.stringify(row).includes(id) ? [plainRow(row)] : []));
    };
    const others = (await holds(banned.userId)).length;
    expect(await deleteAccount(userId, Date.now())).toMatchObject({ isWhole: true });
    const left = await holds(userId);
    expect(left.length).toBeGreaterThan(0);
    for (const row of left) {
      expect(row).toMatchObject({ sk: "MARK", revokedAt: expect.any(Number), expiresAt: expect.any(Number) });
    }
    expect((await holds(banned.userId)).length).toBe(others);
  });

  it("keep their first exports and deliveries: those are read, and new requests are exported", async () => {
    await putFirstRows();
    const { userId } = owner();
    expect(await listExports(userId)).toMatchObject([{ kind: "webhook", sampling: 1, enabled: true }]);
    const { pending, ended } = firstRows(userId, Date.now());
    for (const row of [pending, ended]) expect(deliverySchema.parse(row)).toMatchObject({ userId, kind: "export" });
    expect(await exportUsage([newEvent({ userId })], Date.now())).toBe(1);
  });
});

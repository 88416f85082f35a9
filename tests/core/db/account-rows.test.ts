import { randomUUID } from "node:crypto";
import { PutCommand, ScanCommand } from "@aws-sdk/lib-dynamodb";
import { describe, expect, it } from "vitest";
import { config } from "#core/config.ts";
import { deleteUserRows } from "#core/db/account-rows.ts";
import { documents } from "#core/db/document-client.ts";
import { arenaRunKey, ratingsKey, rowKeys, utcDay } from "#core/db/row-keys.ts";
import type { ItemKey } from "#core/db/table.ts";
import { type TableId, tables } from "#core/tables.ts";
import { operationOf } from "#tests/core/support/relay.ts";
import { hasTables, tablesName, useTables } from "#tests/core/support/tables.ts";

const dayMs = 86_400_000;

/** A row of each kind of key that has a user in it, with the oldest and the newest days. */
const rowsOf = (userId: string, nowMs: number): readonly (readonly [TableId, ItemKey])[] => {
  const id = randomUUID();
  const days = [0, 1, 30, 399].map((age) => utcDay(nowMs - age * dayMs));
  return [
    ["keys", rowKeys.userKey(userId, "key_1")],
    ["keys", rowKeys.admission(userId)],
    ["keys", rowKeys.budgetAlert(userId, id)],
    ["keys", rowKeys.keysVersion(userId)],
    ["providerKeys", rowKeys.providerKey(userId, id)],
    ["providerKeys", rowKeys.laterProviderKey(userId, id)],
    ["providerKeys", rowKeys.providerKeySlug(userId, "mine")],
    ["providerKeys", rowKeys.providerKeyCount(userId)],
    ["rollups", ratingsKey(userId)],
    ["rollups", arenaRunKey(userId, id)],
    ["cache", rowKeys.cachedAnswer(userId, id)],
    ["cache", rowKeys.idempotency(userId, "ChatCompletions", id)],
    ["jobs", rowKeys.job(userId, id)],
    ["jobs", rowKeys.deliveryOwner(userId)],
    ["jobs", rowKeys.usageExport(userId, id)],
    ["jobs", rowKeys.exportCount(userId)],
    ["jobs", rowKeys.exportedDelivery(userId, id)],
    ["jobs", rowKeys.pendingDelivery(userId, "lane", nowMs, id)],
    ["jobs", rowKeys.endedDelivery(userId, id)],
    ...days.flatMap((day): (readonly [TableId, ItemKey])[] => [
      ...Array.from(
        { length: 30 },
        (_, index) => ["usage", rowKeys.usageEvent(userId, day, `req_${index}`, 0)] as const,
      ),
      ["rollups", rowKeys.rollup(userId, day, "key_1", "gpt")],
      ["rollups", rowKeys.tagRollup(userId, "tag", day, "value")],
      ["rollups", rowKeys.unlistedModels(userId, day)],
      ["rollups", rowKeys.tagNames(userId, day)],
      ["rollups", rowKeys.tagValues(userId, day, "tag")],
      ["rollups", rowKeys.rolledUp(userId, day, "req_1", 0)],
    ]),
  ];
};

const seed = async (userId: string, nowMs: number): Promise<number> => {
  const rows = rowsOf(userId, nowMs);
  for (const [table, key] of rows) {
    await documents.send(new PutCommand({ TableName: config.tableName(table), Item: { ...key, userId } }));
  }
  return rows.length;
};

/** How many rows of a user all tables hold together, wherever the user's id is in them. */
const countOf = async (userId: string): Promise<number> => {
  let count = 0;
  for (const table of Object.keys(tables) as TableId[]) {
    const { Items = [] } = await documents.send(new ScanCommand({ TableName: config.tableName(table) }));
    count += Items.filter((item) => JSON.stringify(item).includes(userId)).length;
  }
  return count;
};

describe.skipIf(!hasTables)(`deleting a user's rows (${tablesName})`, () => {
  const relay = useTables();
  const nowMs = Date.UTC(2026, 10, 29, 12);

  it("leaves nothing of the user in any table, and everything of others", async () => {
    const [user, other] = [randomUUID(), randomUUID()];
    const seeded = await seed(user, nowMs);
    await seed(other, nowMs);
    const deleted = await deleteUserRows(user, nowMs);
    expect(Object.values(deleted).reduce((sum, count) => sum + count, 0)).toBe(seeded);
    expect(await countOf(user)).toBe(0);
    expect(await countOf(other)).toBe(seeded);
  }, 60_000);

  it("knows every kind of key with a user in it", () => {
    const user = randomUUID();
    const covered = new Set(rowsOf(user, nowMs).map(([, { pk, sk }]) => `${pk.split("#")[0]}/${sk.split("#")[0]}`));
    const made = Object.entries(rowKeys).flatMap(([name, make]) => {
      if (typeof make !== "function" || ["keyMark", "sortableMs"].includes(name)) return [];
      const key = (make as (...parts: unknown[]) => ItemKey)(user, "2026-11-29", "a", "b");
      return [`${key.pk.split("#")[0]}/${key.sk.split("#")[0]}`];
    });
    // Sort keys that begin with an id are named by it.
    const kinds = made.filter((kind) => !/^(?:USER|ROLLED_UP)\/(?:a|req)/.test(kind));
    expect(kinds.filter((kind) => !covered.has(kind))).toEqual([]);
  });

  it("goes on where a crash cut it off, and refuses new requests until the end", async () => {
    const user = randomUUID();
    await seed(user, nowMs);
    for (const after of [1, 3, 6]) {
      let left = after;
      relay().intercept = (request) =>
        operationOf(request) === "BatchWriteItem" && left-- <= 0
          ? { kind: "answer", status: 400, body: JSON.stringify({ __type: "AccessDeniedException", message: "no" }) }
          : undefined;
      await expect(deleteUserRows(user, nowMs)).rejects.toThrow();
      relay().reset();
      expect(await countOf(user)).toBeGreaterThan(0);
    }
    await deleteUserRows(user, nowMs);
    expect(await countOf(user)).toBe(0);
    expect(await deleteUserRows(user, nowMs)).toMatchObject({ keys: 0, usage: 0, rollups: 0, jobs: 0 });
  }, 60_000);
});

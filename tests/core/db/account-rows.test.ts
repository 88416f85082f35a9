import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { deleteUserRows } from "#core/db/account-rows.ts";
import { rowKeys } from "#core/db/row-keys.ts";
import type { ItemKey } from "#core/db/table.ts";
import { countOf, rowsOf, seed } from "#tests/core/support/account-rows.ts";
import { operationOf } from "#tests/core/support/relay.ts";
import { hasTables, tablesName, useTables } from "#tests/core/support/tables.ts";

describe.skipIf(!hasTables)(`deleting a user's rows (${tablesName})`, () => {
  const relay = useTables();
  const nowMs = Date.UTC(2026, 10, 29, 12);

  it("leaves nothing of the user in any table, and everything of others", async () => {
    const [user, other] = [randomUUID(), randomUUID()];
    const seeded = await seed(user, nowMs);
    await seed(other, nowMs);
    const deleted = await deleteUserRows(user, nowMs);
    expect(Object.values(deleted.rows).reduce((sum, count) => sum + count, 0)).toBe(seeded);
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
    expect(await deleteUserRows(user, nowMs)).toMatchObject({
      rows: { keys: 0, usage: 0, rollups: 0, jobs: 0 },
      isWhole: true,
    });
  }, 60_000);
});

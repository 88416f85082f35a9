import { randomUUID } from "node:crypto";
import { PutCommand, ScanCommand } from "@aws-sdk/lib-dynamodb";
import { config } from "#core/config.ts";
import { documents } from "#core/db/document-client.ts";
import { contentKey, exportedContentKey, rareRowKeys } from "#core/db/rare-row-keys.ts";
import { arenaRunKey, ratingsKey, rowKeys, utcDay } from "#core/db/row-keys.ts";
import type { ItemKey } from "#core/db/table.ts";
import { type TableId, tables } from "#core/tables.ts";

/** Rows of every kind that a user can have, for tests of what a deletion leaves. */

const dayMs = 86_400_000;

/** A row of each kind of key that has a user in it, with the oldest and the newest days. */
export const rowsOf = (userId: string, nowMs: number): readonly (readonly [TableId, ItemKey])[] => {
  const id = randomUUID();
  const days = [0, 1, 30, 399].map((age) => utcDay(nowMs - age * dayMs));
  return [
    ["keys", rowKeys.userKey(userId, "key_1")],
    ["keys", rowKeys.admission(userId)],
    ["keys", rareRowKeys.budgetAlert(userId, id)],
    ["keys", rowKeys.keysVersion(userId)],
    ["keys", rareRowKeys.presets(userId)],
    ["providerKeys", rowKeys.providerKey(userId, id)],
    ["providerKeys", rowKeys.laterProviderKey(userId, id)],
    ["providerKeys", rareRowKeys.providerKeySlug(userId, "mine")],
    ["providerKeys", rareRowKeys.providerKeyCount(userId)],
    ["rollups", ratingsKey(userId)],
    ["rollups", arenaRunKey(userId, id)],
    ["cache", rowKeys.cachedAnswer(userId, id)],
    ["cache", rowKeys.idempotency(userId, "ChatCompletions", id)],
    ["cache", contentKey(userId, `req_${id}`, 0)],
    ["cache", exportedContentKey(userId, id)],
    ["jobs", rowKeys.job(userId, id)],
    ["jobs", rowKeys.deliveryOwner(userId)],
    ["jobs", rareRowKeys.usageExport(userId, id)],
    ["jobs", rareRowKeys.exportCount(userId)],
    ["jobs", rareRowKeys.exportedDelivery(userId, id)],
    ["jobs", rowKeys.accountDeletion(userId)],
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
      ["rollups", rareRowKeys.tagNames(userId, day)],
      ["rollups", rareRowKeys.tagValues(userId, day, "tag")],
      ["rollups", rowKeys.rolledUp(userId, day, "req_1", 0)],
    ]),
  ];
};

/** Writes all of them. Resolves to how many. */
export const seed = async (userId: string, nowMs: number): Promise<number> => {
  const rows = rowsOf(userId, nowMs);
  for (const [table, key] of rows) {
    await documents.send(new PutCommand({ TableName: config.tableName(table), Item: { ...key, userId } }));
  }
  return rows.length;
};

/** How many rows of a user all tables hold together, wherever the user's id is in them. */
export const countOf = async (userId: string): Promise<number> => {
  let count = 0;
  for (const table of Object.keys(tables) as TableId[]) {
    const { Items = [] } = await documents.send(new ScanCommand({ TableName: config.tableName(table) }));
    count += Items.filter((item) => JSON.stringify(item).includes(userId)).length;
  }
  return count;
};

import type { TableId } from "#core/tables.ts";
import { arenaRunKey, ratingsKey, rowKeys } from "./row-keys.ts";
import { queryPage } from "./table.ts";

/** Reads a user's rows of one kind, some a call, for an export of the account. */

/** Where rows of a kind are: a partition, and what their sort keys begin with. */
export interface RowKind {
  readonly table: TableId;
  readonly pk: string;
  readonly prefix: string;
  /** Of large rows. */
  readonly rowsPerCall?: number;
}

const ownKind = (table: TableId, { pk, sk }: { readonly pk: string; readonly sk: string }): RowKind => ({
  table,
  pk,
  prefix: sk,
});

/** Kinds of rows that a user has in one partition each. */
export const rowKinds = {
  jobs: (userId: string) => ownKind("jobs", rowKeys.job(userId, "")),
  pendingDeliveries: (userId: string) =>
    ownKind("jobs", { pk: rowKeys.deliveryOwner(userId).pk, sk: rowKeys.pendingDeliveries }),
  endedDeliveries: (userId: string) =>
    ownKind("jobs", { pk: rowKeys.deliveryOwner(userId).pk, sk: rowKeys.endedDeliveries }),
  dailyUsage: (userId: string) => ownKind("rollups", { pk: rowKeys.rollup(userId, "", "", "").pk, sk: "DAY#" }),
  arenaRuns: (userId: string) => ownKind("rollups", arenaRunKey(userId, "")),
  ratings: (userId: string) => ownKind("rollups", ratingsKey(userId)),
  tagUsage: (userId: string) => ownKind("rollups", { pk: rowKeys.rollup(userId, "", "", "").pk, sk: "TAG#" }),
  content: (userId: string) => ({
    table: "cache" as const,
    pk: rowKeys.cachedAnswer(userId, "").pk,
    prefix: "CONTENT#",
    // Up to 400 KB each, compressed.
    rowsPerCall: 2,
  }),
} as const;

/** A user's events of one UTC day. */
export const eventsOfDay = (userId: string, day: string): RowKind => ({
  table: "usage",
  pk: rowKeys.usageEvent(userId, day, "", 0).pk,
  prefix: "req_",
});

/** Rows of one call: they have 1 KB, and 20 KB at most, apart from deliveries and recorded content. */
const usualRowsPerCall = 100;
const bytesPerUnit = 8_192;

export interface SomeRows {
  readonly items: readonly Record<string, unknown>[];
  /** The sort key after which to go on; undefined at the end. */
  readonly next: string | undefined;
  readonly readBytes: number;
}

/** Rows of a kind, oldest first, after a sort key. @throws AwsError */
export const readSome = async (
  { table, pk, prefix, rowsPerCall = usualRowsPerCall }: RowKind,
  after: string | undefined,
): Promise<SomeRows> => {
  const { items, next, units } = await queryPage(table, pk, {
    prefix,
    start: after === undefined ? undefined : { pk, sk: after },
    limit: rowsPerCall,
    measured: true,
  });
  return { items, next: next?.sk, readBytes: units * bytesPerUnit };
};

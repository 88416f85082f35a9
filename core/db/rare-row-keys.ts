import type { ItemKey } from "./table.ts";

/** Primary keys of rows that no chat reads or writes: apart from row-keys.ts, which every chat loads. The tenant is in each of them. */
export const rareRowKeys = {
  /** A user's presets, all in one row. */
  presets: (userId: string): ItemKey => ({ pk: `USER#${userId}`, sk: "PRESETS" }),
  /** The last alert of a budget. */
  budgetAlert: (userId: string, budgetId: string): ItemKey => ({
    pk: `USER#${userId}`,
    sk: `BUDGET_ALERT#${budgetId}`,
  }),
  /** Values of a tag that a user's day has rows for: bounded. */
  tagValues: (userId: string, day: string, tagHash: string): ItemKey => ({
    pk: `TAGS#${userId}`,
    sk: `DAY#${day}#${tagHash}`,
  }),
  /** Names of tags that a user's day has rows for: bounded. */
  tagNames: (userId: string, day: string): ItemKey => ({ pk: `TAGS#${userId}`, sk: `DAY#${day}` }),
  /** Holds a provider key's slug, so that it is unique for a user. */
  providerKeySlug: (userId: string, slug: string): ItemKey => ({ pk: `USER#${userId}`, sk: `SLUG#${slug}` }),
  /** How many provider keys a user has. */
  providerKeyCount: (userId: string): ItemKey => ({ pk: `USER#${userId}`, sk: "COUNT" }),
  /** Where a user's requests are exported to. */
  usageExport: (userId: string, id: string): ItemKey => ({ pk: `USER#${userId}`, sk: `EXPORT#${id}` }),
  /** How many exports a user has. */
  exportCount: (userId: string): ItemKey => ({ pk: `USER#${userId}`, sk: "EXPORTS" }),
  /** Says that a delivery of an export was written. */
  exportedDelivery: (userId: string, id: string): ItemKey => ({ pk: `USER#${userId}`, sk: `EXPORTED#${id}` }),
} as const;

// Apart from these, too: a chat of a key that records content loads them.

/** What was asked and answered in a generation, of a key that records it. */
export const contentKey = (userId: string, requestId: string, generation: number): ItemKey => ({
  pk: `USER#${userId}`,
  sk: `CONTENT#${requestId}#${generation}`,
});

/** A message of an export that holds recorded content. */
export const exportedContentKey = (userId: string, deliveryId: string): ItemKey => ({
  pk: `USER#${userId}`,
  sk: `EXPORTED_CONTENT#${deliveryId}`,
});

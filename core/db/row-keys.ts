import type { ItemKey } from "./table.ts";

/** Every primary key of every table, in one place. The tenant is in each of them. */
export const rowKeys = {
  /** Our mark of an API key: found by the SHA-256 of the key, so that a request needs one read. */
  keyMark: (keyHash: string): ItemKey => ({ pk: `KEY#${keyHash}`, sk: "MARK" }),
  /** A user's key by Unkey's id; points to the mark. */
  userKey: (userId: string, keyId: string): ItemKey => ({ pk: `USER#${userId}`, sk: `KEY#${keyId}` }),
  /** How often a user's keys were changed (key-changes.ts). */
  keysVersion: (userId: string): ItemKey => ({ pk: `USER#${userId}`, sk: "KEYS_VERSION" }),
  /** Open requests of a user, the day's spend, and the sums of budgets and of tokens a minute. */
  admission: (userId: string): ItemKey => ({ pk: `USER#${userId}`, sk: "ADMISSION" }),
  /** A user's provider keys; the id is time-ordered, so the newest sorts last. */
  providerKey: (userId: string, id: string): ItemKey => ({ pk: `USER#${userId}`, sk: `PROVIDER_KEY#${id}` }),
  /**
   * The same for kinds of key that version 0.1.0 does not know. It reads the prefix above only, so that an old function, or
   * one after a rollback, does not meet a row that it cannot read.
   */
  laterProviderKey: (userId: string, id: string): ItemKey => ({ pk: `USER#${userId}`, sk: `PROVIDER_KEY_2#${id}` }),
  /** Begins the sort keys of both. */
  providerKeys: "PROVIDER_KEY",
  /** One generation. The day is the UTC day on which the request began. */
  usageEvent: (userId: string, day: string, requestId: string, generation: number): ItemKey => ({
    pk: `USER#${userId}#${day}`,
    sk: `${requestId}#${generation}`,
  }),
  /** One day's sums of one key and one model. */
  rollup: (userId: string, day: string, keyId: string, model: string): ItemKey => ({
    pk: `USER#${userId}`,
    sk: `DAY#${day}#${keyId}#${model}`,
  }),
  /** Models outside the catalogue that a user's day has rows for: bounded. */
  unlistedModels: (userId: string, day: string): ItemKey => ({ pk: `UNLISTED#${userId}`, sk: `DAY#${day}` }),
  /** One day's sums of one value of a tag. Names and values are hashes: they may be of any length and characters. */
  tagRollup: (userId: string, tagHash: string, day: string, valueHash: string): ItemKey => ({
    pk: `USER#${userId}`,
    sk: `TAG#${tagHash}#${day}#${valueHash}`,
  }),
  /** Says that an event is already in the rollups. */
  rolledUp: (userId: string, day: string, requestId: string, generation: number): ItemKey => ({
    pk: `ROLLED_UP#${userId}#${day}`,
    sk: `${requestId}#${generation}`,
  }),
  cachedAnswer: (userId: string, digest: string): ItemKey => ({ pk: `USER#${userId}`, sk: `ANSWER#${digest}` }),
  idempotency: (userId: string, route: string, keyHash: string): ItemKey => ({
    pk: `USER#${userId}`,
    sk: `IDEMPOTENCY#${route}#${keyHash}`,
  }),
  job: (userId: string, jobId: string): ItemKey => ({ pk: `USER#${userId}`, sk: `JOB#${jobId}` }),
  /** When an owner's next delivery is due, and who is at it. */
  deliveryOwner: (userId: string): ItemKey => ({ pk: `USER#${userId}`, sk: "DELIVERIES" }),
  /** An account that is being deleted. Not in the user's partition, which the deletion empties. */
  accountDeletion: (userId: string): ItemKey => ({ pk: `DELETION#${userId}`, sk: "ACCOUNT" }),
  /** Prefixes of the sort keys of deliveries. */
  pendingDeliveries: "PENDING_DELIVERY#",
  endedDeliveries: "DELIVERY#",
  /** Unix ms as text that sorts as numbers do. */
  sortableMs: (ms: number): string => String(ms).padStart(14, "0"),
  /** A delivery that is to be made, in the lane of its destination, by when it is due. */
  pendingDelivery: (userId: string, lane: string, dueAtMs: number, id: string): ItemKey => ({
    pk: `USER#${userId}`,
    sk: `PENDING_DELIVERY#${lane}#${String(dueAtMs).padStart(14, "0")}#${id}`,
  }),
  /** A delivery that was made or given up. Ids are in the order of time. */
  endedDelivery: (userId: string, id: string): ItemKey => ({ pk: `USER#${userId}`, sk: `DELIVERY#${id}` }),
} as const;

// Apart from the table, which every chat loads.

/** Sums of a user's votes on models. */
export const ratingsKey = (userId: string): ItemKey => ({ pk: `USER#${userId}`, sk: "RATINGS" });
/** A part of the sums of the votes that users share with their stage. No tenant's: it holds no user's id. */
export const stageRatingsKey = (shard: number): ItemKey => ({ pk: "STAGE", sk: `RATINGS#${shard}` });
/** A run of the arena that can be voted on, and its vote. */
export const arenaRunKey = (userId: string, runId: string): ItemKey => ({
  pk: `USER#${userId}`,
  sk: `ARENA_RUN#${runId}`,
});

/** Partitions of the usage table's index that list settled events, in the order of time. */
export const logShards = {
  errors: (userId: string): string => `ERRORS#${userId}`,
  key: (userId: string, keyId: string): string => `KEY#${userId}#${keyId}`,
} as const;

/** The UTC day of an instant, `YYYY-MM-DD`. */
export const utcDay = (nowMs: number): string => new Date(nowMs).toISOString().slice(0, 10);

/**
 * The DynamoDB tables. One list: SST creates them from it, the local cloud creates them from it, and `core/config`
 * resolves their names. Every table has a string partition key `pk` and a string sort key `sk`.
 */

export interface TableSpec {
  /** SST's logical name; `Resource.<resource>.name` is the real one. */
  readonly resource: string;
  /** Attribute in unix seconds after which DynamoDB may delete the row. Readers filter by themselves. */
  readonly ttl?: string;
  readonly stream?: "new-image" | "new-and-old-images";
  /** Whether deleted text may live on in backups (point-in-time recovery). */
  readonly recoverable: boolean;
  readonly indexes?: Readonly<Record<string, { readonly hashKey: string; readonly rangeKey: string }>>;
}

export const tables = {
  /** API keys' marks, each user's admission row, cancel flags. */
  keys: {
    resource: "KeysTable",
    ttl: "expiresAt",
    recoverable: true,
    // Sparse: only marks carry both. They are found by their keys' hashes; a deletion of an account finds its own.
    indexes: { owner: { hashKey: "userId", rangeKey: "keyId" } },
  },
  /** Sealed provider keys (BYOK). */
  providerKeys: { resource: "ProviderKeysTable", recoverable: true },
  /** One row for each generation: `open`, then settled. */
  usage: {
    resource: "UsageTable",
    ttl: "expiresAt",
    stream: "new-image",
    recoverable: true,
    // One entry a row: while it is open in a partition of open rows, so that the sweeper reads nothing else; then in one of
    // its key, or of its user's errors, for the request log (decision 0010). Older settled rows have none.
    indexes: { open: { hashKey: "openShard", rangeKey: "openUntil" } },
  },
  /** Daily sums of usage by user and model, and the marks of events that are already in them. */
  rollups: { resource: "RollupsTable", ttl: "expiresAt", recoverable: true },
  /** Sealed answers and idempotency leases. Nothing here outlives its time in a backup or a stream. */
  cache: { resource: "CacheTable", ttl: "expiresAt", recoverable: false },
  /** Asynchronous work: media jobs, and what is to be delivered to users' servers. */
  jobs: {
    resource: "JobsTable",
    ttl: "expiresAt",
    recoverable: true,
    // Sparse: only jobs that are to be polled, and owners who have something to deliver, carry these two attributes.
    indexes: { due: { hashKey: "dueShard", rangeKey: "dueAt" } },
  },
} as const satisfies Record<string, TableSpec>;

export type TableId = keyof typeof tables;

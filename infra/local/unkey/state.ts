import * as z from "zod";
import { newUnkeyId } from "./key-text.ts";

const meta = z.record(z.string(), z.unknown());

const ratelimitSchema = z.object({
  id: z.string(),
  name: z.string(),
  limit: z.int(),
  /** Milliseconds. */
  duration: z.int(),
  /** Whether every verification counts, also one that does not name the limit. */
  autoApply: z.boolean(),
});

const keySchema = z.object({
  keyId: z.string(),
  /** SHA-256 in base64. The key itself is nowhere. */
  hash: z.string(),
  start: z.string(),
  prefix: z.string().optional(),
  byteLength: z.int(),
  name: z.string().optional(),
  meta: meta.optional(),
  enabled: z.boolean(),
  /** Unix milliseconds, here and below. */
  createdAt: z.int(),
  updatedAt: z.int().optional(),
  lastUsedAt: z.int().optional(),
  expires: z.int().optional(),
  permissions: z.array(z.string()),
  roles: z.array(z.string()),
  credits: z
    .object({
      /** null: unlimited. */
      remaining: z.int().nullable(),
      refill: z
        .object({ interval: z.enum(["daily", "monthly"]), amount: z.int(), refillDay: z.int().optional() })
        .optional(),
    })
    .optional(),
  identityId: z.string().optional(),
  ratelimits: z.array(ratelimitSchema),
});

const identitySchema = z.object({
  id: z.string(),
  externalId: z.string(),
  meta: meta.optional(),
  ratelimits: z.array(ratelimitSchema),
});

const savedSchema = z.object({
  version: z.literal(1),
  keys: z.array(keySchema),
  identities: z.array(identitySchema),
});

export type StoredRatelimit = z.infer<typeof ratelimitSchema>;
export type StoredKey = z.infer<typeof keySchema>;
export type StoredIdentity = z.infer<typeof identitySchema>;

/** All keys and identities, found by every name they have. */
export class State {
  readonly keys = new Map<string, StoredKey>();
  readonly keysByHash = new Map<string, StoredKey>();
  readonly identities = new Map<string, StoredIdentity>();
  readonly identitiesByExternalId = new Map<string, StoredIdentity>();

  /** @throws ZodError or SyntaxError when the text is not what `toText` wrote. */
  static fromText(text: string): State {
    const saved = savedSchema.parse(JSON.parse(text));
    const state = new State();
    for (const key of saved.keys) state.addKey(key);
    for (const identity of saved.identities) state.addIdentity(identity);
    return state;
  }

  toText(): string {
    const keys = [...this.keys.values()];
    const identities = [...this.identities.values()];
    return JSON.stringify({ version: 1, keys, identities } satisfies z.infer<typeof savedSchema>);
  }

  addKey(key: StoredKey): void {
    this.keys.set(key.keyId, key);
    this.keysByHash.set(key.hash, key);
  }

  removeKey(key: StoredKey): void {
    this.keys.delete(key.keyId);
    this.keysByHash.delete(key.hash);
  }

  addIdentity(identity: StoredIdentity): void {
    this.identities.set(identity.id, identity);
    this.identitiesByExternalId.set(identity.externalId, identity);
  }

  /** The identity of that external id, made if there is none. */
  identityFor(externalId: string): StoredIdentity {
    const found = this.identitiesByExternalId.get(externalId);
    if (found !== undefined) return found;
    const identity: StoredIdentity = { id: newUnkeyId("id"), externalId, ratelimits: [] };
    this.addIdentity(identity);
    return identity;
  }

  /** Its keys stay and work on, without it. */
  removeIdentity(identity: StoredIdentity): void {
    this.identities.delete(identity.id);
    this.identitiesByExternalId.delete(identity.externalId);
    for (const key of this.keys.values()) {
      if (key.identityId === identity.id) delete key.identityId;
    }
  }

  identityOf(key: StoredKey): StoredIdentity | undefined {
    return key.identityId === undefined ? undefined : this.identities.get(key.identityId);
  }
}

/** Gives new limits their ids; a limit that keeps its name keeps its id. */
export const withRatelimitIds = (
  wanted: readonly Omit<StoredRatelimit, "id">[],
  before: readonly StoredRatelimit[] = [],
): StoredRatelimit[] =>
  wanted.map(({ name, limit, duration, autoApply }) => {
    const id = before.find((ratelimit) => ratelimit.name === name)?.id ?? newUnkeyId("rl");
    return { id, name, limit, duration, autoApply };
  });

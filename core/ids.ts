import { randomFillSync, randomUUID } from "node:crypto";

/** Prefix of every id we make. Keys (`key_`) are Unkey's own. */
const prefixes = {
  request: "req",
  completion: "chatcmpl",
  providerKey: "pk",
  job: "job",
  delivery: "dlv",
  export: "exp",
  run: "run",
} as const;

export type IdKind = keyof typeof prefixes;
export type Id<Kind extends IdKind> = `${(typeof prefixes)[Kind]}_${string}`;

const random = new Uint8Array(10);

/** A UUIDv7 (RFC 9562): 48 bits of unix milliseconds, then random bits, so that ids sort by time. */
export const uuidV7 = (nowMs: number = Date.now()): string => {
  randomFillSync(random);
  const time = nowMs.toString(16).padStart(12, "0");
  let tail = "";
  for (const byte of random) tail += byte.toString(16).padStart(2, "0");
  const variant = (8 + (((random[2] ?? 0) >> 4) & 3)).toString(16);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${tail.slice(1, 4)}-${variant}${tail.slice(5, 8)}-${tail.slice(8)}`;
};

/** A new id such as `req_0198…`, time-ordered. */
export const newId = <Kind extends IdKind>(kind: Kind): Id<Kind> => `${prefixes[kind]}_${uuidV7()}`;

/** A random id for a tool call whose provider gives none. */
export const newToolCallId = (): `call_${string}` => `call_${randomUUID()}`;

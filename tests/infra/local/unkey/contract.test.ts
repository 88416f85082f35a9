import { describe, expect, it } from "vitest";
import { endpoints, type Unkey } from "#infra/local/unkey/endpoints.ts";
import { Problem } from "#infra/local/unkey/problem.ts";
import { SlidingWindows } from "#infra/local/unkey/sliding-window.ts";
import { State } from "#infra/local/unkey/state.ts";
import { needsContract, type Schema, unkeyContract } from "./contract.ts";
import { apiId } from "./unkey.ts";

const limit = { namespace: "requests", identifier: "user", limit: 10, duration: 60_000 };
const ratelimits = [{ name: "requests", limit: 10, duration: 60_000, autoApply: true }];
const credits = { remaining: 10, refill: { interval: "daily", amount: 5, refillDay: 1 } };
const meta = { plan: "pro" };

/** A full, valid body for each endpoint. Ids need not exist: a 404 is no complaint about the body. */
const bodies: Readonly<Record<string, unknown>> = {
  "/v2/keys.createKey": {
    apiId,
    prefix: "ck",
    name: "mine",
    byteLength: 16,
    externalId: "user-1",
    meta,
    roles: ["admin"],
    permissions: ["chat.*"],
    expires: 4_000_000_000_000,
    credits,
    ratelimits,
    enabled: true,
    recoverable: false,
  },
  "/v2/keys.verifyKey": {
    key: "ck_unknown",
    tags: ["path=/chat"],
    permissions: "chat.read",
    credits: { cost: 1 },
    ratelimits: [{ name: "requests", cost: 1, limit: 10, duration: 60_000 }],
    migrationId: "m",
  },
  "/v2/keys.updateKey": {
    keyId: "key_unknown",
    name: "mine",
    externalId: "user-1",
    meta,
    expires: 4_000_000_000_000,
    credits,
    ratelimits,
    enabled: true,
    roles: ["admin"],
    permissions: ["chat.*"],
  },
  "/v2/keys.deleteKey": { keyId: "key_unknown", permanent: true },
  "/v2/keys.getKey": { keyId: "key_unknown", decrypt: false },
  "/v2/keys.rerollKey": { keyId: "key_unknown", expiration: 1_000 },
  "/v2/keys.whoami": { key: "ck_unknown" },
  "/v2/apis.listKeys": {
    apiId,
    limit: 10,
    cursor: "key_a",
    externalId: "user-1",
    decrypt: false,
    revalidateKeysCache: true,
  },
  "/v2/apis.getApi": { apiId },
  "/v2/identities.createIdentity": { externalId: "user-2", meta, ratelimits },
  "/v2/identities.getIdentity": { identity: "user-1" },
  "/v2/identities.updateIdentity": { identity: "user-1", meta, ratelimits },
  "/v2/identities.listIdentities": { limit: 10, cursor: "id_a", search: "user" },
  "/v2/identities.deleteIdentity": { identity: "user-unknown" },
  "/v2/ratelimit.limit": { ...limit, cost: 1 },
  "/v2/ratelimit.multiLimit": [{ ...limit, cost: 1 }],
};

describe.skipIf(unkeyContract === undefined)(`the Unkey stand-in and Unkey's specification ${needsContract}`, () => {
  const unkey: Unkey = {
    state: new State(),
    windows: new SlidingWindows(),
    api: { id: apiId, name: "test" },
    nowMs: () => 1_800_000_000_000,
  };
  /** The answer of an endpoint without HTTP, which would take most of the time of some thousand calls. */
  const answer = (path: string, body: unknown): { status: number; body: unknown } => {
    const requestId = "req_test";
    try {
      return { status: 200, body: { meta: { requestId }, ...endpoints[path]?.call(body, unkey) } };
    } catch (error) {
      if (error instanceof Problem) return { status: error.status, body: error.toBody(requestId) };
      throw error;
    }
  };

  it("has endpoints that the specification has, and a valid body for each of them here", () => {
    expect(unkeyContract?.paths).toEqual(expect.arrayContaining(Object.keys(endpoints)));
    expect(Object.keys(bodies)).toEqual(Object.keys(endpoints));
    for (const [path, body] of Object.entries(bodies)) expect(unkeyContract?.requestFaults(path, body)).toEqual([]);
  });

  it.each(Object.keys(endpoints))("takes, refuses and answers at %s what the specification says", (path) => {
    const disagreements: string[] = [];
    const statuses = new Set<number>();
    for (const body of variants(bodies[path], unkeyContract?.requestSchema(path) ?? {})) {
      const { status, body: answered } = answer(path, body);
      const requestFaults = unkeyContract?.requestFaults(path, body) ?? [];
      const responseFaults = unkeyContract?.responseFaults(path, status, JSON.parse(JSON.stringify(answered))) ?? [];
      if ((status === 400) !== requestFaults.length > 0 || responseFaults.length > 0) {
        disagreements.push(
          `${JSON.stringify(body).slice(0, 500)}: ${status}, ${[...requestFaults, ...responseFaults]}`,
        );
      }
      statuses.add(status);
    }
    expect(disagreements).toEqual([]);
    expect(statuses).toContain(400);
    expect(statuses.size).toBeGreaterThan(1);
  });
});

/** The body itself, then the body with one thing changed, for each thing that its schema speaks of. */
function* variants(value: unknown, schemaOrReference: Schema): Generator {
  const schema = unkeyContract?.resolve(schemaOrReference) ?? {};
  yield value;
  for (const other of [null, true, "text", 7, 1.5, -1, [], {}]) yield other;
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    yield { ...value, surplus: 1 };
    for (const size of around(schema.maxProperties)) {
      yield Object.fromEntries(Array.from({ length: size }, (_, index) => [`name${index}`, index]));
    }
    for (const [name, property] of Object.entries(schema.properties ?? {})) {
      const { [name]: inner, ...without } = value as Record<string, unknown>;
      yield without;
      for (const variant of variants(inner, property)) yield { ...value, [name]: variant };
    }
  }
  if (Array.isArray(value)) {
    for (const variant of variants(value[0], schema.items ?? {})) yield [variant];
    for (const length of around(schema.maxItems)) yield Array.from({ length }, () => value[0]);
  }
  if (typeof value === "number") yield* [...around(schema.minimum), ...around(schema.maximum)];
  if (typeof value === "string") {
    for (const length of [...around(schema.minLength), ...around(schema.maxLength)]) {
      if (length >= 0) yield "a".repeat(length);
    }
    if (schema.pattern !== undefined) yield* ["with space", "ümlaut", "dots.and-dashes", "a:b*", "under_score"];
  }
}

const around = (bound: number | undefined): number[] =>
  bound === undefined || bound > Number.MAX_SAFE_INTEGER ? [] : [bound - 1, bound, bound + 1];

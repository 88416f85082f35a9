import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { findUserKey, insertKey, reserveKeyPlace } from "#core/db/api-keys.ts";
import { recordVerification } from "#core/db/key-marks.ts";
import { rowKeys } from "#core/db/row-keys.ts";
import { getItem } from "#core/db/table.ts";
import { revokeAllKeys, revokeKey } from "#core/keys/keys.ts";
import { type Relay, startRelay } from "#tests/core/support/relay.ts";
import { hasTables, tablesName, useTables } from "#tests/core/support/tables.ts";
import { newUser } from "#tests/core/support/usage-events.ts";

const nowMs = Date.UTC(2026, 10, 20, 13);
const inADay = Math.floor(nowMs / 1_000) + 86_400;

describe.skipIf(!hasTables)(`the mark of a revoked key (${tablesName})`, () => {
  useTables();
  let unkey: Relay;
  let userId: string;
  beforeAll(async () => {
    unkey = await startRelay();
    process.env.UNKEY_URL = unkey.url;
    process.env.UNKEY_API_ID = "api_1";
    process.env.SST_RESOURCE_UnkeyRootKey = JSON.stringify({ value: "unkey_root" });
  });
  beforeEach(() => {
    userId = newUser();
    unkey.reset();
    answer(200, { meta: { requestId: "r" }, data: {} });
  });
  afterAll(() => unkey.close());

  /** Unkey's answers; lists of keys that it knows under the user's id, on a page each. */
  const answer = (status: number, body: object, known: readonly string[] = []): void => {
    let page = 0;
    unkey.intercept = ({ path }) => {
      if (!path.includes("listKeys")) return { kind: "answer", status, body: JSON.stringify(body) };
      const keyId = known[page++];
      const data = keyId === undefined ? [] : [{ keyId, start: "ck_1", enabled: true, createdAt: nowMs }];
      const pagination = { hasMore: page < known.length, cursor: String(page) };
      return { kind: "answer", status: 200, body: JSON.stringify({ meta: { requestId: "r" }, data, pagination }) };
    };
  };
  const endedKeys = (): readonly string[] =>
    unkey.requests
      .filter(({ path }) => path.includes("deleteKey"))
      .map(({ body }) => (JSON.parse(body) as { keyId: string }).keyId)
      .sort();
  const addKey = async (): Promise<{ keyId: string; keyHash: string }> => {
    const key = { keyId: `key_${randomUUID().replaceAll("-", "")}`, keyHash: randomUUID() };
    await reserveKeyPlace(userId);
    await insertKey({ ...key, userId, createdAt: new Date(nowMs).toISOString(), rateLimit: 60, enabled: true });
    return key;
  };
  const markOf = (keyHash: string) => getItem("keys", rowKeys.keyMark(keyHash), { consistent: true });

  it("expires a day after Unkey has confirmed", async () => {
    const { keyId, keyHash } = await addKey();
    await revokeKey(userId, keyId, nowMs);
    expect(await markOf(keyHash)).toMatchObject({ revokedAt: nowMs, expiresAt: inADay });
    expect(await findUserKey(userId, keyId)).toBeUndefined();
  });

  it.each([
    ["a revocation", (keyId: string) => revokeKey(userId, keyId, nowMs)],
    ["a deletion of the account", () => revokeAllKeys(userId, nowMs)],
  ] as const)("refuses the key and does not expire while Unkey still knows it: %s", async (_, revoke) => {
    const { keyId, keyHash } = await addKey();
    answer(503, {});
    await expect(revoke(keyId)).rejects.toMatchObject({ code: "SERVICE_UNAVAILABLE" });
    const mark = await markOf(keyHash);
    expect(mark).toMatchObject({ revokedAt: nowMs });
    expect(mark).not.toHaveProperty("expiresAt");
    // Begun again, it ends.
    answer(404, { meta: { requestId: "r" }, error: { detail: "gone", status: 404, title: "t", type: "t" } });
    await revoke(keyId);
    expect(await markOf(keyHash)).toMatchObject({ expiresAt: inADay });
  });

  it("is found by a deletion of the account when an older version left it alone, and for a key made in Unkey itself", async () => {
    const [old, foreign, others] = [randomUUID(), randomUUID(), randomUUID()];
    await recordVerification(old, { keyId: "key_old", userId, rateLimit: 60, nowMs });
    await recordVerification(foreign, { keyId: "key_foreign", userId, rateLimit: 60, nowMs });
    await recordVerification(others, { keyId: "key_others", userId: newUser(), rateLimit: 60, nowMs });
    await revokeAllKeys(userId, nowMs);
    for (const hash of [old, foreign]) {
      expect(await markOf(hash)).toMatchObject({ revokedAt: nowMs, expiresAt: inADay });
    }
    expect(endedKeys()).toEqual(["key_foreign", "key_old"]);
    expect(await markOf(others)).not.toHaveProperty("revokedAt");
  });

  it("is not needed by a deletion of the account, which asks Unkey for the user's keys as well", async () => {
    answer(200, { meta: { requestId: "r" }, data: {} }, ["key_unused", "key_never_stored"]);
    await revokeAllKeys(userId, nowMs);
    expect(endedKeys()).toEqual(["key_never_stored", "key_unused"]);
    const lists = unkey.requests.filter(({ path }) => path.includes("listKeys"));
    expect(lists.map(({ body }) => JSON.parse(body) as unknown)).toMatchObject([
      { apiId: "api_1", externalId: userId },
      { apiId: "api_1", externalId: userId, cursor: "1" },
    ]);
  });
});

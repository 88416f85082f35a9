import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { beginDeletion, continueDeletions, deleteAccount } from "#core/accounts/delete-account.ts";
import { dueDeletions } from "#core/db/account-deletions.ts";
import { insertKey, reserveKeyPlace, setUserDisabled } from "#core/db/api-keys.ts";
import { rowKeys } from "#core/db/row-keys.ts";
import { getItem, updateItem } from "#core/db/table.ts";
import { countOf, seed } from "#tests/core/support/account-rows.ts";
import { muteLog } from "#tests/core/support/lambda.ts";
import { operationOf, type Relay, startRelay } from "#tests/core/support/relay.ts";
import { hasTables, tablesName, useTables } from "#tests/core/support/tables.ts";

muteLog();
const nowMs = Date.UTC(2026, 10, 29, 12);
const hourMs = 3_600_000;
const forever = new AbortController().signal;

describe.skipIf(!hasTables)(`the deletion of an account (${tablesName})`, () => {
  const tables = useTables();
  let unkey: Relay;
  let user: string;
  let keyHash: string;
  beforeAll(async () => {
    unkey = await startRelay();
    process.env.UNKEY_URL = unkey.url;
    process.env.UNKEY_API_ID = "api_1";
    process.env.SST_RESOURCE_UnkeyRootKey = JSON.stringify({ value: "unkey_root" });
  });
  beforeEach(async () => {
    user = randomUUID();
    keyHash = randomUUID();
    unkey.reset();
    unkeyAnswers(200, { meta: { requestId: "r" }, data: {} });
    await reserveKeyPlace(user);
    const key = { keyId: "key_1", keyHash, createdAt: new Date(nowMs).toISOString() };
    await insertKey({ ...key, userId: user, rateLimit: 60, enabled: true });
  });
  afterAll(() => unkey.close());

  const unkeyAnswers = (status: number, body: object): void => {
    unkey.intercept = ({ path }) => {
      const answer = path.includes("listKeys") ? { ...body, data: [], pagination: { hasMore: false } } : body;
      return { kind: "answer", status, body: JSON.stringify(answer) };
    };
  };
  /** Everything that an account can have. The row of the key is as `insertKey` writes it. */
  const fill = async (): Promise<void> => {
    await seed(user, nowMs);
    await updateItem("keys", rowKeys.userKey(user, "key_1"), "SET keyHash = :hash, keyId = :id, createdAt = :at", {
      values: { ":hash": keyHash, ":id": "key_1", ":at": new Date(nowMs).toISOString() },
    });
  };
  const admission = () => getItem("keys", rowKeys.admission(user), { consistent: true });
  const deletion = () => getItem("jobs", rowKeys.accountDeletion(user), { consistent: true });
  const mark = () => getItem("keys", rowKeys.keyMark(keyHash), { consistent: true });
  const isMine = async (atMs: number): Promise<boolean> =>
    (await dueDeletions(atMs, 100)).some(({ userId }) => userId === user);

  it("refuses keys and requests at once, leaves nothing but the refusal and expiring marks, and a day later not even that", async () => {
    await fill();
    await beginDeletion(user, nowMs);
    expect(await mark()).toMatchObject({ revokedAt: nowMs });
    expect(await admission()).toMatchObject({ disabledAt: nowMs });
    await continueDeletions(forever, nowMs);
    // The admission row, the deletion's, and the mark.
    expect(await countOf(user)).toBe(3);
    expect(await admission()).toEqual({ ...rowKeys.admission(user), open: {}, disabledAt: nowMs });
    expect(await reserveKeyPlace(user)).toBe("user-disabled");
    expect(await mark()).toMatchObject({ expiresAt: expect.any(Number) });
    // What streams write meanwhile.
    await fill();
    await updateItem("jobs", rowKeys.accountDeletion(user), "SET #pass = :pass, dueShard = :shard, dueAt = :at", {
      names: { "#pass": "pass" },
      values: { ":pass": "last", ":shard": "DELETIONS", ":at": rowKeys.sortableMs(nowMs + 25 * hourMs) },
    });
    expect(await isMine(nowMs + 24 * hourMs)).toBe(false);
    await continueDeletions(forever, nowMs + 25 * hourMs);
    expect(await countOf(user)).toBe(1);
    expect(await mark()).toMatchObject({ revokedAt: expect.any(Number), expiresAt: expect.any(Number) });
    expect(await deletion()).toBeUndefined();
  }, 60_000);

  it("deletes nothing while Unkey still knows the keys, and goes on by itself", async () => {
    await fill();
    const before = await countOf(user);
    await beginDeletion(user, nowMs);
    unkeyAnswers(503, {});
    await expect(continueDeletions(forever, nowMs)).rejects.toMatchObject({ code: "SERVICE_UNAVAILABLE" });
    expect(await countOf(user)).toBe(before);
    expect(await isMine(nowMs + hourMs)).toBe(true);
    unkeyAnswers(200, { meta: { requestId: "r" }, data: {} });
    await continueDeletions(forever, nowMs + hourMs);
    expect(await countOf(user)).toBe(3);
  }, 60_000);

  it("goes on where its time ended or a crash cut it off, in the same order", async () => {
    await fill();
    await beginDeletion(user, nowMs);
    const short = new AbortController();
    let batches = 0;
    tables().intercept = (request) => {
      if (operationOf(request) === "BatchWriteItem" && ++batches === 4) short.abort();
      return undefined;
    };
    await continueDeletions(short.signal, nowMs);
    tables().reset();
    expect(await deletion()).toMatchObject({ pass: "first" });
    expect(await isMine(nowMs)).toBe(true);
    expect(await countOf(user)).toBeGreaterThan(3);
    tables().intercept = (request) =>
      operationOf(request) === "BatchWriteItem"
        ? { kind: "answer", status: 400, body: JSON.stringify({ __type: "AccessDeniedException" }) }
        : undefined;
    await expect(continueDeletions(forever, nowMs)).rejects.toThrow();
    tables().reset();
    await continueDeletions(forever, nowMs + hourMs);
    expect(await countOf(user)).toBe(3);
  }, 60_000);

  it("of one account does not hold up another's when it fails", async () => {
    const other = randomUUID();
    await beginDeletion(user, nowMs);
    await beginDeletion(other, nowMs + 1);
    tables().intercept = (request) =>
      operationOf(request) === "Query" && request.body.includes(user)
        ? { kind: "answer", status: 400, body: JSON.stringify({ __type: "AccessDeniedException" }) }
        : undefined;
    await expect(continueDeletions(forever, nowMs + 2)).rejects.toThrow();
    tables().reset();
    const row = await getItem("jobs", rowKeys.accountDeletion(other), { consistent: true });
    expect(row).toMatchObject({ pass: "last" });
  });

  it("is not a way out for a user whom an operator has disabled, and can be asked for again while it runs", async () => {
    await setUserDisabled(user, nowMs - 1);
    await expect(beginDeletion(user, nowMs)).rejects.toMatchObject({ code: "FORBIDDEN" });
    expect(await deletion()).toBeUndefined();
    await setUserDisabled(user, undefined);
    await beginDeletion(user, nowMs);
    await beginDeletion(user, nowMs + 1);
    expect(await deletion()).toMatchObject({ pass: "first", dueAt: rowKeys.sortableMs(nowMs + 1) });
  });

  it("by an operator leaves the marks alone", async () => {
    await fill();
    expect(await deleteAccount(user, nowMs)).toMatchObject({ keysRevoked: 1, isWhole: true });
    expect(await countOf(user)).toBe(1);
    expect(await mark()).toMatchObject({ revokedAt: nowMs, expiresAt: expect.any(Number) });
  }, 60_000);
});

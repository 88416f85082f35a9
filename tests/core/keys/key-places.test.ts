import { describe, expect, it } from "vitest";
import {
  findUserKey,
  insertKey,
  listUserKeys,
  maxKeys,
  removeUserKey,
  reserveKeyPlace,
  returnKeyPlace,
  setUserDisabled,
} from "#core/db/api-keys.ts";
import { readKeyMark } from "#core/db/key-marks.ts";
import { rowKeys } from "#core/db/row-keys.ts";
import { getItem } from "#core/db/table.ts";
import { type Fault, operationOf } from "#tests/core/support/relay.ts";
import { hasTables, tablesName, useTables } from "#tests/core/support/tables.ts";
import { newUser } from "#tests/core/support/usage-events.ts";

describe.skipIf(!hasTables)(`a user's places for keys (${tablesName})`, () => {
  const tables = useTables();

  const countOf = async (userId: string): Promise<unknown> =>
    (await getItem("keys", rowKeys.admission(userId), { consistent: true }))?.keyCount ?? 0;
  const onTransaction = (fault: Fault, times = 1): void => {
    let left = times;
    tables().intercept = (request) => (operationOf(request) === "TransactWriteItems" && left-- > 0 ? fault : undefined);
  };

  it("are 100, however many are asked for at once", async () => {
    const userId = newUser();
    const verdicts = await Promise.all(Array.from({ length: maxKeys + 20 }, () => reserveKeyPlace(userId)));
    expect(verdicts.filter((verdict) => verdict === "reserved")).toHaveLength(maxKeys);
    expect(verdicts.filter((verdict) => verdict === "full")).toHaveLength(20);
    expect(await countOf(userId)).toBe(maxKeys);
    await returnKeyPlace(userId);
    expect(await reserveKeyPlace(userId)).toBe("reserved");
    expect(await reserveKeyPlace(userId)).toBe("full");
  });

  it("are counted once when DynamoDB wrote and its answer was lost", async () => {
    const userId = newUser();
    onTransaction({ kind: "lose-answer" });
    expect(await reserveKeyPlace(userId)).toBe("reserved");
    expect(await countOf(userId)).toBe(1);
    onTransaction({ kind: "lose-answer" });
    await returnKeyPlace(userId);
    expect(await countOf(userId)).toBe(0);
  });

  it("are none for a disabled user, until that is lifted", async () => {
    const userId = newUser();
    await setUserDisabled(userId, Date.now());
    expect(await reserveKeyPlace(userId)).toBe("user-disabled");
    await setUserDisabled(userId, undefined);
    expect(await reserveKeyPlace(userId)).toBe("reserved");
  });

  it("hold a key's two rows, written both or neither, and free the place with them exactly once", async () => {
    const userId = newUser();
    const row = {
      userId,
      keyId: "key_1",
      keyHash: newUser(),
      createdAt: "2026-11-20T00:00:00.000Z",
      rateLimit: 60,
      enabled: true,
    };
    onTransaction({ kind: "answer", status: 400, body: JSON.stringify({ __type: "AccessDeniedException" }) });
    await expect(insertKey(row)).rejects.toThrow();
    expect(await findUserKey(userId, "key_1")).toBeUndefined();
    expect(await readKeyMark(row.keyHash)).toBeUndefined();
    await reserveKeyPlace(userId);
    await insertKey(row);
    expect(await findUserKey(userId, "key_1")).toMatchObject({ keyHash: row.keyHash });
    expect(await readKeyMark(row.keyHash)).toMatchObject({ userId, enabled: true, rateLimit: 60 });
    const removed = await Promise.all([removeUserKey(userId, "key_1"), removeUserKey(userId, "key_1")]);
    expect(removed.sort()).toEqual([false, true]);
    expect(await countOf(userId)).toBe(0);
    // The mark stays: a key that was removed is refused, not forgotten.
    expect(await readKeyMark(row.keyHash)).toBeDefined();
    expect(await listUserKeys(userId)).toEqual([]);
  });

  it("are not taken when the table is out of reach", async () => {
    const userId = newUser();
    onTransaction({ kind: "answer", status: 400, body: JSON.stringify({ __type: "AccessDeniedException" }) });
    await expect(reserveKeyPlace(userId)).rejects.toThrow();
    expect(await countOf(userId)).toBe(0);
  });
});

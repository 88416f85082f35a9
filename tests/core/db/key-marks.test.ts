import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { hashKey, readKeyMark, recordVerification } from "#core/db/key-marks.ts";
import { rowKeys } from "#core/db/row-keys.ts";
import { putItem } from "#core/db/table.ts";
import { hasTables, tablesName, useTables } from "#tests/core/support/tables.ts";

const facts = { keyId: "key_1", userId: "user_1", rateLimit: 60, nowMs: 1_800_000_000_000 };

describe("hashKey", () => {
  it("is the SHA-256 of the whole key, so that no row holds a key", () => {
    expect(hashKey("ck_abc")).toBe("ba922d62198a7dd6d28219d648822a23f8dbb379a5973e3ae35b94b30c66fbe5");
  });
});

describe.skipIf(!hasTables)(`a key's mark (${tablesName})`, () => {
  const relay = useTables();

  it("is undefined for a key that was never seen", async () => {
    expect(await readKeyMark(randomUUID())).toBeUndefined();
  });

  it("made by a verification is enabled and says when, whose and which limit", async () => {
    const hash = randomUUID();
    await recordVerification(hash, facts);
    expect(await readKeyMark(hash)).toEqual({
      keyId: "key_1",
      userId: "user_1",
      enabled: true,
      verifiedAt: facts.nowMs,
      rateLimit: 60,
    });
  });

  it("keeps the limit that it has when a verification tells none", async () => {
    const hash = randomUUID();
    await recordVerification(hash, facts);
    await recordVerification(hash, { ...facts, rateLimit: undefined, nowMs: facts.nowMs + 1 });
    expect(await readKeyMark(hash)).toMatchObject({ rateLimit: 60, verifiedAt: facts.nowMs + 1 });
  });

  it.each([
    ["revoked", { revokedAt: 5 }],
    ["disabled", { enabled: false }],
    ["expired", { expiresAtMs: 5 }],
  ])("that is %s stays so through any verification", async (_name, state) => {
    const hash = randomUUID();
    await putItem("keys", { ...rowKeys.keyMark(hash), keyId: "key_1", userId: "user_1", ...state });
    await Promise.all([recordVerification(hash, facts), recordVerification(hash, facts)]);
    expect(await readKeyMark(hash)).toMatchObject({ ...state, verifiedAt: facts.nowMs });
  });

  it("never changes its owner or its key's id", async () => {
    const hash = randomUUID();
    await recordVerification(hash, facts);
    await recordVerification(hash, { ...facts, keyId: "key_2", userId: "user_2" });
    expect(await readKeyMark(hash)).toMatchObject({ keyId: "key_1", userId: "user_1" });
  });

  it("is read consistently: a revocation holds on the very next call", async () => {
    await readKeyMark(randomUUID());
    expect(JSON.parse(relay().requests[0]?.body ?? "{}")).toMatchObject({ ConsistentRead: true });
  });
});

import { describe, expect, it, vi } from "vitest";
import { verifyApiKey } from "#core/auth/api-key.ts";
import { disableAllKeys, listKeys, patchKey, revokeKey, rotateKey } from "#core/keys/keys.ts";
import { captureLog } from "#tests/accounts/support/log.ts";
import { hasTables, tablesName } from "#tests/core/support/tables.ts";
import { part, versions } from "./recording.ts";
import { useRecording } from "./use-recording.ts";

const hourMs = 3_600_000;
const live = ["unkeyOnly", "plain", "expiring", "grace", "rotated", "replacement"];
const dead = ["disabled", "revoked", "replaced", "banned"];

describe.skipIf(!hasTables).each(versions)(`API keys of %s (${tablesName})`, (version) => {
  const recorded = useRecording(version, ["keys"]);
  captureLog();
  const keyOf = (name: string) => part(recorded().recording.apiKeys, name);
  const verify = (key: string) => verifyApiKey(key, undefined, "ChatCompletions", Date.now());
  const owner = () => recorded().recording.owner.userId;
  const refused = { code: "INVALID_API_KEY" };

  it.each(live)("are verified: %s", async (name) => {
    const { key, keyId } = keyOf(name);
    const { principal, ...verified } = await verify(key);
    expect(principal).toMatchObject({ kind: "key", userId: owner(), keyId });
    // A key from before budgets has none, and may use every model.
    expect(principal.limits).toBeUndefined();
    // Whatever is due afterwards is written next to what the row holds.
    await verified.deferred?.();
    expect((await verify(key)).principal).toEqual(principal);
  });

  it.each(dead)("are refused: %s", async (name) => {
    await expect(verify(keyOf(name).key)).rejects.toMatchObject(refused);
  });

  it("are refused by their own rows at once, whatever Unkey says", async () => {
    recorded().unkey.intercept = () => ({ kind: "reset" });
    for (const name of dead) await expect(verify(keyOf(name).key)).rejects.toMatchObject(refused);
  });

  it("that were verified a moment before are still trusted while Unkey is unavailable", async () => {
    recorded().unkey.intercept = () => ({ kind: "reset" });
    expect((await verify(keyOf("plain").key)).principal.keyId).toBe(keyOf("plain").keyId);
    await expect(verify(keyOf("rotated").key)).rejects.toMatchObject({ code: "SERVICE_UNAVAILABLE" });
  });

  it("end at the end of a rotation's grace, which was set then", async () => {
    vi.setSystemTime(recorded().recording.recordedAtMs + hourMs);
    await expect(verify(keyOf("grace").key)).rejects.toMatchObject(refused);
    expect((await verify(keyOf("rotated").key)).principal.keyId).toBe(keyOf("rotated").keyId);
  });

  it("are listed, changed, rotated and revoked", async () => {
    const ids = (await listKeys(owner())).map(({ keyId }) => keyId);
    const names = ["plain", "expiring", "disabled", "grace", "rotated", "replacement"];
    expect(ids.toSorted()).toEqual(names.map((name) => keyOf(name).keyId).toSorted());

    const disabled = keyOf("disabled");
    expect(await patchKey(owner(), disabled.keyId, { enabled: true })).toMatchObject({ enabled: true });
    expect((await verify(disabled.key)).principal.keyId).toBe(disabled.keyId);

    const rotated = await rotateKey(owner(), keyOf("rotated").keyId, 0, Date.now());
    await expect(verify(keyOf("rotated").key)).rejects.toMatchObject(refused);
    expect((await verify(rotated.key)).principal.keyId).toBe(rotated.keyId);

    await revokeKey(owner(), keyOf("expiring").keyId, Date.now());
    await expect(verify(keyOf("expiring").key)).rejects.toMatchObject(refused);
    expect((await listKeys(owner())).map(({ keyId }) => keyId)).not.toContain(keyOf("expiring").keyId);
  });

  it("are all taken from a user who is disabled", async () => {
    expect(await disableAllKeys(owner(), Date.now())).toBe(6);
    for (const name of ["plain", "replacement"]) {
      await expect(verify(keyOf(name).key)).rejects.toMatchObject(refused);
    }
  });
});

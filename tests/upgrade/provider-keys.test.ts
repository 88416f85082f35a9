import { describe, expect, it } from "vitest";
import { readProviderKeys } from "#core/db/read-provider-keys.ts";
import { forgetDataKeys } from "#core/encryption/data-key.ts";
import { deleteProviderKey, showProviderKeys, storeProviderKey } from "#core/provider-keys/provider-keys.ts";
import { rotateProviderKeys } from "#core/provider-keys/rotate.ts";
import { openProviderKey } from "#core/provider-keys/seal-provider-key.ts";
import { hasTables, tablesName } from "#tests/core/support/tables.ts";
import { part, versions } from "./recording.ts";
import { useRecording } from "./use-recording.ts";

describe.skipIf(!hasTables).each(versions)(`provider keys of %s (${tablesName})`, (version) => {
  const recorded = useRecording(version, ["providerKeys"]);
  const owner = () => recorded().recording.owner.userId;
  const providers = ["google", "x-ai"] as const;
  const opened = async () => {
    forgetDataKeys();
    const rows = await readProviderKeys(owner());
    return Object.fromEntries(
      await Promise.all(rows.map(async (row) => [row.id, await openProviderKey(row)] as const)),
    );
  };
  const expected = () => {
    const { providerKeys } = recorded().recording;
    return Object.fromEntries(
      providers.map((provider) => [part(providerKeys, provider).id, part(providerKeys, provider).apiKey]),
    );
  };

  it("open, whether their data key was re-encrypted or not", async () => {
    expect(await opened()).toEqual(expected());
  });

  it("are re-encrypted by the rotation that was cut off then, which ends", async () => {
    const versionsOf = async () => (await readProviderKeys(owner())).map(({ keyVersion }) => keyVersion);
    const before = await versionsOf();
    expect(await rotateProviderKeys()).toEqual({ rotated: 2, skipped: 0, failed: 0 });
    expect(await versionsOf()).toEqual(before.map((count = 0) => count + 1));
    expect(await opened()).toEqual(expected());
    expect((await recorded().rows("providerKeys")).filter(({ pk }) => pk?.S === "ROTATION")).toEqual([]);
  });

  it("are shown, removed, and free their slug and their place", async () => {
    const { id, slug, apiKey } = part(recorded().recording.providerKeys, "google");
    expect((await showProviderKeys(owner())).map((key) => key.id)).toContain(id);
    const again = { provider: "google", slug, displayName: "Again", apiKey } as const;
    await expect(storeProviderKey(owner(), again)).rejects.toMatchObject({ code: "CONFLICT" });
    await deleteProviderKey(owner(), id);
    await storeProviderKey(owner(), again);
    const count = (await recorded().rows("providerKeys")).find(({ sk }) => sk?.S === "COUNT");
    expect(count?.keyCount).toEqual({ N: "2" });
    for (const key of await showProviderKeys(owner())) await deleteProviderKey(owner(), key.id);
    const left = (await recorded().rows("providerKeys")).map(({ sk }) => sk?.S);
    expect(left.toSorted()).toEqual(["COUNT", "CURRENT"]);
  });
});

import { GetCommand } from "@aws-sdk/lib-dynamodb";
import { beforeEach, describe, expect, it } from "vitest";
import { config } from "#core/config.ts";
import { documents } from "#core/db/document-client.ts";
import type { SealedRow } from "#core/db/provider-key-rows.ts";
import { listProviderKeys, removeProviderKey } from "#core/db/provider-keys.ts";
import { forgetDataKeys } from "#core/encryption/data-key.ts";
import { rotateProviderKeys } from "#core/provider-keys/rotate.ts";
import { openProviderKey } from "#core/provider-keys/seal-provider-key.ts";
import { captureLog } from "#tests/accounts/support/log.ts";
import { kmsKeyId, kmsOperation, scanTable, useKms } from "#tests/accounts/support/stand-ins.ts";
import { operationOf, type RelayedRequest } from "#tests/core/support/relay.ts";
import { hasTables, tablesName, useTables } from "#tests/core/support/tables.ts";
import { canary, flipBit, storedRow, tamper } from "./rows.ts";

const present = async (row: SealedRow): Promise<SealedRow> => {
  const found = (await listProviderKeys(row.userId)).find(({ id }) => id === row.id);
  if (found === undefined) throw new Error(`${row.id} is gone`);
  return found as SealedRow;
};

/** Backing key of KMS that wrapped a data key: the stand-in writes its number after the key's id. */
const backingKeyOf = ({ wrappedKey }: SealedRow): number => Buffer.from(wrappedKey, "base64").readUInt16BE(20);

describe.skipIf(!hasTables)(`rotateProviderKeys (${tablesName})`, () => {
  const tables = useTables();
  const kms = useKms();
  const log = captureLog();
  const operations = (): readonly string[] => kms().requests.map(operationOf);
  const is = (request: RelayedRequest, operation: string): boolean => operationOf(request) === operation;

  beforeEach(async () => {
    forgetDataKeys();
    for (const { userId, id } of await scanTable(tables(), "providerKeys")) {
      if (typeof userId === "string" && typeof id === "string") await removeProviderKey(userId, id);
    }
    kms().reset();
  });

  const store = async (count: number) => {
    const keys = Array.from({ length: count }, canary);
    const rows: SealedRow[] = [];
    for (const key of keys) rows.push(await storedRow(key));
    kms().reset();
    return rows.map((row, index) => ({ row, apiKey: keys[index] ?? "" }));
  };

  it("moves every data key under the present backing key by ReEncrypt alone: no plaintext leaves KMS", async () => {
    const stored = await store(4);
    await kmsOperation(kms(), "RotateKeyOnDemand", { KeyId: kmsKeyId });
    kms().reset();
    expect(await rotateProviderKeys()).toEqual({ rotated: 4, skipped: 0, failed: 0 });
    expect(new Set(operations())).toEqual(new Set(["ReEncrypt"]));
    for (const { row, apiKey } of stored) {
      const now = await present(row);
      expect(backingKeyOf(now)).toBe(backingKeyOf(row) + 1);
      expect(now).toMatchObject({ keyVersion: 2, sealed: row.sealed, last4: row.last4, slug: row.slug });
      expect(await openProviderKey(now)).toBe(apiKey);
    }
  });

  it("names the owner's encryption context on both sides, so IAM can hold the operator to it", async () => {
    const [one] = await store(1);
    await rotateProviderKeys();
    const context = {
      app: "concurred",
      stage: "test",
      purpose: "provider-key",
      userId: one?.row.userId,
      id: one?.row.id,
    };
    expect(JSON.parse(kms().requests[0]?.body ?? "{}")).toMatchObject({
      SourceEncryptionContext: context,
      DestinationEncryptionContext: context,
    });
  });

  it("leaves data keys that opened before RotateKeyOnDemand openable, before and after it ran", async () => {
    const [one] = await store(1);
    if (one === undefined) throw new Error("Nothing was stored");
    await kmsOperation(kms(), "RotateKeyOnDemand", { KeyId: kmsKeyId });
    expect(await openProviderKey(await present(one.row))).toBe(one.apiKey);
    await rotateProviderKeys();
    // A request that read the row before holds the old wrapping: it still opens.
    forgetDataKeys();
    expect(await openProviderKey(one.row)).toBe(one.apiKey);
  });

  it.each([1, 3])(
    "goes on where it was when KMS died after %d rows, and re-encrypts none of them twice",
    async (done) => {
      const stored = await store(4);
      let left = done;
      kms().intercept = (request) =>
        is(request, "ReEncrypt") && left-- <= 0
          ? { kind: "answer", status: 400, body: JSON.stringify({ __type: "AccessDeniedException" }) }
          : undefined;
      await expect(rotateProviderKeys()).rejects.toThrow();
      kms().reset();
      expect(await rotateProviderKeys()).toEqual({ rotated: 4 - done, skipped: done, failed: 0 });
      for (const { row, apiKey } of stored) {
        const now = await present(row);
        expect(now.keyVersion).toBe(2);
        expect(await openProviderKey(now)).toBe(apiKey);
      }
      // A later rotation is a new one.
      expect(await rotateProviderKeys()).toEqual({ rotated: 4, skipped: 0, failed: 0 });
    },
  );

  it("goes on where it was when the table died after a write whose answer was lost", async () => {
    const stored = await store(3);
    let lost = false;
    tables().intercept = (request) => {
      if (!is(request, "UpdateItem")) return lost ? { kind: "reset" } : undefined;
      const first = !lost;
      lost = true;
      return { kind: first ? "lose-answer" : "reset" };
    };
    await expect(rotateProviderKeys()).rejects.toThrow();
    tables().reset();
    const result = await rotateProviderKeys();
    expect(result.rotated + result.skipped).toBe(3);
    for (const { row, apiKey } of stored) {
      expect((await present(row)).keyVersion).toBe(2);
      expect(await openProviderKey(await present(row))).toBe(apiKey);
    }
  });

  it("does not bring back a key that was removed while it ran", async () => {
    const [one] = await store(1);
    if (one === undefined) throw new Error("Nothing was stored");
    let removal: Promise<unknown> | undefined;
    kms().intercept = () => {
      removal ??= removeProviderKey(one.row.userId, one.row.id);
      return { kind: "hold", until: removal.then(() => undefined) };
    };
    expect(await rotateProviderKeys()).toEqual({ rotated: 0, skipped: 1, failed: 0 });
    expect(await listProviderKeys(one.row.userId)).toEqual([]);
    const { Item } = await documents.send(
      new GetCommand({
        TableName: config.tableName("providerKeys"),
        Key: { pk: `USER#${one.row.userId}`, sk: `PROVIDER_KEY#${one.row.id}` },
      }),
    );
    expect(Item).toBeUndefined();
  });

  it("ends with every row one version further when two run at once", async () => {
    const stored = await store(5);
    const results = await Promise.allSettled([rotateProviderKeys(), rotateProviderKeys()]);
    expect(results.some(({ status }) => status === "fulfilled")).toBe(true);
    for (const { row, apiKey } of stored) expect(await openProviderKey(await present(row))).toBe(apiKey);
  });

  it("is not held up by a row that does not open: the others are done, and the log names it without a secret", async () => {
    const stored = await store(4);
    const broken = stored[1];
    if (broken === undefined) throw new Error("Nothing was stored");
    await tamper(broken.row, { wrappedKey: flipBit(broken.row.wrappedKey, 400) });
    expect(await rotateProviderKeys()).toEqual({ rotated: 3, skipped: 0, failed: 1 });
    expect(log.text()).toContain(broken.row.id);
    expect(log.text()).not.toContain(broken.apiKey);
    for (const { row, apiKey } of stored.filter((one) => one !== broken)) {
      expect(await openProviderKey(await present(row))).toBe(apiKey);
    }
  });

  it("rotates rows that a newer version wrote, and is not held up by one that is no provider key", async () => {
    const [later, damaged, ...others] = await store(4);
    if (later === undefined || damaged === undefined) throw new Error("Nothing was stored");
    await tamper(later.row, { provider: "later", sealed: { version: 2 } });
    await tamper(damaged.row, { keyVersion: "one" });
    expect(await rotateProviderKeys()).toEqual({ rotated: 3, skipped: 0, failed: 1 });
    const rows = await scanTable(tables(), "providerKeys");
    expect(rows.find(({ id }) => id === later.row.id)).toMatchObject({ keyVersion: 2, provider: "later" });
    for (const { row, apiKey } of others) expect(await openProviderKey(await present(row))).toBe(apiKey);
    await tamper(damaged.row, { keyVersion: 1 });
    await tamper(later.row, { provider: "openai", sealed: later.row.sealed });
  });

  it("reads past the table's first page", async () => {
    const stored = await store(3);
    // 400 KB rows: a page of a scan holds 1 MB.
    for (const { row } of stored) await tamper(row, { displayName: "x".repeat(380_000) });
    expect(await rotateProviderKeys()).toEqual({ rotated: 3, skipped: 0, failed: 0 });
  });

  it("serves requests all the while: each opens the row that it read", async () => {
    const stored = await store(3);
    await kmsOperation(kms(), "RotateKeyOnDemand", { KeyId: kmsKeyId });
    let running = true;
    const readers = stored.map(async ({ row, apiKey }) => {
      let reads = 0;
      for (; running || reads < 3; reads++) expect(await openProviderKey(await present(row))).toBe(apiKey);
      return reads;
    });
    const rotated = await rotateProviderKeys().finally(() => {
      running = false;
    });
    expect(rotated.rotated).toBe(3);
    expect((await Promise.all(readers)).every((reads) => reads >= 3)).toBe(true);
  });
});

import { beforeEach, describe, expect, it } from "vitest";
import { AwsError } from "#core/aws/json-call.ts";
import type { SealedRow } from "#core/db/provider-key-rows.ts";
import { forgetDataKeys } from "#core/encryption/data-key.ts";
import { GatewayError, toGatewayError } from "#core/errors.ts";
import { openProviderKey, sealProviderKey } from "#core/provider-keys/seal-provider-key.ts";
import { captureLog } from "#tests/accounts/support/log.ts";
import { kmsKeyId, kmsOperation, useKms } from "#tests/accounts/support/stand-ins.ts";
import { fc, runs } from "#tests/support/property.ts";
import { canary, flipBit, sealedRow } from "./rows.ts";

const kms = useKms();
const log = captureLog();

beforeEach(() => forgetDataKeys());

const thrownBy = async (work: Promise<unknown>): Promise<unknown> => {
  try {
    return await work.then(() => undefined);
  } catch (error) {
    return error;
  }
};

/** The whole of what the caller and the log could learn of a failure. */
const shown = (error: unknown): string =>
  JSON.stringify([
    toGatewayError(error).toBody(),
    error instanceof Error ? [error.message, error.stack, String(error.cause)] : error,
    log.text(),
  ]);

const expectBroken = async (row: SealedRow, apiKey: string): Promise<void> => {
  const error = await thrownBy(openProviderKey(row));
  expect(error).toBeInstanceOf(GatewayError);
  expect(error).toMatchObject({ code: "INTERNAL_ERROR", status: 500, details: { providerKeyId: row.id } });
  expect(log.text()).toContain("A stored provider key cannot be decrypted");
  expect(log.text()).toContain(row.id);
  expect(shown(error)).not.toContain(apiKey);
  expect(shown(error)).not.toContain(row.wrappedKey);
};

describe("openProviderKey", () => {
  it("opens a row of the stored format from the day it was fixed: version 1", async () => {
    const dataKey = Buffer.from(Array.from({ length: 32 }, (_, index) => index));
    kms().intercept = () => ({
      kind: "answer",
      status: 200,
      body: JSON.stringify({ Plaintext: dataKey.toString("base64"), KeyId: kmsKeyId }),
    });
    const row: SealedRow = {
      id: "pk_1",
      userId: "user_1",
      provider: "openai",
      slug: "main",
      displayName: "Main",
      last4: "0001",
      createdAt: "2026-11-20T00:00:00.000Z",
      keyVersion: 1,
      wrappedKey: "AAAA",
      // Made by Python's cryptography: AESGCM(key 00..1f).encrypt(nonce 00..0b, text, [1,"provider-key","user_1","openai","pk_1"]).
      sealed: {
        version: 1,
        nonce: "AAECAwQFBgcICQoL",
        ciphertext: "NGn7eKSLo2n0bPzl3p4WQOK49EOVCXJMCFfU",
        tag: "F9FWNhxTmZ6ImIHr74H4Rg==",
      },
    };
    expect(await openProviderKey(row)).toBe("sk-canary-known-answer-0001");
  });

  it("opens what sealProviderKey made, whatever the key is", async () => {
    await fc.assert(
      fc.asyncProperty(fc.stringMatching(/^[\x21-\x7e]{8,120}$/), async (apiKey) => {
        expect(await openProviderKey(await sealedRow(apiKey))).toBe(apiKey);
      }),
      { numRuns: runs(25) },
    );
  });

  it("seals each key under a data key of its own", async () => {
    const place = { userId: "user_1", provider: "openai", id: "pk_1" } as const;
    const first = await sealProviderKey("sk-the-same-key", place);
    const second = await sealProviderKey("sk-the-same-key", place);
    expect(first.wrappedKey).not.toBe(second.wrappedKey);
    expect(first.sealed.ciphertext).not.toBe(second.sealed.ciphertext);
  });

  it("fails cleanly, with a log line that holds no key, for a bit flipped anywhere in the record", async () => {
    const apiKey = canary();
    const row = await sealedRow(apiKey);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom("nonce", "ciphertext", "tag", "wrappedKey"),
        fc.nat({ max: 4_000 }),
        async (part, bit) => {
          log.clear();
          const damaged =
            part === "wrappedKey"
              ? { ...row, wrappedKey: flipBit(row.wrappedKey, bit) }
              : { ...row, sealed: { ...row.sealed, [part]: flipBit(row.sealed[part as "nonce"], bit) } };
          await expectBroken(damaged, apiKey);
        },
      ),
      { numRuns: runs(150) },
    );
  });

  it.each([
    ["user", { userId: "user_other" }],
    ["id", { id: "pk_other" }],
    ["provider", { provider: "anthropic" }],
  ] as const)(
    "fails cleanly for a row moved to another %s, also when its data key is still kept",
    async (_name, move) => {
      const apiKey = canary();
      const row = await sealedRow(apiKey);
      await expectBroken({ ...row, ...move }, apiKey);
      expect(await openProviderKey(row)).toBe(apiKey);
      await expectBroken({ ...row, ...move }, apiKey);
    },
  );

  it("fails cleanly when the parts of two rows of one user are exchanged", async () => {
    const [oneKey, otherKey] = [canary(), canary()];
    const one = await sealedRow(oneKey);
    const other = await sealedRow(otherKey, { userId: one.userId });
    await expectBroken({ ...one, sealed: other.sealed }, otherKey);
    await expectBroken({ ...one, wrappedKey: other.wrappedKey }, oneKey);
    await expectBroken({ ...one, sealed: other.sealed, wrappedKey: other.wrappedKey }, otherKey);
  });

  it("is out of reach, not broken, while KMS is: 503 and nothing learned", async () => {
    const apiKey = canary();
    const row = await sealedRow(apiKey);
    kms().intercept = () => ({ kind: "reset" });
    const error = await thrownBy(openProviderKey(row));
    expect(error).toBeInstanceOf(AwsError);
    expect(toGatewayError(error)).toMatchObject({ code: "SERVICE_UNAVAILABLE", retryAfterSeconds: 5 });
    expect(shown(error)).not.toContain(apiKey);
  });

  it("fails cleanly while the KMS key is disabled or KMS denies it, and works again after", async () => {
    const apiKey = canary();
    const row = await sealedRow(apiKey);
    await kmsOperation(kms(), "DisableKey", { KeyId: kmsKeyId });
    const disabled = await thrownBy(openProviderKey(row));
    await kmsOperation(kms(), "EnableKey", { KeyId: kmsKeyId });
    kms().intercept = () => ({
      kind: "answer",
      status: 400,
      body: JSON.stringify({ __type: "AccessDeniedException", Message: "denied for context purpose=provider-key" }),
    });
    const denied = await thrownBy(openProviderKey(row));
    for (const error of [disabled, denied]) {
      expect(toGatewayError(error).status).toBeGreaterThanOrEqual(500);
      expect(shown(error)).not.toContain(apiKey);
    }
    kms().reset();
    expect(await openProviderKey(row)).toBe(apiKey);
  });
});

import { randomBytes, randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { openCiphertext, readCiphertextHeader, sealCiphertext } from "#infra/local/kms/ciphertext.ts";
import { fc } from "#tests/support/property.ts";

const backingKey = randomBytes(32);
const header = { keyId: randomUUID(), backingKeyIndex: 3 };

describe("a KMS ciphertext", () => {
  it("names its key and backing key, and opens to what was sealed, for any plaintext and context", () => {
    const context = fc.dictionary(fc.string(), fc.string());
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), context, (plaintext, encryptionContext) => {
        const blob = sealCiphertext(header, backingKey, Buffer.from(plaintext), encryptionContext);
        expect(readCiphertextHeader(blob)).toEqual(header);
        expect(openCiphertext(blob, backingKey, encryptionContext)).toEqual(Buffer.from(plaintext));
      }),
    );
  });

  it("does not open with any one of its bytes changed", () => {
    const blob = sealCiphertext(header, backingKey, randomBytes(32), { purpose: "test" });
    for (const position of blob.keys()) {
      const changed = Buffer.from(blob);
      changed.writeUInt8(changed.readUInt8(position) ^ 1, position);
      expect(() => openCiphertext(changed, backingKey, { purpose: "test" }), `byte ${position}`).toThrow(
        expect.objectContaining({ type: "InvalidCiphertextException" }),
      );
    }
  });

  it("does not open under a context whose pairs only look the same when joined", () => {
    const blob = sealCiphertext(header, backingKey, randomBytes(32), { a: "b", c: "d" });
    for (const context of [{ a: "b,c:d" }, { "a:b,c": "d" }, { ab: "cd" }]) {
      expect(() => openCiphertext(blob, backingKey, context)).toThrow(
        expect.objectContaining({ type: "InvalidCiphertextException" }),
      );
    }
  });
});

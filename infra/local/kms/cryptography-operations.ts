import { randomBytes } from "node:crypto";
import * as z from "zod";
import { type EncryptionContext, openCiphertext, readCiphertextHeader, sealCiphertext } from "./ciphertext.ts";
import { type KeyStore, type KmsKey, keyArn, requireEnabled } from "./key-store.ts";
import { KmsError } from "./kms-error.ts";
import { dryRun, keyReference, type Operation, operation, rejectDryRun } from "./operation.ts";

const maxPlaintextBytes = 4096;
const maxCiphertextBytes = 6144;

const blob = (maxBytes: number) =>
  z
    .base64()
    .min(1)
    .transform((text) => Buffer.from(text, "base64"))
    .refine((bytes) => bytes.length <= maxBytes, `Member must have length less than or equal to ${maxBytes}`);

const context = z
  .record(z.string(), z.string())
  .nullish()
  .transform((value): EncryptionContext => value ?? {});

const algorithm = z.string().nullish();

const requireSymmetric = (requested: string | null | undefined): void => {
  if (requested && requested !== "SYMMETRIC_DEFAULT") {
    throw new KmsError(
      "InvalidKeyUsageException",
      `Algorithm ${requested} is incompatible with key spec SYMMETRIC_DEFAULT.`,
    );
  }
};

const seal = (key: KmsKey, plaintext: Buffer, encryptionContext: EncryptionContext): string => {
  const backingKeyIndex = key.backingKeys.length - 1;
  const backingKey = Buffer.from(key.backingKeys[backingKeyIndex] ?? "", "base64");
  return sealCiphertext({ keyId: key.id, backingKeyIndex }, backingKey, plaintext, encryptionContext).toString(
    "base64",
  );
};

/** Opens a ciphertext by the key it names; `expected` is the caller's own idea of that key, if it gave one. */
const open = (
  store: KeyStore,
  ciphertext: Buffer,
  encryptionContext: EncryptionContext,
  expected: string | null | undefined,
): { key: KmsKey; plaintext: Buffer } => {
  const { keyId, backingKeyIndex } = readCiphertextHeader(ciphertext);
  const key = store.byId(keyId);
  if (expected && store.find(expected) !== key) {
    throw new KmsError(
      "IncorrectKeyException",
      "The key ID in the request does not identify a CMK that can perform this operation.",
    );
  }
  const backingKey = key?.backingKeys[backingKeyIndex];
  if (key === undefined || backingKey === undefined) throw new KmsError("InvalidCiphertextException");
  requireEnabled(key);
  return { key, plaintext: openCiphertext(ciphertext, Buffer.from(backingKey, "base64"), encryptionContext) };
};

const dataKeyInput = z.object({
  KeyId: keyReference,
  EncryptionContext: context,
  KeySpec: z.enum(["AES_256", "AES_128"]).nullish(),
  NumberOfBytes: z.number().int().min(1).max(1024).nullish(),
  DryRun: dryRun,
});

const generateDataKey = (store: KeyStore, input: z.output<typeof dataKeyInput>) => {
  const key = requireEnabled(store.find(input.KeyId));
  if (!input.KeySpec === !input.NumberOfBytes) {
    throw new KmsError("ValidationException", "Please specify either number of bytes or key spec.");
  }
  rejectDryRun(input.DryRun);
  const dataKey = randomBytes(input.NumberOfBytes ?? (input.KeySpec === "AES_128" ? 16 : 32));
  return { dataKey, output: { CiphertextBlob: seal(key, dataKey, input.EncryptionContext), KeyId: keyArn(key.id) } };
};

/** The operations that use a key: data keys, encrypt, decrypt, re-encrypt. `KeyId` in an answer is always the ARN. */
export const cryptographyOperations = {
  GenerateDataKey: operation(dataKeyInput, (store, input) => {
    const { dataKey, output } = generateDataKey(store, input);
    return { ...output, Plaintext: dataKey.toString("base64") };
  }),

  GenerateDataKeyWithoutPlaintext: operation(dataKeyInput, (store, input) => generateDataKey(store, input).output),

  GenerateRandom: operation(
    z.object({ NumberOfBytes: z.number().int().min(1).max(1024), CustomKeyStoreId: z.string().nullish() }),
    (_store, input) => {
      if (input.CustomKeyStoreId)
        throw new KmsError("UnsupportedOperationException", "There are no custom key stores.");
      return { Plaintext: randomBytes(input.NumberOfBytes).toString("base64") };
    },
  ),

  Encrypt: operation(
    z.object({
      KeyId: keyReference,
      Plaintext: blob(maxPlaintextBytes),
      EncryptionContext: context,
      EncryptionAlgorithm: algorithm,
      DryRun: dryRun,
    }),
    (store, input) => {
      const key = requireEnabled(store.find(input.KeyId));
      requireSymmetric(input.EncryptionAlgorithm);
      rejectDryRun(input.DryRun);
      return {
        CiphertextBlob: seal(key, input.Plaintext, input.EncryptionContext),
        KeyId: keyArn(key.id),
        EncryptionAlgorithm: "SYMMETRIC_DEFAULT",
      };
    },
  ),

  Decrypt: operation(
    z.object({
      CiphertextBlob: blob(maxCiphertextBytes),
      EncryptionContext: context,
      KeyId: keyReference.nullish(),
      EncryptionAlgorithm: algorithm,
      DryRun: dryRun,
    }),
    (store, input) => {
      requireSymmetric(input.EncryptionAlgorithm);
      const { key, plaintext } = open(store, input.CiphertextBlob, input.EncryptionContext, input.KeyId);
      rejectDryRun(input.DryRun);
      return {
        KeyId: keyArn(key.id),
        Plaintext: plaintext.toString("base64"),
        EncryptionAlgorithm: "SYMMETRIC_DEFAULT",
      };
    },
  ),

  ReEncrypt: operation(
    z.object({
      CiphertextBlob: blob(maxCiphertextBytes),
      SourceEncryptionContext: context,
      SourceKeyId: keyReference.nullish(),
      DestinationKeyId: keyReference,
      DestinationEncryptionContext: context,
      SourceEncryptionAlgorithm: algorithm,
      DestinationEncryptionAlgorithm: algorithm,
      DryRun: dryRun,
    }),
    (store, input) => {
      requireSymmetric(input.SourceEncryptionAlgorithm);
      requireSymmetric(input.DestinationEncryptionAlgorithm);
      const source = open(store, input.CiphertextBlob, input.SourceEncryptionContext, input.SourceKeyId);
      const destination = requireEnabled(store.find(input.DestinationKeyId));
      rejectDryRun(input.DryRun);
      return {
        CiphertextBlob: seal(destination, source.plaintext, input.DestinationEncryptionContext),
        SourceKeyId: keyArn(source.key.id),
        KeyId: keyArn(destination.id),
        SourceEncryptionAlgorithm: "SYMMETRIC_DEFAULT",
        DestinationEncryptionAlgorithm: "SYMMETRIC_DEFAULT",
      };
    },
  ),
} as const satisfies Record<string, Operation>;

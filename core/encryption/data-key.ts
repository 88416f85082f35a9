import { AwsError, callAws } from "#core/aws/json-call.ts";
import { config } from "#core/config.ts";
import { SealBroken } from "./envelope.ts";

/**
 * Data keys from KMS. The encryption context holds constant names that IAM demands (app, stage, purpose) and the owner;
 * only unwrapped keys are kept, by id and version, for at most five minutes, and are overwritten when they go.
 */

export interface KeyOwner {
  readonly purpose: "provider-key" | "cached-answer";
  readonly userId: string;
  /** Id of what the key seals. */
  readonly id: string;
}

export const encryptionContext = ({ purpose, userId, id }: KeyOwner): Readonly<Record<string, string>> => ({
  app: "concurred",
  stage: config.stage(),
  purpose,
  userId,
  id,
});

const keepMs = 5 * 60_000;
const maxKept = 500;

interface Kept {
  readonly key: Buffer;
  readonly until: number;
}

const kept = new Map<string, Kept>();

const drop = (name: string): void => {
  kept.get(name)?.key.fill(0);
  kept.delete(name);
};

const keep = (name: string, key: Buffer, nowMs: number): void => {
  drop(name);
  for (const [other, { until }] of kept) if (until <= nowMs) drop(other);
  if (kept.size >= maxKept) {
    const oldest = kept.keys().next().value;
    if (oldest !== undefined) drop(oldest);
  }
  kept.set(name, { key, until: nowMs + keepMs });
};

const base64 = (value: unknown): Buffer => {
  if (typeof value !== "string") throw new AwsError("KMSInternalException", "KMS answered without the key");
  return Buffer.from(value, "base64");
};

export interface NewDataKey {
  /** For at most the moment of sealing; overwrite it after. */
  readonly plaintext: Buffer;
  /** Base64, as rows keep it. */
  readonly wrapped: string;
}

/** A new data key under our KMS key. @throws AwsError */
export const generateDataKey = async (owner: KeyOwner): Promise<NewDataKey> => {
  const answer = await callAws({
    service: "kms",
    operation: "GenerateDataKey",
    input: { KeyId: config.kmsKeyArn(), KeySpec: "AES_256", EncryptionContext: encryptionContext(owner) },
  });
  return { plaintext: base64(answer.Plaintext), wrapped: base64(answer.CiphertextBlob).toString("base64") };
};

/** Answers of KMS that say that this ciphertext, not KMS, is at fault. */
const broken = new Set(["InvalidCiphertextException", "IncorrectKeyException", "ValidationException"]);

/**
 * Unwraps a data key. `version` counts a row's re-encryptions, so that a key unwrapped before one is not used after. The
 * caller gets a copy of what is kept, to overwrite once it is used: the kept one may be dropped at any time.
 * @throws SealBroken for a damaged or moved key, AwsError when KMS refuses or is out of reach
 */
export const unwrapDataKey = async (
  wrapped: string,
  owner: KeyOwner,
  version: number,
  nowMs: number = Date.now(),
): Promise<Buffer> => {
  const name = `${owner.purpose}/${owner.userId}/${owner.id}/${version}/${wrapped}`;
  const known = kept.get(name);
  if (known !== undefined && known.until > nowMs) return Buffer.from(known.key);
  try {
    const answer = await callAws({
      service: "kms",
      operation: "Decrypt",
      input: { CiphertextBlob: wrapped, KeyId: config.kmsKeyArn(), EncryptionContext: encryptionContext(owner) },
    });
    const key = base64(answer.Plaintext);
    keep(name, key, nowMs);
    return Buffer.from(key);
  } catch (error) {
    if (error instanceof AwsError && broken.has(error.type)) throw new SealBroken("The data key does not unwrap");
    throw error;
  }
};

/** Overwrites and forgets every kept key. */
export const forgetDataKeys = (): void => {
  for (const name of [...kept.keys()]) drop(name);
};

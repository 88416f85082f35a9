import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

/**
 * AES-256-GCM with a fresh 96-bit nonce for each seal (NIST SP 800-38D). The additional data binds a ciphertext to where it
 * lives: moved to another row, it does not open.
 */

export const envelopeVersion = 1;

const algorithm = "aes-256-gcm";
const nonceBytes = 12;
const tagBytes = 16;
const keyBytes = 32;

/** A sealed text: everything but the key. Base64, as rows keep it. */
export interface Sealed {
  readonly version: typeof envelopeVersion;
  readonly nonce: string;
  readonly ciphertext: string;
  readonly tag: string;
}

/** What was sealed does not open: wrong key, wrong place, or a changed bit. Says no more than that. */
export class SealBroken extends Error {
  override readonly name = "SealBroken";
}

const requireKey = (key: Buffer): void => {
  if (key.length !== keyBytes) throw new Error(`A data key has ${keyBytes} bytes`);
};

/** The additional data of a row: its parts cannot run into each other. */
export const additionalData = (parts: readonly string[]): Buffer =>
  Buffer.from(JSON.stringify([envelopeVersion, ...parts]));

/** Seals a text under a 32-byte key. `nonce` is given by known-answer tests only. */
export const seal = (
  plaintext: string | Buffer,
  key: Buffer,
  boundTo: Buffer,
  nonce: Buffer = randomBytes(nonceBytes),
): Sealed => {
  requireKey(key);
  const cipher = createCipheriv(algorithm, key, nonce, { authTagLength: tagBytes }).setAAD(boundTo);
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return {
    version: envelopeVersion,
    nonce: nonce.toString("base64"),
    ciphertext: ciphertext.toString("base64"),
    tag: cipher.getAuthTag().toString("base64"),
  };
};

const decode = (text: string, bytes?: number): Buffer => {
  const buffer = Buffer.from(text, "base64");
  if (buffer.toString("base64") !== text || (bytes !== undefined && buffer.length !== bytes)) {
    throw new SealBroken("The sealed record is damaged");
  }
  return buffer;
};

/** Opens what `seal` made. @throws SealBroken */
export const open = (sealed: Sealed, key: Buffer, boundTo: Buffer): Buffer => {
  requireKey(key);
  if (sealed.version !== envelopeVersion) throw new SealBroken("The sealed record has an unknown version");
  const nonce = decode(sealed.nonce, nonceBytes);
  const tag = decode(sealed.tag, tagBytes);
  const ciphertext = decode(sealed.ciphertext);
  try {
    const decipher = createDecipheriv(algorithm, key, nonce, { authTagLength: tagBytes })
      .setAAD(boundTo)
      .setAuthTag(tag);
    return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
  } catch {
    throw new SealBroken("The sealed record does not open");
  }
};

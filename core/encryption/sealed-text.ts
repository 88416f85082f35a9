import * as z from "zod/mini";
import { generateDataKey, type KeyOwner, unwrapDataKey } from "./data-key.ts";
import { additionalData, open, seal } from "./envelope.ts";

/**
 * Texts of answers as rows keep them: compressed, then sealed under a data key of the user. A key is used for a few
 * minutes' answers of one user, so that an answer does not cost a KMS call.
 */

export const sealedTextSchema = z.object({
  wrappedKey: z.string(),
  version: z.literal(1),
  nonce: z.string(),
  ciphertext: z.string(),
  tag: z.string(),
});

export type SealedText = z.infer<typeof sealedTextSchema>;

/** Answers over this are not kept, bytes. */
export const maxTextBytes = 300 * 1024;
/** A row takes 400 KB; what does not compress grows by a third in base64. */
const maxCiphertextCharacters = 380 * 1024;

/** Loaded with the first answer that is kept or found: no first byte waits for it. */
const zlib = (): typeof import("node:zlib") => process.getBuiltinModule("node:zlib");

const useKeyMs = 5 * 60_000;
const maxKeys = 100;

interface UserKey {
  readonly plaintext: Buffer;
  readonly wrapped: string;
  readonly until: number;
}

const keys = new Map<string, UserKey>();

const owner = (userId: string): KeyOwner => ({ purpose: "cached-answer", userId, id: "answers" });

const forget = (userId: string): void => {
  keys.get(userId)?.plaintext.fill(0);
  keys.delete(userId);
};

/** A copy of the key, to overwrite once it is used: the kept one may be forgotten, and overwritten, at any time. */
const copyOf = ({ plaintext, wrapped, until }: UserKey): UserKey => ({
  plaintext: Buffer.from(plaintext),
  wrapped,
  until,
});

const keyFor = async (userId: string, nowMs: number): Promise<UserKey> => {
  const known = keys.get(userId);
  if (known !== undefined && known.until > nowMs) return copyOf(known);
  if (known !== undefined) forget(userId);
  const oldest = keys.size >= maxKeys ? keys.keys().next().value : undefined;
  if (oldest !== undefined) forget(oldest);
  const { plaintext, wrapped } = await generateDataKey(owner(userId));
  const made = { plaintext, wrapped, until: nowMs + useKeyMs };
  keys.set(userId, made);
  return copyOf(made);
};

/** Seals a text for one context; undefined when it is too long to keep. @throws AwsError */
export const sealText = async (
  text: string,
  userId: string,
  context: string,
  nowMs: number = Date.now(),
): Promise<SealedText | undefined> => {
  if (Buffer.byteLength(text) > maxTextBytes) return undefined;
  const { plaintext, wrapped } = await keyFor(userId, nowMs);
  const sealed = seal(
    zlib().deflateRawSync(text, { level: 1 }),
    plaintext,
    additionalData(["answer", userId, context]),
  );
  plaintext.fill(0);
  return sealed.ciphertext.length > maxCiphertextCharacters ? undefined : { wrappedKey: wrapped, ...sealed };
};

/** Opens what `sealText` made. @throws SealBroken, AwsError */
export const openText = async (sealed: SealedText, userId: string, context: string): Promise<string> => {
  const key = await unwrapDataKey(sealed.wrappedKey, owner(userId), 1);
  try {
    return zlib()
      .inflateRawSync(open(sealed, key, additionalData(["answer", userId, context])), {
        // A row that was tampered with does not open; this bounds what an honest one may hold.
        maxOutputLength: maxTextBytes,
      })
      .toString("utf8");
  } finally {
    key.fill(0);
  }
};

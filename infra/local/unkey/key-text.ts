import { hash, randomBytes } from "node:crypto";

const alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const visibleCharacters = 4;

const base58 = (bytes: Buffer): string => {
  let rest = BigInt(`0x${bytes.toString("hex")}`);
  let text = "";
  for (; rest > 0n; rest /= 58n) text = alphabet.charAt(Number(rest % 58n)) + text;
  return text;
};

/** A new id such as `key_4XUk…`. */
export const newUnkeyId = (kind: "key" | "id" | "rl" | "req"): string => `${kind}_${base58(randomBytes(12))}`;

/** A new key, `prefix_base58`, and what of it may be shown later: the prefix and 4 characters. */
export const newKeyText = (prefix: string | undefined, byteLength: number): { key: string; start: string } => {
  const secret = base58(randomBytes(byteLength));
  const before = prefix === undefined ? "" : `${prefix}_`;
  return { key: before + secret, start: before + secret.slice(0, visibleCharacters) };
};

/** What is stored of a key: its SHA-256 in base64. */
export const keyHash = (key: string): string => hash("sha256", key, "base64");

import { createHash, randomBytes } from "node:crypto";

const digest = (nonce: string, text: string): string =>
  createHash("sha256").update(`${nonce}:${text}`).digest("base64url");

/** Seals a text as providers seal a model's thoughts, so that a caller who changes one on its way back is found out. */
export const sign = (text: string): string => {
  const nonce = randomBytes(6).toString("base64url");
  return Buffer.from(`${nonce}.${digest(nonce, text)}`).toString("base64");
};

/** Whether `sign` made this signature for this text. */
export const isSignatureOf = (text: string, signature: string): boolean => {
  const [nonce = "", found] = Buffer.from(signature, "base64").toString().split(".");
  return found === digest(nonce, text);
};

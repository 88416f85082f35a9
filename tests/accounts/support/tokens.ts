import { createHmac, createPrivateKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Browser } from "./gateway.ts";

/** Sessions as cookies hold them, and access tokens of a test's own making. */

export interface StoredSession extends Readonly<Record<string, unknown>> {
  readonly access_token: string;
  readonly refresh_token: string;
}

const cookieName = (browser: Browser): string => {
  const [name] = browser.cookies.keys();
  if (name === undefined) throw new Error("The browser has no session");
  return name.replace(/\.\d+$/, "");
};

/** The session that a browser's cookies hold, chunked or not. */
export const sessionOf = (browser: Browser): StoredSession => {
  const name = cookieName(browser);
  const chunks = [...browser.cookies.keys()].filter((key) => key.startsWith(`${name}.`)).length;
  const value =
    browser.cookies.get(name) ??
    Array.from({ length: chunks }, (_, index) => browser.cookies.get(`${name}.${index}`) ?? "").join("");
  return JSON.parse(Buffer.from(value.replace(/^base64-/, ""), "base64url").toString()) as StoredSession;
};

/** Puts a session of a test's making into a browser's cookies, in one piece. */
export const putSession = (browser: Browser, session: object | string): void => {
  const name = cookieName(browser);
  for (const key of [...browser.cookies.keys()]) if (key.startsWith(name)) browser.cookies.delete(key);
  const text = typeof session === "string" ? session : JSON.stringify(session);
  browser.cookies.set(name, `base64-${Buffer.from(text).toString("base64url")}`);
};

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

export const claimsOf = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as Record<string, unknown>;

export const headerOf = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split(".")[0] ?? "", "base64url").toString()) as Record<string, unknown>;

/** The private key with which the stand-in signs now. */
export const signingKey = (dataFile: string): { readonly kid: string; readonly key: KeyObject } => {
  const { signingKeys } = JSON.parse(readFileSync(dataFile, "utf8")) as {
    readonly signingKeys: readonly { readonly kid: string; readonly privateJwk: Record<string, string> }[];
  };
  const last = signingKeys.at(-1);
  if (last === undefined) throw new Error("There is no signing key");
  return { kid: last.kid, key: createPrivateKey({ key: last.privateJwk, format: "jwk" }) };
};

export const foreignKey = (): KeyObject => generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;

/** A token signed by ES256. */
export const signToken = (header: object, claims: object, key: KeyObject): string => {
  const unsigned = `${encode(header)}.${encode(claims)}`;
  const signature = sign("sha256", Buffer.from(unsigned), { key, dsaEncoding: "ieee-p1363" });
  return `${unsigned}.${signature.toString("base64url")}`;
};

/** A token without a signature. */
export const unsignedToken = (header: object, claims: object): string => `${encode(header)}.${encode(claims)}.`;

/** A token signed by HS256 with any text as its secret. */
export const hmacToken = (header: object, claims: object, secret: string | Buffer): string => {
  const unsigned = `${encode(header)}.${encode(claims)}`;
  return `${unsigned}.${createHmac("sha256", secret).update(unsigned).digest("base64url")}`;
};

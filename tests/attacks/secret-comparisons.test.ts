import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { hashKey } from "#core/db/key-marks.ts";
import { type Node, nodesIn, sourceFiles, sourceOf } from "./support/source.ts";

/**
 * No secret is compared by us in a time that depends on how much of it is right: keys are looked up by their hash, judged
 * by Unkey and Supabase, and sealed under authenticated encryption. Shown by the source itself, since a clock cannot.
 */

/** Comparisons that only look like one of a secret. */
const harmless: Readonly<Record<string, string>> = {
  "core/auth/key-format.ts: apiKey !== bearer": "two headers of the same caller",
  "core/config.ts: value !== unsetSecret": "a placeholder, which is public",
  "core/idempotency/idempotency.ts: row.bodyHash !== bodyHash": "hashes of the caller's own bodies",
  "core/usage/request-page.ts: event.keyId === key": "ids of keys, which are public",
  "core/usage/request-page.ts: row.keyId === key": "ids of keys, which are public",
  "functions/requests.ts: query.key !== key": "ids of keys, which are public",
  "functions/dashboard/is-current.ts: tag === etag": "the page's own ETag, which is public",
};

const secretName = /(apikey|secret|token|password|signature|credential|bearer|hash|digest|tag|nonce|^key|rootkey)$/i;

const nameOf = (node: unknown): string => {
  const { type, name, property, expression } = node as Node;
  if (type === "Identifier") return String(name);
  if (type === "MemberExpression") return nameOf(property);
  if (type === "TSNonNullExpression" || type === "ChainExpression") return nameOf(expression);
  return "";
};

const isSecret = (node: unknown): boolean => secretName.test(nameOf(node));

/** What a value is only checked to be there with. */
const saysNothing = (node: unknown): boolean => {
  const { type, name, operator } = node as Node;
  return type === "Literal" || (type === "Identifier" && name === "undefined") || operator === "typeof";
};

const equality: ReadonlySet<unknown> = new Set(["===", "!==", "==", "!="]);
const comparingMethods: ReadonlySet<string> = new Set([
  "equals",
  "compare",
  "localeCompare",
  "startsWith",
  "endsWith",
  "includes",
  "indexOf",
]);

const comparesSecrets = (node: Node): boolean => {
  if (node.type === "BinaryExpression" && equality.has(node.operator)) {
    const { left, right } = node;
    return !saysNothing(left) && !saysNothing(right) && (isSecret(left) || isSecret(right));
  }
  if (node.type !== "CallExpression") return false;
  const [argument] = node.arguments as readonly unknown[];
  return argument !== undefined && comparingMethods.has(nameOf(node.callee)) && isSecret(argument);
};

/** The dashboard's page runs in the browser of whoever has the secret. */
const server = sourceFiles.filter((file) => !file.startsWith("functions/dashboard/page/"));

it("no source compares a secret", () => {
  const found = server.flatMap((file) =>
    [...nodesIn(file)]
      .filter(comparesSecrets)
      .map((node) => `${file}: ${sourceOf(file).slice(Number(node.start), Number(node.end)).replaceAll(/\s+/g, " ")}`),
  );
  expect(found.sort()).toEqual(Object.keys(harmless).sort());
});

it("an API key is found by its SHA-256: what a look-up's time tells is about the hash", () => {
  const key = "ck_3ZLCsHzWnGSkFVaYn2JBGQ7r";
  expect(hashKey(key)).toBe(createHash("sha256").update(key).digest("hex"));
});

import { createHash } from "node:crypto";
import { canonicalJson } from "#core/values/canonical-json.ts";

/**
 * What two requests with one `Idempotency-Key` must have in common: the body as the route's schema parsed it, and the headers
 * that change the answer.
 */

/**
 * Version of a fingerprint. Increment it with each change that gives the same request another fingerprint, such as a new
 * default in a schema or a new name in `answerHeaders`. 1: the body alone. 2: the body and its headers.
 */
export const fingerprintVersion = 2;

/**
 * THE list of request headers that change an answer: its form, its content, who makes it or whose key pays for it. A new header
 * of that kind belongs here. Headers that only say how to get an answer do not: a retry may bring others (`X-Cache`,
 * `X-Cache-TTL`, `X-Retries`, `X-Timeout-Ms`).
 */
export const answerHeaders = [
  "accept",
  "anthropic-beta",
  "anthropic-version",
  "x-fallback",
  "x-guardrails",
  "x-load-balance",
  "x-provider-key",
] as const;

export type RequestHeaders = Readonly<Record<string, string | undefined>>;

/** Spaces around a list's entries mean nothing; `Accept` without a preference is the same as no `Accept`. */
const normalised = (name: string, value: string | undefined): string | undefined => {
  const text = (value ?? "")
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "")
    .join(",");
  return text === "" || (name === "accept" && text === "*/*") ? undefined : text;
};

/** SHA-256 of the request as far as it decides the answer. @param headers by names in lower case */
export const fingerprintOf = (body: unknown, headers: RequestHeaders): string => {
  const counted = Object.fromEntries(answerHeaders.map((name) => [name, normalised(name, headers[name])]));
  return createHash("sha256")
    .update(canonicalJson({ body, headers: counted }))
    .digest("hex");
};

const headerParam = /^(?:x-|anthropic-)|^(?:accept|content-type|idempotency-key)$/i;

/** Whether an error's `param` is a header. The same key and body with a corrected header deserve an answer of their own. */
export const isHeaderParam = (param: string | null): boolean => param !== null && headerParam.test(param);

import type { IncomingHttpHeaders } from "node:http";
import { type FailureKind, ProviderFailure } from "#core/providers/provider.ts";
import { safeMessage } from "#core/providers/safe-message.ts";
import { isRecord, ownValue } from "#core/values/records.ts";

/** The status that Anthropic gives each type of error, for errors that come inside a 200. */
const statusOfType: Readonly<Record<string, number>> = {
  invalid_request_error: 400,
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  conflict_error: 409,
  request_too_large: 413,
  rate_limit_error: 429,
  api_error: 500,
  timeout_error: 504,
  overloaded_error: 529,
};

/** `error.details.error_code` values that say more than their status does (SDK 1.12). */
const kindOfCode: Readonly<Record<string, FailureKind>> = {
  enforced_spend_limit_reached: "quota",
  contract_spend_limit_reached: "quota",
  linked_organization_spend_limit_reached: "quota",
  linked_organization_billing_unavailable: "quota",
  organization_on_hold: "auth",
};

/** An empty account and an own spend limit are a 400 without a code of their own: only the words tell. */
const quotaWords = ["credit balance is too low", "specified api usage limits"];

const kindOfStatus = (status: number): FailureKind => {
  if (status === 401 || status === 403) return "auth";
  if (status === 402) return "quota";
  if (status === 429) return "rate-limit";
  if (status === 408) return "timeout";
  // 409 is a conflict between requests in flight, which Anthropic's SDK retries.
  if (status === 409 || status >= 500) return "server";
  return status >= 400 ? "request" : "malformed";
};

interface ErrorFacts {
  readonly type: string | undefined;
  readonly code: string | undefined;
  readonly message: string | undefined;
}

const readError = (error: unknown): ErrorFacts => {
  const facts = isRecord(error) ? error : {};
  const details = isRecord(facts.details) ? facts.details : {};
  return {
    type: typeof facts.type === "string" ? safeMessage(facts.type) : undefined,
    code: typeof details.error_code === "string" ? safeMessage(details.error_code) : undefined,
    message: typeof facts.message === "string" ? safeMessage(facts.message) : undefined,
  };
};

const kindOf = (status: number, { code, message }: ErrorFacts): FailureKind => {
  const byCode = code === undefined ? undefined : ownValue(kindOfCode, code);
  if (byCode !== undefined) return byCode;
  const kind = kindOfStatus(status);
  const words = message?.toLowerCase() ?? "";
  return kind === "request" && quotaWords.some((phrase) => words.includes(phrase)) ? "quota" : kind;
};

const failure = (status: number, facts: ErrorFacts, retryAfterMs?: number): ProviderFailure => {
  const providerCode = facts.code ?? facts.type;
  const named = providerCode === undefined ? "" : ` (${providerCode})`;
  return new ProviderFailure("anthropic", kindOf(status, facts), `Anthropic answered ${status}${named}`, {
    status,
    providerMessage: facts.message,
    providerCode,
    retryAfterMs,
  });
};

/** `retry-after` in seconds or as a date, or Anthropic's finer `retry-after-ms`; undefined when there is none to obey. */
const retryAfterMs = (headers: IncomingHttpHeaders): number | undefined => {
  const exact = Number(headers["retry-after-ms"] ?? Number.NaN);
  if (exact >= 0) return exact;
  const after = headers["retry-after"];
  if (after === undefined) return undefined;
  const seconds = Number(after);
  const ms = Number.isNaN(seconds) ? Date.parse(after) - Date.now() : seconds * 1_000;
  return Number.isNaN(ms) ? undefined : Math.max(0, Math.round(ms));
};

const parseErrorBody = (body: string): unknown => {
  try {
    const parsed: unknown = JSON.parse(body);
    return isRecord(parsed) ? parsed.error : undefined;
  } catch {
    // A proxy's HTML page, say: the status has to do.
    return undefined;
  }
};

/** An answer with another status than 200. */
export const failureFromResponse = (status: number, body: string, headers: IncomingHttpHeaders): ProviderFailure =>
  failure(status, readError(parseErrorBody(body)), retryAfterMs(headers));

/** An error object that came inside a 200: as its body, or as an `error` event of a stream. */
export const failureFromError = (error: unknown): ProviderFailure => {
  const facts = readError(error);
  const type = facts.type ?? "";
  return failure(ownValue(statusOfType, type) ?? 500, facts);
};

/** An answer that is not what the protocol says. The answer itself is never part of the error. */
export const malformed = (message: string): ProviderFailure => new ProviderFailure("anthropic", "malformed", message);

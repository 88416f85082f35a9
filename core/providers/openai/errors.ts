import type { IncomingHttpHeaders } from "node:http";
import type { ChatProviderId } from "#core/catalog/provider-ids.ts";
import { type FailureKind, ProviderFailure } from "#core/providers/provider.ts";
import { safeMessage } from "#core/providers/safe-message.ts";
import { type ErrorFacts, readError } from "./error-facts.ts";
import { errorReaders } from "./error-kinds.ts";

const noMoney =
  /insufficient_quota|credit_balance|spend_limit|usage_limit_exceeded|billing|insufficient balance|^402$|^1008$/i;
const overloaded = /overloaded|unavailable|server_error|timeout|rate_limit|slow_down|too many/i;

const wordsOf = ({ code, type }: ErrorFacts): string => `${code ?? ""} ${type ?? ""}`.trim();

const kindOfStatus = (status: number): FailureKind => {
  if (status === 401 || status === 403) return "auth";
  if (status === 402) return "quota";
  if (status === 408) return "timeout";
  if (status === 429) return "rate-limit";
  if (status >= 500 || status === 409) return "server";
  // A redirect, say, or an empty success: nothing that the caller could change.
  return status >= 400 ? "request" : "malformed";
};

/** An error inside a 200: its code may be a status, else its words have to do. */
const kindOfWords = (error: ErrorFacts, status: number | undefined): FailureKind => {
  const words = wordsOf(error);
  if (noMoney.test(words)) return "quota";
  if (status !== undefined) return kindOfStatus(status);
  if (/rate_limit|slow_down/.test(words)) return "rate-limit";
  if (overloaded.test(words) || error.type === undefined) return "server";
  return /invalid_request|invalid_argument/i.test(words) ? "request" : "server";
};

/** How long a provider asks to wait, ms, by `retry-after-ms` or `retry-after`. */
export const retryAfterMs = (headers: IncomingHttpHeaders, nowMs: number): number | undefined => {
  const exact = Number(headers["retry-after-ms"]);
  if (headers["retry-after-ms"] !== undefined && Number.isFinite(exact) && exact >= 0) return exact;
  const header = headers["retry-after"];
  if (header === undefined) return undefined;
  const seconds = Number(header);
  if (Number.isFinite(seconds) && seconds >= 0) return seconds * 1_000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
};

const parse = (body: string): unknown => {
  try {
    return JSON.parse(body);
  } catch {
    // An HTML page of a proxy, or nothing: the status says enough.
    return undefined;
  }
};

const reportedFacts = (error: ErrorFacts | undefined) => ({
  providerMessage: error?.message === undefined ? undefined : safeMessage(error.message),
  providerCode: error?.code === undefined ? undefined : safeMessage(error.code),
  param: error?.param === undefined ? undefined : safeMessage(error.param),
});

/** A provider's answer with an error status as a failure that routing can decide on. */
export const failureFromResponse = (
  provider: ChatProviderId,
  status: number,
  headers: IncomingHttpHeaders,
  body: string,
  nowMs: number = Date.now(),
): ProviderFailure => {
  const error = readError(parse(body));
  const reading = error === undefined ? {} : (errorReaders[provider]?.(error, status) ?? {});
  const moneyIsOut = error !== undefined && noMoney.test(wordsOf(error));
  const kind = reading.kind ?? (moneyIsOut ? "quota" : kindOfStatus(status));
  return new ProviderFailure(provider, kind, `${provider} answered with status ${status}`, {
    ...reportedFacts(error),
    status,
    retryAfterMs: retryAfterMs(headers, nowMs) ?? reading.retryAfterMs,
    reason: reading.reason,
  });
};

/** An error inside a body or stream that began with status 200. */
export const failureFromBody = (provider: ChatProviderId, body: unknown): ProviderFailure | undefined => {
  const error = readError(body);
  if (error === undefined) return undefined;
  const code = Number(error.code);
  const own = Number.isInteger(code) && code >= 400 && code < 600 ? code : undefined;
  const reading = errorReaders[provider]?.(error, own) ?? {};
  const status = reading.status ?? own;
  return new ProviderFailure(
    provider,
    reading.kind ?? kindOfWords(error, status),
    `${provider} reported an error inside its answer`,
    { ...reportedFacts(error), status, retryAfterMs: reading.retryAfterMs, reason: reading.reason },
  );
};

import type { ChatProviderId } from "#core/catalog/provider-ids.ts";
import { type FailureReason, reasonOf } from "#core/providers/failure-reason.ts";
import type { FailureKind } from "#core/providers/provider.ts";
import { isRecord, ownValue } from "#core/values/records.ts";
import type { ErrorFacts } from "./error-facts.ts";

/** What a provider's error means beyond its HTTP status. */
export interface ErrorReading {
  readonly kind?: FailureKind | undefined;
  /** The status that the error has in its own terms, where it came inside a 200. */
  readonly status?: number | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly reason?: FailureReason | undefined;
}

type Reader = (error: ErrorFacts, status: number | undefined) => ErrorReading;

const listOf = (value: unknown): readonly Readonly<Record<string, unknown>>[] =>
  Array.isArray(value) ? value.filter(isRecord) : [];

const seconds = /^(\d+(?:\.\d+)?)s$/;

/** Google: a day's quota and "limit: 0" do not come back in a minute, and an unknown key is a 400. */
const google: Reader = ({ message = "", type, source }, status) => {
  const details = listOf(source.details);
  const reasons = details.map(({ reason }) => reason);
  if (reasons.includes("API_KEY_INVALID") || /api key (not valid|expired)/i.test(message)) return { kind: "auth" };
  if (status !== 429 && type !== "RESOURCE_EXHAUSTED") return {};
  const quotas = details.flatMap(({ violations }) => listOf(violations)).map(({ quotaId }) => String(quotaId));
  if (quotas.some((id) => /PerDay/i.test(id)) || /limit: 0\b/.test(message)) return { kind: "quota" };
  const delay = details
    .map(({ retryDelay }) => seconds.exec(String(retryDelay))?.[1])
    .find((each) => each !== undefined);
  return { kind: "rate-limit", ...(delay === undefined ? {} : { retryAfterMs: Number(delay) * 1_000 }) };
};

/** xAI: the code is a sentence, an unknown key is a 400, and a 403 may be its verdict on the content. */
const xai: Reader = ({ code = "", message = "" }) => {
  if (/incorrect api key/i.test(message)) return { kind: "auth" };
  if (/violates usage guidelines|SAFETY_CHECK/.test(message))
    return { kind: "request", status: 400, reason: "content_filter" };
  if (/currently unavailable/i.test(code)) return { kind: "server", status: 503 };
  if (/invalid argument/i.test(code)) return { kind: "request", status: 400 };
  return /exhausted/i.test(code) ? { kind: "rate-limit", status: 429 } : {};
};

/**
 * OpenRouter: a 403 is its moderation's or a guardrail's verdict on the input, which no key mends. What the host behind it
 * said is in the metadata.
 */
const openrouter: Reader = ({ code, source }, status) => {
  const own = status ?? Number(code);
  const metadata = isRecord(source.metadata) ? source.metadata : {};
  if (own === 403) return { kind: "request", status: 403, reason: "content_filter" };
  if (own >= 400 && own < 500 && own !== 402 && own !== 429) {
    const facts = { kind: "request", status: own, providerCode: String(metadata.error_type ?? "") } as const;
    const reason = reasonOf({ ...facts, providerMessage: typeof metadata.raw === "string" ? metadata.raw : undefined });
    if (reason !== undefined) return { reason };
  }
  if (metadata.error_type === "rate_limit_exceeded") return { kind: "rate-limit" };
  return metadata.error_type === "provider_overloaded" ? { kind: "server" } : {};
};

const minimaxKinds: Readonly<Record<string, FailureKind>> = {
  1000: "server",
  1001: "timeout",
  1002: "rate-limit",
  1004: "auth",
  1008: "quota",
  1013: "server",
  1024: "server",
  1026: "request",
  1027: "request",
  1033: "server",
  1039: "request",
  1041: "rate-limit",
  1042: "request",
  2013: "request",
  2045: "rate-limit",
  2049: "auth",
  2056: "quota",
  2061: "request",
};

/** MiniMax: codes of `base_resp` (its error code page); the compatible form has the same code at the end of its message. */
const minimax: Reader = ({ code, message = "", type }) => {
  const known = type === "base_resp" ? code : /\((\d{4})\)\s*$/.exec(message)?.[1];
  const isFiltered = known === "1026" || known === "1027";
  return { kind: ownValue(minimaxKinds, known ?? ""), ...(isFiltered ? { reason: "content_filter" } : {}) };
};

/** OpenAI's own words need no more than what all providers have. */
export const errorReaders: Readonly<Partial<Record<ChatProviderId, Reader>>> = {
  google,
  "x-ai": xai,
  openrouter,
  minimax,
};

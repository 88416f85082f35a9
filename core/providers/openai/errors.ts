import type { IncomingHttpHeaders } from "node:http";
import { type ChatProviderId, type FailureKind, ProviderFailure } from "#core/providers/provider.ts";

/** What a provider said went wrong, from any of the shapes that OpenAI-compatible providers use. */
interface ProviderError {
  readonly message: string | undefined;
  readonly code: string | undefined;
  readonly type: string | undefined;
  readonly param: string | undefined;
}

const maxMessageCharacters = 500;

const record = (value: unknown): Readonly<Record<string, unknown>> | undefined =>
  typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;

const text = (value: unknown): string | undefined =>
  typeof value === "string" ? value : typeof value === "number" ? String(value) : undefined;

/** Provider keys have these forms; a provider that quotes one in its message must not pass it on through us. */
const secretShapes = /\b(?:sk|pk|rk|xai|gsk|AIza|key|Bearer)[-_ ][\w*.-]{6,}|AIza[\w-]{10,}/gi;

/** A provider's message as a caller may see it: short and without anything that looks like a key. */
export const safeMessage = (message: string): string =>
  message.slice(0, maxMessageCharacters).replace(secretShapes, "[redacted]");

/** Reads `{error: {…}}`, `{error: "…", code}`, `[{error}]` and MiniMax's `base_resp`; undefined when there is no error in it. */
export const readProviderError = (body: unknown): ProviderError | undefined => {
  const root = record(Array.isArray(body) ? body[0] : body);
  if (root === undefined) return undefined;
  const error = root.error;
  const nested = record(error);
  if (nested !== undefined) {
    return {
      message: text(nested.message),
      code: text(nested.code) ?? text(nested.status),
      type: text(nested.type) ?? text(nested.status),
      param: text(nested.param),
    };
  }
  if (typeof error === "string" && error !== "") {
    return { message: error, code: text(root.code), type: undefined, param: undefined };
  }
  const base = record(root.base_resp);
  if (base !== undefined && base.status_code !== 0 && base.status_code !== undefined) {
    return { message: text(base.status_msg), code: text(base.status_code), type: undefined, param: undefined };
  }
  return undefined;
};

const noMoney =
  /insufficient_quota|credit_balance|spend_limit|usage_limit_exceeded|billing|insufficient balance|^402$|^1008$/i;
const overloaded = /overloaded|unavailable|server_error|timeout|rate_limit|slow_down|too many/i;

const byStatus = (status: number): FailureKind => {
  if (status === 401 || status === 403) return "auth";
  if (status === 402) return "quota";
  if (status === 408) return "timeout";
  if (status === 429) return "rate-limit";
  if (status >= 500 || status === 409) return "server";
  return "request";
};

const retryAfterMs = (headers: IncomingHttpHeaders, nowMs: number): number | undefined => {
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

/** A provider's answer with an error status as a failure that routing can decide on. */
export const failureFromResponse = (
  provider: ChatProviderId,
  status: number,
  headers: IncomingHttpHeaders,
  body: string,
  nowMs: number = Date.now(),
): ProviderFailure => {
  const error = readProviderError(parse(body));
  const moneyIsOut = noMoney.test(`${error?.code ?? ""} ${error?.type ?? ""}`);
  return new ProviderFailure(
    provider,
    moneyIsOut ? "quota" : byStatus(status),
    `${provider} answered with status ${status}`,
    {
      status,
      providerMessage: error?.message === undefined ? undefined : safeMessage(error.message),
      providerCode: error?.code,
      param: error?.param,
      retryAfterMs: retryAfterMs(headers, nowMs),
    },
  );
};

/** An error inside a body or stream that began with status 200. */
export const failureFromBody = (provider: ChatProviderId, body: unknown): ProviderFailure | undefined => {
  const error = readProviderError(body);
  if (error === undefined) return undefined;
  const words = `${error.code ?? ""} ${error.type ?? ""}`;
  const status = Number(error.code);
  const known = Number.isInteger(status) && status >= 400 && status < 600;
  const kind: FailureKind = noMoney.test(words)
    ? "quota"
    : known
      ? byStatus(status)
      : /rate_limit|slow_down|^1002\b/.test(words)
        ? "rate-limit"
        : overloaded.test(words) || error.type === undefined
          ? "server"
          : /invalid_request|invalid_argument/i.test(words)
            ? "request"
            : "server";
  return new ProviderFailure(provider, kind, `${provider} reported an error inside its answer`, {
    status: known ? status : undefined,
    providerMessage: error.message === undefined ? undefined : safeMessage(error.message),
    providerCode: error.code,
    param: error.param,
  });
};

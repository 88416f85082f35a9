import type { Readable } from "node:stream";
import { rateLimitHeaders } from "#core/auth/rate-limit.ts";
import { toUsd } from "#core/catalog/cost.ts";
import type { GatewayError } from "#core/errors.ts";
import type { RequestState } from "./request-state.ts";

/** What an endpoint answers. `json` is serialised; `stream` flows; neither is an empty body. */
export interface EndpointResult {
  readonly status: number;
  readonly json?: unknown;
  readonly text?: string;
  readonly stream?: Readable;
  readonly headers?: Readonly<Record<string, string>>;
  /** The status of a refusal that the protocol wraps in a 200, such as a failed MCP tool: whether a retry may do better. */
  readonly refusedStatus?: number | undefined;
}

/** Lambda's proxy answer, buffered or streamed. */
export interface ProxyResult {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[]>>;
  readonly body: string | Readable;
}

const securityHeaders = {
  "cache-control": "no-store",
  "strict-transport-security": "max-age=63072000; includeSubDomains",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
} as const;

const exposed = [
  "X-Request-ID",
  "Request-Id",
  "X-Client-Request-ID",
  "X-RateLimit-Limit",
  "X-RateLimit-Remaining",
  "X-RateLimit-Reset",
  "X-Budget-Remaining-Usd",
  "X-Model-Used",
  "X-Provider-Used",
  "X-Attempts",
  "X-Cache",
  "X-Warnings",
  "X-Gateway-Overhead-Ms",
  "X-Idempotent-Replay",
  "X-Guardrail-Findings",
  "X-Prompt-Used",
  "X-Council-Drafts",
  "X-Council-Judge",
  "X-Council-Agreement",
  "X-Council-Cost-Usd",
  "X-Should-Retry",
  "Retry-After",
].join(", ");

/** Headers in which OpenAI's and Anthropic's SDKs identify themselves. */
const stainless =
  "arch async custom-poll-interval helper-method lang os package-version poll-helper retry-count runtime runtime-version timeout".split(
    " ",
  );

const allowed = [
  "Authorization",
  "Content-Type",
  "X-API-Key",
  "X-Cache",
  "X-Cache-TTL",
  "X-Fallback",
  "X-Guardrails",
  "X-Load-Balance",
  "X-Provider-Key",
  "X-Request-ID",
  "X-Retries",
  "X-Tags",
  "X-Timeout-Ms",
  "Idempotency-Key",
  "anthropic-beta",
  "anthropic-dangerous-direct-browser-access",
  "anthropic-version",
  "OpenAI-Organization",
  "OpenAI-Project",
  ...stainless.map((name) => `x-stainless-${name}`),
];
const allowedNames: ReadonlySet<string> = new Set(allowed.map((name) => name.toLowerCase()));

/** Whether any origin may call: endpoints that a cookie opens allow none. */
const allowsAnyOrigin = (state: RequestState): boolean =>
  state.route.auth !== "session" && state.route.auth !== "key-or-session" && !state.route.path.startsWith("/api/auth");

const corsHeaders = { "access-control-allow-origin": "*", "access-control-expose-headers": exposed } as const;

/** The caller's own request id. It may hold anything: only what is safe in a header and a log line is echoed and logged. */
export const clientRequestId = ({ headers }: Pick<RequestState, "headers">): string | undefined => {
  const value = headers["x-request-id"] ?? headers["x-client-request-id"];
  return value !== undefined && /^[\x21-\x7e]{1,128}$/.test(value) ? value : undefined;
};

/** The headers that every answer has, errors too. */
const commonHeaders = (state: RequestState): Record<string, string> => {
  const clientId = clientRequestId(state);
  const { budgetLeftPicoUsd } = state;
  return {
    ...securityHeaders,
    ...(allowsAnyOrigin(state) ? corsHeaders : {}),
    "x-request-id": state.requestId,
    ...state.wire.headers(state.requestId),
    ...(clientId === undefined ? {} : { "x-client-request-id": clientId }),
    ...rateLimitHeaders(state.limit),
    ...(budgetLeftPicoUsd === undefined ? {} : { "x-budget-remaining-usd": String(toUsd(budgetLeftPicoUsd)) }),
  };
};

/** An endpoint's answer in Lambda's form. */
export const toProxyResult = (state: RequestState, result: EndpointResult): ProxyResult => {
  state.status = result.status;
  const { json, text, stream } = result;
  const cookies = state.cookies.flatMap((values) => values());
  // The answer to HEAD is that to GET without its body (RFC 9110, section 9.3.2).
  const isHead = state.method === "HEAD";
  if (isHead) stream?.destroy();
  return {
    statusCode: result.status,
    headers: {
      ...commonHeaders(state),
      ...(json === undefined ? {} : { "content-type": "application/json; charset=utf-8" }),
      ...result.headers,
    },
    ...(cookies.length === 0 ? {} : { multiValueHeaders: { "set-cookie": cookies } }),
    body: isHead ? "" : (stream ?? (json === undefined ? (text ?? "") : JSON.stringify(json))),
  };
};

/** An error in Lambda's form: the one place that turns errors into bodies. */
export const toErrorResult = (state: RequestState, error: GatewayError): ProxyResult => {
  state.errorCode = error.code;
  const headers: Record<string, string> = { ...error.headers };
  if (error.retryAfterSeconds !== undefined) headers["retry-after"] = String(error.retryAfterSeconds);
  if (error.shouldRetry !== undefined) headers["x-should-retry"] = String(error.shouldRetry);
  const { wire, requestId } = state;
  return toProxyResult(state, { status: wire.errorStatus(error), json: wire.errorBody(error, requestId), headers });
};

const headerName = /^[\w!#$%&'*+.^`|~-]{1,64}$/;
const maxAskedNames = 64;

/**
 * The headers that a page may send: ours, and those that it asks for, since SDKs add their own and browsers ask for
 * `User-Agent`, too. No origin gets credentials, so no name gives a page more than any program has.
 */
const allowedHeaders = (asked = ""): string => {
  const names = asked.split(",", maxAskedNames).map((name) => name.trim());
  const others = names.filter((name) => headerName.test(name) && !allowedNames.has(name.toLowerCase()));
  return [...allowed, ...others].join(", ");
};

/** The answer to a browser's preflight. */
export const toPreflightResult = (state: RequestState): ProxyResult =>
  toProxyResult(state, {
    status: 204,
    headers: {
      "access-control-allow-methods": [...state.route.methods, "OPTIONS"].join(", "),
      "access-control-allow-headers": allowedHeaders(state.headers["access-control-request-headers"]),
      "access-control-max-age": "86400",
      vary: "Access-Control-Request-Headers",
    },
  });

export const answersPreflight = allowsAnyOrigin;

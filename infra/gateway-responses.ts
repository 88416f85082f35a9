import type { ErrorCode, ErrorType } from "#core/errors.ts";

/**
 * What API Gateway itself answers (a request that reaches no function, or a function that fails), in our one error
 * envelope. SST deploys this table as gateway responses, and the local gateway renders the very same templates.
 * Source of names and default statuses: API Gateway developer guide, "Gateway response types".
 */

interface GatewayResponseRow {
  /** Absent: API Gateway's own status stays (the DEFAULT_* rows serve several). */
  readonly status?: number;
  readonly code: ErrorCode;
  readonly type: ErrorType;
  readonly message: string;
  /** Seconds, for `Retry-After` and `details.retryAfter`. */
  readonly retryAfterSeconds?: number;
}

const invalid = "invalid_request_error";

export const gatewayResponses = {
  DEFAULT_4XX: { code: "BAD_REQUEST", type: invalid, message: "The gateway could not accept this request." },
  // Also what a throttled function becomes: Lambda's 429 reaches callers as a 500, which a second try may change.
  DEFAULT_5XX: {
    code: "INTERNAL_ERROR",
    type: "api_error",
    message: "The gateway's function failed.",
    retryAfterSeconds: 1,
  },
  ACCESS_DENIED: { status: 403, code: "FORBIDDEN", type: "permission_error", message: "Access denied." },
  EXPIRED_TOKEN: { status: 403, code: "FORBIDDEN", type: "permission_error", message: "The token has expired." },
  INVALID_SIGNATURE: { status: 403, code: "FORBIDDEN", type: "permission_error", message: "Access denied." },
  WAF_FILTERED: { status: 403, code: "FORBIDDEN", type: "permission_error", message: "This request was blocked." },
  // API Gateway's name for a path or method outside the API: to a caller it is simply not there.
  MISSING_AUTHENTICATION_TOKEN: {
    status: 404,
    code: "NOT_FOUND",
    type: invalid,
    message: "There is nothing at this path.",
  },
  RESOURCE_NOT_FOUND: { status: 404, code: "NOT_FOUND", type: invalid, message: "There is nothing at this path." },
  REQUEST_TOO_LARGE: {
    status: 413,
    code: "PAYLOAD_TOO_LARGE",
    type: invalid,
    message: "The request is too large: at most 5 MB.",
  },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    code: "UNSUPPORTED_MEDIA_TYPE",
    type: invalid,
    message:
      "This content type or content coding is not supported. Send JSON, plain or compressed with gzip or deflate.",
  },
  THROTTLED: {
    status: 429,
    code: "RATE_LIMIT_EXCEEDED",
    type: "rate_limit_error",
    message: "Too many requests for the whole gateway.",
    retryAfterSeconds: 1,
  },
  QUOTA_EXCEEDED: {
    status: 429,
    code: "RATE_LIMIT_EXCEEDED",
    type: "rate_limit_error",
    message: "The quota of this gateway is used up.",
    retryAfterSeconds: 60,
  },
  INTEGRATION_FAILURE: {
    status: 504,
    code: "INTERNAL_ERROR",
    type: "api_error",
    message: "The gateway's function could not be reached.",
    retryAfterSeconds: 1,
  },
  INTEGRATION_TIMEOUT: {
    status: 504,
    code: "INTERNAL_ERROR",
    type: "api_error",
    message: "The gateway's function did not answer in time.",
  },
} as const satisfies Record<string, GatewayResponseRow>;

/** API Gateway's name of a response that it makes itself. */
export type GatewayResponseKind = keyof typeof gatewayResponses;

const rowOf = (kind: GatewayResponseKind): GatewayResponseRow => gatewayResponses[kind];

/** The body's template in API Gateway's syntax: `$context.requestId` is filled in at the time of the answer. */
export const gatewayResponseTemplate = (kind: GatewayResponseKind): string => {
  const { code, type, message, retryAfterSeconds } = rowOf(kind);
  const details = {
    requestId: "$context.requestId",
    ...(retryAfterSeconds === undefined ? {} : { retryAfter: retryAfterSeconds }),
  };
  return JSON.stringify({ error: { code, message, type, param: null, details } });
};

/** Headers in API Gateway's syntax: a name to `'a static value'` in quotes or to a `context.` variable. */
export const gatewayResponseHeaders = (kind: GatewayResponseKind): Readonly<Record<string, string>> => {
  const { retryAfterSeconds } = rowOf(kind);
  return {
    "X-Request-ID": "context.requestId",
    "Access-Control-Allow-Origin": "'*'",
    "Access-Control-Expose-Headers": "'X-Request-ID,Retry-After'",
    "Cache-Control": "'no-store'",
    ...(retryAfterSeconds === undefined ? {} : { "Retry-After": `'${retryAfterSeconds}'` }),
  };
};

export interface GatewayResponseContext {
  readonly requestId: string;
  /** The status that API Gateway would answer by itself; used by rows without one. */
  readonly status: number;
}

/** An answer that no function had a part in. */
export interface GatewayResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Renders a row as API Gateway would, for the local gateway. */
export const renderGatewayResponse = (kind: GatewayResponseKind, context: GatewayResponseContext): GatewayResponse => {
  const headers: Record<string, string> = { "Content-Type": "application/json" };
  for (const [name, value] of Object.entries(gatewayResponseHeaders(kind))) {
    headers[name] = value === "context.requestId" ? context.requestId : value.slice(1, -1);
  }
  return {
    status: rowOf(kind).status ?? context.status,
    headers,
    body: gatewayResponseTemplate(kind).replaceAll("$context.requestId", context.requestId),
  };
};

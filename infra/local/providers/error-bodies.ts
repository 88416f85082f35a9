import type { JsonObject } from "./json.ts";
import type { ProviderRefusal } from "./refusal.ts";

/** A provider's own JSON for a refusal. Google's is an array. */
export type ErrorBody = (refusal: ProviderRefusal, requestId: string) => JsonObject | readonly JsonObject[];

const openaiType = ({ status, code }: ProviderRefusal): string => {
  if (code === "insufficient_quota") return "insufficient_quota";
  if (status === 429) return code === "slow_down" ? "rate_limit_error" : "requests";
  return status >= 500 ? "server_error" : "invalid_request_error";
};

const openaiCodes: Readonly<Record<number, string>> = {
  404: "model_not_found",
  429: "rate_limit_exceeded",
  503: "server_is_overloaded",
};

export const openaiError: ErrorBody = (refusal) => ({
  error: {
    message: refusal.message,
    type: openaiType(refusal),
    param: refusal.param ?? null,
    code: refusal.code ?? openaiCodes[refusal.status] ?? null,
  },
});

const anthropicTypes: Readonly<Record<number, string>> = {
  401: "authentication_error",
  402: "billing_error",
  403: "permission_error",
  404: "not_found_error",
  409: "conflict_error",
  413: "request_too_large",
  429: "rate_limit_error",
  500: "api_error",
  504: "timeout_error",
  529: "overloaded_error",
};

export const anthropicError: ErrorBody = (refusal, requestId) => ({
  type: "error",
  error: {
    type: anthropicTypes[refusal.status] ?? (refusal.status >= 500 ? "api_error" : "invalid_request_error"),
    message: refusal.message,
    ...(refusal.code === undefined ? {} : { details: { error_code: refusal.code } }),
  },
  request_id: requestId,
});

const googleStatuses: Readonly<Record<number, string>> = {
  400: "INVALID_ARGUMENT",
  401: "UNAUTHENTICATED",
  403: "PERMISSION_DENIED",
  404: "NOT_FOUND",
  429: "RESOURCE_EXHAUSTED",
  500: "INTERNAL",
  503: "UNAVAILABLE",
  504: "DEADLINE_EXCEEDED",
};

const googleDetails = ({ status, code, retryAfterSeconds }: ProviderRefusal): readonly JsonObject[] => {
  if (code === "API_KEY_INVALID")
    return [{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: code, domain: "googleapis.com" }];
  if (status !== 429) return [];
  const quotaId = `GenerateRequests${code ?? "PerMinute"}PerProjectPerModel`;
  return [
    { "@type": "type.googleapis.com/google.rpc.QuotaFailure", violations: [{ quotaId }] },
    { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: `${retryAfterSeconds ?? 1}s` },
  ];
};

export const googleError: ErrorBody = (refusal) => [
  {
    error: {
      code: refusal.status,
      message: refusal.message,
      status: googleStatuses[refusal.status] ?? (refusal.status >= 500 ? "INTERNAL" : "FAILED_PRECONDITION"),
      details: googleDetails(refusal),
    },
  },
];

const xaiCodes: Readonly<Record<number, string>> = {
  400: "Client specified an invalid argument",
  401: "Unauthenticated",
  403: "The caller does not have permission to execute the specified operation",
  404: "Some requested entity was not found",
  429: "Some resource has been exhausted",
  503: "The service is currently unavailable",
};

export const xaiError: ErrorBody = (refusal) => ({
  code: refusal.code ?? xaiCodes[refusal.status] ?? "Internal error",
  error: refusal.message,
});

export const openrouterError: ErrorBody = (refusal) => ({
  error: {
    code: refusal.status,
    message: refusal.message,
    ...(refusal.code === undefined ? {} : { metadata: { error_type: refusal.code } }),
  },
});

const minimaxTypes: Readonly<Record<number, string>> = {
  400: "bad_request_error",
  401: "authorized_error",
  429: "rate_limit_error",
};

export const minimaxError: ErrorBody = (refusal, requestId) => ({
  type: "error",
  error: {
    type: minimaxTypes[refusal.status] ?? (refusal.status >= 500 ? "server_error" : "bad_request_error"),
    message: refusal.message,
    http_code: String(refusal.status),
  },
  request_id: requestId,
});

const minimaxStatusCodes: Readonly<Record<number, number>> = { 400: 2013, 401: 1004, 402: 1008, 429: 1002 };

/** MiniMax's native form, which comes with HTTP 200. */
export const minimaxErrorInside200: ErrorBody = (refusal) => ({
  base_resp: { status_code: minimaxStatusCodes[refusal.status] ?? 1000, status_msg: refusal.message },
});

/** OpenRouter's form of an error after the stream began: a chunk with an error in it. */
export const openrouterErrorChunk: ErrorBody = (refusal, requestId) => ({
  id: requestId,
  object: "chat.completion.chunk",
  created: Math.floor(Date.now() / 1_000),
  model: "simulated",
  ...(openrouterError(refusal, requestId) as JsonObject),
  choices: [{ index: 0, delta: { content: "" }, finish_reason: "error", native_finish_reason: "error" }],
});

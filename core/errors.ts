import "#function";

/**
 * The one error type that may be shown to a caller, and the table of its codes.
 * Anything that is not a `GatewayError` is logged and answered as `INTERNAL_ERROR`.
 */

/** `type` values that OpenAI's SDKs and their users know. */
export type ErrorType =
  | "invalid_request_error"
  | "authentication_error"
  | "permission_error"
  | "rate_limit_error"
  | "insufficient_quota"
  | "api_error";

interface ErrorKind {
  readonly status: number;
  readonly type: ErrorType;
  /** Whether the same request may succeed later without a change by the caller. */
  readonly retryable: boolean;
}

const kind = (status: number, type: ErrorType, retryable = false): ErrorKind => ({ status, type, retryable });

/** Every code of the contract with its HTTP status. */
export const errorKinds = {
  UNAUTHORIZED: kind(401, "authentication_error"),
  INVALID_API_KEY: kind(401, "authentication_error"),
  FORBIDDEN: kind(403, "permission_error"),
  BAD_REQUEST: kind(400, "invalid_request_error"),
  MISSING_REQUIRED_FIELD: kind(400, "invalid_request_error"),
  INVALID_MODEL: kind(400, "invalid_request_error"),
  INVALID_MESSAGE_LENGTH: kind(400, "invalid_request_error"),
  STREAMING_REQUIRED: kind(400, "invalid_request_error"),
  GUARDRAIL_BLOCKED: kind(400, "invalid_request_error"),
  RATE_LIMIT_EXCEEDED: kind(429, "rate_limit_error", true),
  SPEND_LIMIT_EXCEEDED: kind(402, "insufficient_quota"),
  BUDGET_EXCEEDED: kind(402, "insufficient_quota"),
  MODEL_UNAVAILABLE: kind(503, "api_error", true),
  INTERNAL_ERROR: kind(500, "api_error", true),
  NOT_FOUND: kind(404, "invalid_request_error"),
  METHOD_NOT_ALLOWED: kind(405, "invalid_request_error"),
  CONFLICT: kind(409, "invalid_request_error", true),
  PAYLOAD_TOO_LARGE: kind(413, "invalid_request_error"),
  UNSUPPORTED_MEDIA_TYPE: kind(415, "invalid_request_error"),
  IDEMPOTENCY_MISMATCH: kind(422, "invalid_request_error"),
  NOT_IMPLEMENTED: kind(501, "api_error"),
  PROVIDER_ERROR: kind(502, "api_error", true),
  PROVIDER_AUTH_FAILED: kind(502, "api_error"),
  PROVIDER_TIMEOUT: kind(504, "api_error", true),
  SERVICE_UNAVAILABLE: kind(503, "api_error", true),
  // OpenAI's own codes, which clients match, for what any provider refuses so.
  context_length_exceeded: kind(400, "invalid_request_error"),
  content_filter: kind(400, "invalid_request_error"),
  insufficient_quota: kind(429, "insufficient_quota"),
  model_not_found: kind(404, "invalid_request_error"),
  tool_schema_invalid: kind(400, "invalid_request_error"),
  tool_choice_invalid: kind(400, "invalid_request_error"),
  tool_call_id_mismatch: kind(400, "invalid_request_error"),
  tool_unsupported_for_model: kind(400, "invalid_request_error"),
  tool_call_invalid_arguments: kind(400, "invalid_request_error"),
  tool_provider_error: kind(502, "invalid_request_error", true),
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof errorKinds;

export interface ErrorOptions {
  /** Path of the offending field, such as `messages[0].content`. */
  readonly param?: string | undefined;
  /** Machine-readable facts. Never a secret, a prompt or an answer. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  /** Overrides the code's status, for a provider's own 400 or 429. */
  readonly status?: number | undefined;
  /** Seconds, for `Retry-After` and `details.retryAfter`. */
  readonly retryAfterSeconds?: number | undefined;
  /** Overrides whether the caller's SDK should try again (`x-should-retry`). */
  readonly shouldRetry?: boolean | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** For the log only. It must not carry a secret. */
  readonly cause?: unknown;
}

/** The one envelope of every error, read by the platform's clients and OpenAI's SDKs alike. */
export interface ErrorBody {
  readonly error: {
    readonly code: ErrorCode;
    readonly message: string;
    readonly type: ErrorType;
    readonly param: string | null;
    readonly details: Readonly<Record<string, unknown>>;
  };
}

/** An error that the caller may see. Fields: each is a part of the public error body or its headers. */
export class GatewayError extends Error {
  override readonly name = "GatewayError";
  readonly code: ErrorCode;
  readonly status: number;
  readonly type: ErrorType;
  readonly param: string | null;
  readonly details: Readonly<Record<string, unknown>>;
  readonly retryAfterSeconds: number | undefined;
  readonly shouldRetry: boolean | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    const { status, type } = errorKinds[code];
    this.code = code;
    this.status = options.status ?? status;
    this.type = options.status === 429 ? "rate_limit_error" : options.status === 400 ? "invalid_request_error" : type;
    this.param = options.param ?? null;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.details =
      options.retryAfterSeconds === undefined
        ? (options.details ?? {})
        : { ...options.details, retryAfter: options.retryAfterSeconds };
    this.shouldRetry = options.shouldRetry;
    this.headers = options.headers ?? {};
  }

  toBody(): ErrorBody {
    const { code, message, type, param, details } = this;
    return { error: { code, message, type, param, details } };
  }
}

/** A service that the gateway depends on (DynamoDB, KMS, Unkey, Supabase) failed. `transient` when a later attempt may succeed. */
export abstract class DependencyError extends Error {
  abstract readonly transient: boolean;
}

const dependencyRetryAfterSeconds = 5;

/**
 * Turns anything thrown into a `GatewayError`: an unavailable dependency is a 503, and anything unknown becomes a bare
 * `INTERNAL_ERROR` with the original as its cause.
 */
export const toGatewayError = (thrown: unknown): GatewayError => {
  if (thrown instanceof GatewayError) return thrown;
  if (thrown instanceof DependencyError && thrown.transient) {
    return new GatewayError("SERVICE_UNAVAILABLE", "A required service is unavailable. Try again in a few seconds.", {
      retryAfterSeconds: dependencyRetryAfterSeconds,
      cause: thrown,
    });
  }
  return new GatewayError(
    "INTERNAL_ERROR",
    "Something went wrong on our side. Our logs have the details under the request id.",
    {
      cause: thrown,
    },
  );
};

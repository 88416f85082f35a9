import type { AttemptRecord } from "#core/db/usage-events.ts";
import { type ErrorCode, type ErrorOptions, GatewayError } from "#core/errors.ts";
import type { FailureReason } from "#core/providers/failure-reason.ts";
import { type FailureKind, ProviderFailure } from "#core/providers/provider.ts";
import { isTransient } from "#core/routing/retry.ts";

/** Turns the last provider failure of a request into the error that its caller sees. */

/** Statuses of a provider's own refusal that the caller gets unchanged. */
const keptStatuses: ReadonlySet<number> = new Set([400, 404, 413, 422]);

export interface FailureContext {
  /** The key that failed is the caller's own. */
  readonly byok: boolean;
  /** The attempts that led to this failure. */
  readonly attempts: readonly AttemptRecord[];
  /** More than one target was there to try. */
  readonly fellBack: boolean;
  readonly hasTools: boolean;
}

/** A failure outside any list of attempts: one call that is not retried. */
export const singleCall = (byok: boolean): FailureContext => ({
  byok,
  attempts: [],
  fellBack: false,
  hasTools: false,
});

interface Verdict extends Pick<ErrorOptions, "status" | "retryAfterSeconds" | "shouldRetry"> {
  readonly code: ErrorCode;
  readonly message: string;
}

type Judge = (failure: ProviderFailure, context: FailureContext) => Verdict;

const wording = (failure: ProviderFailure): string =>
  failure.providerMessage === undefined ? failure.message : `${failure.provider}: ${failure.providerMessage}`;

const authMessage = ({ provider, status, handedOver, providerMessage }: ProviderFailure, byok: boolean): string => {
  // Of a role of AWS that was not assumed: its owner alone can change it.
  if (!handedOver && providerMessage !== undefined) return providerMessage;
  if (status === undefined) return `No key is configured for ${provider}. Store your own as a provider key.`;
  return byok
    ? `${provider} rejected your stored provider key.`
    : `${provider} rejected the platform's key. This is a problem on our side.`;
};

const timedOut: Judge = ({ provider }) => ({
  code: "PROVIDER_TIMEOUT",
  message: `${provider} did not respond in time.`,
  shouldRetry: false,
});

const failed: Judge = (failure, { attempts, hasTools }) => {
  if (hasTools && attempts.length === 1 && failure.kind === "malformed") {
    return { code: "tool_provider_error", message: wording(failure) };
  }
  if (attempts.length <= 1) return { code: "PROVIDER_ERROR", message: wording(failure) };
  const message = `The model failed ${attempts.length} times. Last failure: ${wording(failure)}`;
  return { code: "MODEL_UNAVAILABLE", message, shouldRetry: false };
};

const byKind: Readonly<Record<FailureKind, Judge>> = {
  // The gateway has already waited and retried; the provider's own 429 keeps its status and message.
  "rate-limit": (failure, { attempts }) => ({
    code: "PROVIDER_ERROR",
    message: wording(failure),
    status: 429,
    retryAfterSeconds: Math.max(1, Math.ceil((failure.retryAfterMs ?? 1_000) / 1_000)),
    ...(attempts.length > 1 ? { shouldRetry: false } : {}),
  }),
  timeout: timedOut,
  aborted: timedOut,
  auth: (failure, { byok }) => ({ code: "PROVIDER_AUTH_FAILED", message: authMessage(failure, byok) }),
  quota: (failure) => ({ code: "PROVIDER_ERROR", message: wording(failure), shouldRetry: false }),
  request: (failure) => ({
    code: "PROVIDER_ERROR",
    message: wording(failure),
    status: failure.status !== undefined && keptStatuses.has(failure.status) ? failure.status : 400,
    shouldRetry: false,
  }),
  network: failed,
  server: failed,
  malformed: failed,
};

/** A refusal that OpenAI has a code for. The platform's own empty account is no fault of the caller's. */
const refused = (failure: ProviderFailure, reason: FailureReason, { byok }: FailureContext): Verdict => {
  const { status } = failure;
  const kept = status !== undefined && keptStatuses.has(status) ? { status } : {};
  const own = reason === "insufficient_quota" ? (byok ? {} : { status: 502 }) : kept;
  return { code: reason, message: wording(failure), shouldRetry: false, ...own };
};

const judge: Judge = (failure, context) => {
  // The model's arguments broke the tool's strict schema on every attempt.
  if (failure.providerCode === "tool_call_invalid_arguments") {
    return { code: "tool_call_invalid_arguments", message: wording(failure), shouldRetry: false };
  }
  if (context.fellBack && isTransient(failure)) {
    const message = `The model and every fallback failed. Last failure: ${wording(failure)}`;
    return { code: "MODEL_UNAVAILABLE", message, shouldRetry: false };
  }
  if (failure.reason !== undefined) return refused(failure, failure.reason, context);
  return byKind[failure.kind](failure, context);
};

const attemptDetails = (attempts: readonly AttemptRecord[]): readonly Record<string, unknown>[] =>
  attempts.map(({ model, provider, result, status, latencyMs }) => ({
    model,
    provider,
    result,
    status: status ?? null,
    latencyMs,
  }));

/** The error for the caller. It keeps what the provider said and never contains a secret. */
export const failureToError = (failure: ProviderFailure, context: FailureContext): GatewayError => {
  const { code, message, ...options } = judge(failure, context);
  return new GatewayError(code, message, {
    ...options,
    ...(failure.param === undefined ? {} : { param: failure.param }),
    details: {
      provider: failure.provider,
      status: failure.status ?? null,
      providerCode: failure.providerCode ?? null,
      byok: context.byok,
      ...(context.attempts.length > 1 ? { attempts: attemptDetails(context.attempts) } : {}),
    },
    cause: failure,
  });
};

/** The provider's failure behind an error, or undefined when there is none. */
export const failureBehind = (thrown: unknown): ProviderFailure | undefined => {
  const failure = thrown instanceof GatewayError ? thrown.cause : thrown;
  return failure instanceof ProviderFailure ? failure : undefined;
};

import type { AttemptRecord } from "#core/db/usage-events.ts";
import { type ErrorCode, GatewayError } from "#core/errors.ts";
import type { ProviderFailure } from "#core/providers/provider.ts";
import { isPassing } from "./retry.ts";

/** Statuses of a provider's own refusal that stay what they are. */
const keptStatuses: ReadonlySet<number> = new Set([400, 404, 413, 422]);

const wording = (failure: ProviderFailure): string =>
  failure.providerMessage === undefined ? failure.message : `${failure.provider}: ${failure.providerMessage}`;

interface Context {
  readonly byok: boolean;
  readonly attempts: readonly AttemptRecord[];
  /** More than one model was tried. */
  readonly fellBack: boolean;
  readonly hasTools: boolean;
}

const attemptDetails = (attempts: readonly AttemptRecord[]): readonly Record<string, unknown>[] =>
  attempts.map(({ model, provider, result, status, latencyMs }) => ({
    model,
    provider,
    result,
    status: status ?? null,
    latencyMs,
  }));

/** The last failure of a request, as its caller sees it. It never hides what the provider said, nor shows a secret. */
export const failureToError = (failure: ProviderFailure, context: Context): GatewayError => {
  const { attempts, byok } = context;
  const details = {
    provider: failure.provider,
    status: failure.status ?? null,
    providerCode: failure.providerCode ?? null,
    ...(attempts.length > 1 ? { attempts: attemptDetails(attempts) } : {}),
  };
  const error = (code: ErrorCode, message: string, status?: number, retryAfterMs?: number, shouldRetry?: boolean) =>
    new GatewayError(code, message, {
      details,
      ...(failure.param === undefined ? {} : { param: failure.param }),
      ...(status === undefined ? {} : { status }),
      ...(retryAfterMs === undefined ? {} : { retryAfterSeconds: Math.max(1, Math.ceil(retryAfterMs / 1_000)) }),
      ...(shouldRetry === undefined ? {} : { shouldRetry }),
      cause: failure,
    });
  // The model's arguments broke the tool's strict schema, try after try.
  if (failure.providerCode === "tool_call_invalid_arguments") {
    return error("tool_call_invalid_arguments", wording(failure), undefined, undefined, false);
  }
  if (context.fellBack && isPassing(failure)) {
    return error(
      "MODEL_UNAVAILABLE",
      `The model and every fallback failed. Last: ${wording(failure)}`,
      undefined,
      undefined,
      false,
    );
  }
  switch (failure.kind) {
    case "rate-limit":
      // Ours to wait for was tried; the provider's own 429 keeps its status and message.
      return error(
        "PROVIDER_ERROR",
        wording(failure),
        429,
        failure.retryAfterMs ?? 1_000,
        attempts.length > 1 ? false : undefined,
      );
    case "timeout":
    case "aborted":
      return error("PROVIDER_TIMEOUT", `${failure.provider} did not answer in time.`, undefined, undefined, false);
    case "auth":
      return error(
        "PROVIDER_AUTH_FAILED",
        failure.status === undefined
          ? `There is no key for ${failure.provider}: store your own as a provider key.`
          : byok
            ? `${failure.provider} refused your stored provider key.`
            : `${failure.provider} refused the platform's key. This is ours to mend.`,
      );
    case "quota":
      return error("PROVIDER_ERROR", wording(failure), undefined, undefined, false);
    case "request": {
      const status = failure.status !== undefined && keptStatuses.has(failure.status) ? failure.status : 400;
      return error("PROVIDER_ERROR", wording(failure), status, undefined, false);
    }
    default:
      if (context.hasTools && attempts.length === 1 && failure.kind === "malformed") {
        return error("tool_provider_error", wording(failure));
      }
      return attempts.length > 1
        ? error(
            "MODEL_UNAVAILABLE",
            `The model failed ${attempts.length} times. Last: ${wording(failure)}`,
            undefined,
            undefined,
            false,
          )
        : error("PROVIDER_ERROR", wording(failure));
  }
};

import type { WireFormat } from "#core/dialects/dialect.ts";
import type { GatewayError } from "#core/errors.ts";
import { ProviderFailure } from "#core/providers/provider.ts";

/** Anthropic's types of errors by status; 4xx that it does not have are the request's fault, and 5xx ours. */
const typeOfStatus: ReadonlyMap<number, string> = new Map([
  [401, "authentication_error"],
  [402, "billing_error"],
  [403, "permission_error"],
  [404, "not_found_error"],
  [409, "conflict_error"],
  [413, "request_too_large"],
  [429, "rate_limit_error"],
  [503, "overloaded_error"],
  [504, "timeout_error"],
  [529, "overloaded_error"],
]);

/**
 * Anthropic's own error, which its clients look for by status, type and words: about the request, or of the caller's own key.
 * What it says of the platform's key is about the platform's account.
 */
const ownFailure = ({ cause, details }: GatewayError): ProviderFailure | undefined =>
  cause instanceof ProviderFailure &&
  cause.provider === "anthropic" &&
  (cause.kind === "request" || (details.byok === true && cause.status !== undefined && cause.status >= 400))
    ? cause
    : undefined;

/** An unknown model is a 404 at Anthropic, and the only one that its clients expect. */
const statusOf = (error: GatewayError): number => {
  if (error.code === "INVALID_MODEL") return 404;
  return (error.details.byok === true ? ownFailure(error)?.status : undefined) ?? error.status;
};

const typeOf = (status: number): string =>
  typeOfStatus.get(status) ?? (status < 500 ? "invalid_request_error" : "api_error");

/** What Anthropic says of the platform's limits and credit names the platform's account. */
const ofOurAccount = ({ cause, details }: GatewayError): string | undefined =>
  cause instanceof ProviderFailure &&
  cause.provider === "anthropic" &&
  details.byok !== true &&
  (cause.kind === "rate-limit" || cause.kind === "quota")
    ? "Anthropic is limiting the platform's requests. Try again later, or store your own provider key."
    : undefined;

/** Anthropic's envelope, with our code and details. */
const errorBody = (error: GatewayError, requestId: string) => {
  const { code, param, details } = error;
  const message = ownFailure(error)?.providerMessage ?? ofOurAccount(error) ?? error.message;
  return {
    type: "error",
    error: { type: typeOf(statusOf(error)), message, code, param, details },
    request_id: requestId,
  };
};

/** One event of the stream. */
export const event = (data: { readonly type: string }): string =>
  `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;

/** The last event of a whole stream. */
export const messageStop = event({ type: "message_stop" });

/** Anthropic's errors, ping and end. */
export const messagesWire: WireFormat = {
  errorStatus: statusOf,
  errorBody,
  errorFrame: (error, requestId) => event(errorBody(error, requestId)),
  heartbeat: event({ type: "ping" }),
  isEnd: (frame) => frame === messageStop,
  // Anthropic's SDKs show this one to their users.
  headers: (requestId) => ({ "request-id": requestId }),
};

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

/** An unknown model is a 404 at Anthropic, and the only one that its clients expect. */
const statusOf = ({ code, status }: GatewayError): number => (code === "INVALID_MODEL" ? 404 : status);

const typeOf = (status: number): string =>
  typeOfStatus.get(status) ?? (status < 500 ? "invalid_request_error" : "api_error");

/** Anthropic's own words for the fault of a request: clients look for some of them. */
const ownMessage = ({ cause }: GatewayError): string | undefined =>
  cause instanceof ProviderFailure && cause.provider === "anthropic" && cause.kind === "request"
    ? cause.providerMessage
    : undefined;

/** Anthropic's envelope, with our code and details. */
const errorBody = (error: GatewayError, requestId: string) => {
  const { code, param, details } = error;
  const message = ownMessage(error) ?? error.message;
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

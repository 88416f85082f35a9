import type { GatewayError } from "#core/errors.ts";

/** Errors inside a stream. */

/** Codes that this dialect knows for an answer that failed. Agents decide by them whether to try again. */
const codeOf = ({ code, status }: GatewayError): string => {
  if (status === 429) return "rate_limit_exceeded";
  if (code === "SPEND_LIMIT_EXCEEDED" || code === "BUDGET_EXCEEDED") return "insufficient_quota";
  return status >= 400 && status < 500 ? "invalid_prompt" : "server_error";
};

/** The `error` of an answer that failed, with the gateway's own code and the request's id. */
export const responseError = (error: GatewayError, requestId: string) => ({
  code: codeOf(error),
  message: error.message,
  details: { ...error.details, code: error.code, request_id: requestId },
});

/** A server-sent event of this dialect. */
export const eventFrame = (event: { readonly type: string }): string =>
  `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;

/** An error before anything of the answer has been sent. */
export const errorEvent = (error: GatewayError, requestId: string): string => {
  const { code, message, details } = responseError(error, requestId);
  return eventFrame({
    type: "error",
    ...{ sequence_number: 0, code, message, param: error.param, details },
  });
};

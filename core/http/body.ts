import type { MiddlewareObj } from "@middy/core";
import httpJsonBodyParser from "@middy/http-json-body-parser";
import { GatewayError } from "#core/errors.ts";
import { jsonFault } from "./json-position.ts";
import type { RequestState } from "./request-state.ts";

/** Lambda takes 6 MB with the body escaped inside JSON; this leaves room for that. */
export const maxBodyBytes = 5 * 1024 * 1024;

const maxBase64Bytes = Math.ceil(maxBodyBytes / 3) * 4;

const parser = httpJsonBodyParser().before;
/** The parser's message for `__proto__` and `constructor`; anything else that it refuses in good JSON is too deep for it. */
const forbiddenKey = "Forbidden key in JSON body";

const statusOf = (error: unknown): number | undefined =>
  error instanceof Error && "statusCode" in error && typeof error.statusCode === "number"
    ? error.statusCode
    : undefined;

const textOf = (body: string, isBase64Encoded: boolean): string =>
  isBase64Encoded ? Buffer.from(body, "base64").toString("utf8") : body;

/** What was wrong with a body, in words for the caller. The parser's own error holds the raw body: it goes no further. */
const toBodyError = (error: unknown, body: string, isBase64Encoded: boolean): GatewayError => {
  if (statusOf(error) === 415) {
    return new GatewayError("UNSUPPORTED_MEDIA_TYPE", "Send the body as JSON with `Content-Type: application/json`.", {
      param: "Content-Type",
    });
  }
  const fault = jsonFault(textOf(body, isBase64Encoded));
  if (fault === undefined) {
    return error instanceof Error && error.message === forbiddenKey
      ? new GatewayError("BAD_REQUEST", "The body has a key that is not allowed (`__proto__` or `constructor`).")
      : new GatewayError("BAD_REQUEST", "The body is nested too deeply.");
  }
  return new GatewayError(
    "BAD_REQUEST",
    `The body is not JSON: it breaks at line ${fault.line}, column ${fault.column}.`,
    {
      details: { line: fault.line, column: fault.column, offset: fault.offset },
    },
  );
};

/** Parses a JSON body in place. @throws GatewayError 400, 413 or 415 */
const parseBody = (state: RequestState): void => {
  const { body, isBase64Encoded } = state;
  if (typeof body !== "string" || body === "") {
    throw new GatewayError("BAD_REQUEST", "The body is empty: send a JSON object.");
  }
  if (Buffer.byteLength(body) > (isBase64Encoded ? maxBase64Bytes : maxBodyBytes)) {
    throw new GatewayError("PAYLOAD_TOO_LARGE", `The body is over ${maxBodyBytes} bytes.`, {
      details: { maxBytes: maxBodyBytes },
    });
  }
  try {
    // The parser reads `headers`, `body` and `isBase64Encoded` of what it takes for Lambda's event.
    parser?.({ event: state } as unknown as Parameters<NonNullable<typeof parser>>[0]);
  } catch (error) {
    throw toBodyError(error, body, isBase64Encoded);
  }
};

/**
 * Parses the body while the key is being verified. A fault is kept until that is done: a caller without a valid key
 * learns nothing about its body.
 */
export const jsonBody = (
  takesBody: (method: string) => boolean | "optional",
): MiddlewareObj<RequestState & { bodyError?: unknown }> => ({
  before: function jsonBodyBefore(request) {
    const state = request.event;
    const takes = takesBody(state.method);
    if (takes === false) return;
    if (takes === "optional" && (state.body === null || state.body === "")) {
      state.body = {};
      return;
    }
    try {
      parseBody(state);
    } catch (error) {
      state.bodyError = error;
    }
  },
});

import type { MiddlewareObj } from "@middy/core";
import { GatewayError } from "#core/errors.ts";
import { jsonFault, type Place } from "./json-position.ts";
import type { RequestState } from "./request-state.ts";

/** Lambda takes 6 MB with the body escaped inside JSON; this leaves room for that. */
export const maxBodyBytes = 5 * 1024 * 1024;

const maxBase64Bytes = Math.ceil(maxBodyBytes / 3) * 4;

/** Deeper than anybody means, and shallow enough for whatever walks or writes the value later. */
const maxDepth = 1_000;

const jsonContentType = /^application\/(?:[a-z0-9.+-]+\+)?json(?:;|$)/i;

const textOf = (body: string, isBase64Encoded: boolean): string =>
  isBase64Encoded ? Buffer.from(body, "base64").toString("utf8") : body;

/** Refuses keys that could reach a prototype when somebody copies the value, and absurd depth. */
const checkValue = (value: unknown, depth: number): void => {
  if (typeof value !== "object" || value === null) return;
  if (depth > maxDepth) throw new GatewayError("BAD_REQUEST", "The body is nested too deeply.");
  if (Array.isArray(value)) {
    for (const item of value) checkValue(item, depth + 1);
    return;
  }
  const members = value as Readonly<Record<string, unknown>>;
  for (const key of Object.keys(members)) {
    const member = members[key];
    const reachesPrototype =
      key === "constructor" && typeof member === "object" && member !== null && Object.hasOwn(member, "prototype");
    if (key === "__proto__" || reachesPrototype) {
      throw new GatewayError("BAD_REQUEST", "The body has a key that is not allowed (`__proto__` or `constructor`).");
    }
    checkValue(member, depth + 1);
  }
};

const notJson = ({ line, column, offset }: Place): GatewayError => {
  return new GatewayError("BAD_REQUEST", `The body is not JSON: it breaks at line ${line}, column ${column}.`, {
    details: { line, column, offset },
  });
};

/** The value of a request's JSON body. Whatever it throws means that the body is refused. */
export type BodyParser = (state: RequestState) => unknown;

/**
 * By ourselves, for what has to start fast: @middy/http-json-body-parser makes its errors with node:http's names of
 * statuses, and node's ESM facade of node:http loads all of undici, some 30 ms of a cold start. Functions that load it
 * anyway take that parser (account-handler.ts).
 */
const leanParser: BodyParser = ({ body, isBase64Encoded }) => JSON.parse(textOf(String(body), isBase64Encoded));

/** Parses a JSON body in place. @throws GatewayError 400, 413 or 415 */
const parseBody = (state: RequestState, parse: BodyParser): void => {
  const { body, isBase64Encoded } = state;
  if (typeof body !== "string" || body === "") {
    throw new GatewayError("BAD_REQUEST", "The body is empty: send a JSON object.");
  }
  if (Buffer.byteLength(body) > (isBase64Encoded ? maxBase64Bytes : maxBodyBytes)) {
    throw new GatewayError("PAYLOAD_TOO_LARGE", `The body is over ${maxBodyBytes} bytes.`, {
      details: { maxBytes: maxBodyBytes },
    });
  }
  if (!jsonContentType.test(state.headers["content-type"] ?? "")) {
    throw new GatewayError("UNSUPPORTED_MEDIA_TYPE", "Send the body as JSON with `Content-Type: application/json`.", {
      param: "Content-Type",
    });
  }
  let value: unknown;
  try {
    value = parse(state);
  } catch {
    // The parsers' own errors quote the text, which may hold a secret: they go no further.
    const text = textOf(body, isBase64Encoded);
    const fault = jsonFault(text);
    if (fault !== undefined) throw notJson(fault);
    // It is JSON: a parser's other reasons, a key or the depth, are told below.
    value = JSON.parse(text);
  }
  checkValue(value, 1);
  state.body = value;
};

/**
 * Parses the body while the key is being verified. A fault is kept until that is done: a caller without a valid key
 * learns nothing about its body.
 */
export const jsonBody = (
  takesBody: (method: string) => boolean | "optional",
  parse: BodyParser = leanParser,
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
      parseBody(state, parse);
    } catch (error) {
      state.bodyError = error;
    }
  },
});

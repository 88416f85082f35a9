import { GatewayError } from "#core/errors.ts";
import { compressionFault, uncompressed } from "./content-coding.ts";
import { type JsonPosition, jsonFault } from "./json-position.ts";
import type { RequestState } from "./request-state.ts";

/** Lambda takes 6 MB with the body escaped inside JSON; this leaves room for that. */
export const maxBodyBytes = 5 * 1024 * 1024;

const maxBase64Bytes = Math.ceil(maxBodyBytes / 3) * 4;

/** Deeper than any real request, and shallow enough for code that walks or writes the value later. */
const maxDepth = 1_000;

/** White space may stand around the type and before its parameters (RFC 9110, section 5.6.6). */
const jsonContentType = /^\s*application\/(?:[a-z0-9.+-]+\+)?json\s*(?:;|$)/i;

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

const notJson = ({ line, column, offset }: JsonPosition): GatewayError =>
  new GatewayError("BAD_REQUEST", `The body is not valid JSON: the error is at line ${line}, column ${column}.`, {
    details: { line, column, offset },
  });

/** Parses a request's JSON body, which is text. Any error that it throws means that the body is refused. */
export type BodyParser = (state: RequestState) => unknown;

/**
 * Our own, for functions that must start fast: @middy/http-json-body-parser makes its errors with node:http's status
 * names, and node's ESM facade of node:http loads all of undici, about 30 ms of a cold start. Functions that load undici
 * anyway use that parser (account-handler.ts).
 */
const leanParser: BodyParser = ({ body }) => JSON.parse(String(body));

/** Parses a JSON body in place. @throws GatewayError 400, 413 or 415 */
const parseBody = (state: RequestState, parse: BodyParser): void => {
  const { body, isBase64Encoded } = state;
  if (typeof body !== "string" || body === "") {
    throw new GatewayError("BAD_REQUEST", "The body is empty. Send a JSON object.");
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
  const text = isBase64Encoded ? uncompressed(Buffer.from(body, "base64"), state, maxBodyBytes).toString("utf8") : body;
  let value: unknown;
  try {
    value = parse(isBase64Encoded ? { ...state, body: text, isBase64Encoded: false } : state);
  } catch {
    // The parser's own error quotes the text, which may hold a secret, so it is dropped.
    const lost = compressionFault(text, state);
    const fault = jsonFault(text);
    if (fault !== undefined) throw lost ?? notJson(fault);
    // It is JSON: the parser's other reasons, a key or the depth, are checked below.
    value = JSON.parse(text);
  }
  checkValue(value, 1);
  state.body = value;
};

/** Parses the bodies of a route in place, by method. The parser throws a GatewayError 400, 413 or 415. */
export const jsonBody =
  (takesBody: (method: string) => boolean | "optional", parse: BodyParser = leanParser) =>
  (state: RequestState): void => {
    const takes = takesBody(state.method);
    if (takes === false) return;
    if (takes === "optional" && (state.body === null || state.body === "")) state.body = {};
    else parseBody(state, parse);
  };

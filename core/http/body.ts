import { loadBedrock } from "#core/catalog/load-bedrock.ts";
import { GatewayError } from "#core/errors.ts";
import { jsonExcess } from "./json-limits.ts";
import type { JsonPosition } from "./json-position.ts";
import type { RequestState } from "./request-state.ts";

/** Lambda takes 6 MB with the body escaped inside JSON; this leaves room for that. */
export const maxBodyBytes = 5 * 1024 * 1024;

const maxBase64Bytes = Math.ceil(maxBodyBytes / 3) * 4;

/** A longer body is parsed after its key is verified: a caller without a key must not cause that work. */
const heavyCharacters = 64 * 1024;

/** Whether a body is parsed after its key is verified. A compressed one may be any size. */
export const isHeavy = ({ body, headers }: Pick<RequestState, "body" | "headers">): boolean =>
  typeof body === "string" && (body.length > heavyCharacters || headers["content-encoding"] !== undefined);

/** White space may stand around the type and before its parameters (RFC 9110, section 5.6.6). */
const jsonContentType = /^\s*application\/(?:[a-z0-9.+-]+\+)?json\s*(?:;|$)/i;

export const isJson = ({ headers }: Pick<RequestState, "headers">): boolean =>
  jsonContentType.test(headers["content-type"] ?? "");

/** Refuses keys that could reach a prototype when somebody copies the value. Its depth is bounded. */
export const checkValue = (value: unknown): void => {
  if (typeof value !== "object" || value === null) return;
  if (Array.isArray(value)) {
    for (const item of value) checkValue(item);
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
    checkValue(member);
  }
};

/** @throws GatewayError BAD_REQUEST for a text that unfolds into too much */
export const checkLimits = (text: string): void => {
  const excess = jsonExcess(text);
  if (excess === undefined) return;
  throw new GatewayError(
    "BAD_REQUEST",
    excess === "depth" ? "The body is nested too deeply." : "The body has too many values.",
  );
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

/** Compressed bytes that were read as UTF-8: what they were is lost. */
const mangled = /^(?:\x1f\ufffd|\(\ufffd\/\ufffd)/;

/** What is wrong with text that is not JSON, where its compression explains that. */
const compressionFault = (text: string, { headers }: RequestState): GatewayError | undefined =>
  mangled.test(text) || !["", "identity"].includes(headers["content-encoding"]?.trim().toLowerCase() ?? "")
    ? new GatewayError(
        "UNSUPPORTED_MEDIA_TYPE",
        "The compressed body arrived as text. Send it with Content-Encoding gzip or deflate, or uncompressed.",
        { param: "Content-Encoding" },
      )
    : undefined;

const take = (state: RequestState, value: unknown): void => {
  checkValue(value);
  state.body = value;
};

/** Takes text that the parser refused. Few bodies are: the others do not load what finds the fault. */
const parseRefused = async (state: RequestState, text: string): Promise<void> => {
  const { jsonFault } = await import("./json-position.ts");
  const fault = jsonFault(text);
  if (fault !== undefined) throw compressionFault(text, state) ?? notJson(fault);
  // It is JSON: the parser's other reasons, a key or the depth, are checked here.
  take(state, JSON.parse(text));
};

const parseText = (state: RequestState, text: string, parse: BodyParser): Promise<void> | undefined => {
  checkLimits(text);
  let value: unknown;
  try {
    value = parse(state.isBase64Encoded ? { ...state, body: text, isBase64Encoded: false } : state);
  } catch {
    // The parser's own error quotes the text, which may hold a secret, so it is dropped.
    return parseRefused(state, text);
  }
  take(state, value);
  return text.includes("bedrock") ? loadBedrock() : undefined;
};

/** Bytes, which API Gateway hands over as text: only other fronts send them, so what unpacks them is loaded with the first. */
const parseBytes = async (state: RequestState, body: string, parse: BodyParser): Promise<void> => {
  const { uncompressed } = await import("./content-coding.ts");
  await parseText(state, uncompressed(Buffer.from(body, "base64"), state, maxBodyBytes).toString("utf8"), parse);
};

/** Parses a JSON body in place, at once where it is text. @throws GatewayError 400, 413 or 415 */
const parseBody = (state: RequestState, parse: BodyParser): Promise<void> | undefined => {
  const { body, isBase64Encoded } = state;
  if (typeof body !== "string" || body === "") {
    throw new GatewayError("BAD_REQUEST", "The body is empty. Send a JSON object.");
  }
  if (Buffer.byteLength(body) > (isBase64Encoded ? maxBase64Bytes : maxBodyBytes)) {
    throw new GatewayError("PAYLOAD_TOO_LARGE", `The body is over ${maxBodyBytes} bytes.`, {
      details: { maxBytes: maxBodyBytes },
    });
  }
  if (!isJson(state)) {
    throw new GatewayError("UNSUPPORTED_MEDIA_TYPE", "Send the body as JSON with `Content-Type: application/json`.", {
      param: "Content-Type",
    });
  }
  if (isBase64Encoded) return parseBytes(state, body, parse);
  return parseText(state, body, parse);
};

/** Parses the bodies of a route in place, by method. The parser throws a GatewayError 400, 413 or 415. */
export const jsonBody =
  (takesBody: (method: string) => boolean | "optional", parse: BodyParser = leanParser) =>
  (state: RequestState): Promise<void> | undefined => {
    const takes = takesBody(state.method);
    if (takes === false) return undefined;
    if (takes !== "optional" || (state.body !== null && state.body !== "")) return parseBody(state, parse);
    state.body = {};
    return undefined;
  };

import type { IncomingMessage } from "node:http";
import { gunzipSync, inflateSync, type ZlibOptions } from "node:zlib";
import { binaryMediaTypes } from "#core/routes.ts";

/** API Gateway's limit on a request body, in bytes; Lambda's 6 MB on the whole event is met first by JSON text. */
const maxBodyBytes = 10 * 1024 * 1024;

export type RequestBody =
  | { readonly kind: "body"; readonly text: string | null; readonly isBase64: boolean }
  | { readonly kind: "too-large" }
  /** Compressed in a way that API Gateway does not know, or not at all. */
  | { readonly kind: "unsupported" }
  /** The client went away before it had sent everything. */
  | { readonly kind: "aborted" };

const unpackers = new Map<string, (body: Buffer, options: ZlibOptions) => Buffer>([
  ["identity", (body) => body],
  ["gzip", gunzipSync],
  ["deflate", inflateSync],
]);

/**
 * A body without its compression: a REST API takes gzip and deflate off whether or not it compresses its own answers, and
 * refuses any other coding, and bytes that are not of theirs. Source: API Gateway developer guide, "Payload compression".
 */
const decoded = (body: Buffer, coding = "identity", isBase64 = false): RequestBody => {
  const unpack = unpackers.get(coding.toLowerCase());
  if (unpack === undefined) return { kind: "unsupported" };
  try {
    const bytes = unpack(body, { maxOutputLength: maxBodyBytes });
    const text = bytes.length === 0 ? null : bytes.toString(isBase64 ? "base64" : "utf8");
    return { kind: "body", text, isBase64: isBase64 && text !== null };
  } catch (error) {
    return { kind: (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE" ? "too-large" : "unsupported" };
  }
};

/** Whether API Gateway hands a body over as base64: its type is among the API's binary media types. */
const isBinary = ({ headers }: IncomingMessage): boolean => {
  const type = (headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
  return (binaryMediaTypes as readonly string[]).includes(type);
};

/** Reads a request's body as text, base64 for a binary type; null when there is none. What is too large is told at once, the rest is dropped. */
export const readBody = (request: IncomingMessage): Promise<RequestBody> => {
  const { promise, resolve } = Promise.withResolvers<RequestBody>();
  const declaredBytes = Number(request.headers["content-length"] ?? 0);
  if (declaredBytes === 0 && request.headers["transfer-encoding"] === undefined) {
    request.resume();
    return Promise.resolve({ kind: "body", text: null, isBase64: false });
  }
  if (declaredBytes > maxBodyBytes) {
    request.resume();
    return Promise.resolve({ kind: "too-large" });
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  request.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= maxBodyBytes) {
      chunks.push(chunk);
    } else {
      chunks.length = 0;
      resolve({ kind: "too-large" });
    }
  });
  request.once("end", () => {
    const [only] = chunks;
    const body = chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
    resolve(decoded(body, request.headers["content-encoding"], isBinary(request)));
  });
  request.once("error", () => resolve({ kind: "aborted" }));
  return promise;
};

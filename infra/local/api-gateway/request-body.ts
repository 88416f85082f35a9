import type { IncomingMessage } from "node:http";
import { binaryMediaTypes } from "#core/routes.ts";

/** API Gateway's limit on a request body, in bytes; Lambda's 6 MB on the whole event is met first by JSON text. */
const maxBodyBytes = 10 * 1024 * 1024;

export type RequestBody =
  | { readonly kind: "body"; readonly text: string | null; readonly isBase64: boolean }
  | { readonly kind: "too-large" }
  /** The client went away before it had sent everything. */
  | { readonly kind: "aborted" };

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
    const isBase64 = isBinary(request) && body.length > 0;
    resolve({ kind: "body", text: body.length === 0 ? null : body.toString(isBase64 ? "base64" : "utf8"), isBase64 });
  });
  request.once("error", () => resolve({ kind: "aborted" }));
  return promise;
};

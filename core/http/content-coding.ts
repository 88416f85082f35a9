import { GatewayError } from "#core/errors.ts";
import type { RequestState } from "./request-state.ts";

/**
 * Compressed request bodies. API Gateway takes gzip and deflate off by itself and refuses other codings with 415 before any
 * function; whether its header is still there then is not documented, so bodies are known by their bytes. Other fronts hand
 * the bytes over in base64, and then they are unpacked here. Bytes that were made text by the way are lost.
 */

const zlib = (): typeof import("node:zlib") => process.getBuiltinModule("node:zlib");

type Coding = "gzip" | "deflate" | "raw-deflate" | "br" | "zstd";

/** How compressed data begins. Brotli and raw deflate have no mark of their own. */
const codingOfBytes = (bytes: Buffer): Coding | undefined => {
  const [first = 0, second = 0] = bytes;
  if (first === 0x1f && second === 0x8b) return "gzip";
  if (bytes.subarray(0, 4).equals(Buffer.from([0x28, 0xb5, 0x2f, 0xfd]))) return "zstd";
  // A number may begin with 8, too, which is no header of zlib in practice.
  return (first & 0x0f) === 8 && first <= 0x78 && first !== 0x38 && (first * 256 + second) % 31 === 0
    ? "deflate"
    : undefined;
};

/** The first characters of JSON: an object, a list, or white space before one. */
const beginsLikeJson = (bytes: Buffer): boolean => /^(?:\ufeff)?\s*[[{"]/.test(bytes.subarray(0, 64).toString("utf8"));

const codingsNamed = ({ headers }: RequestState): readonly string[] =>
  (headers["content-encoding"] ?? "")
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== "" && name !== "identity");

const unpack = (bytes: Buffer, coding: Coding, maxOutputLength: number): Buffer => {
  const { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync, zstdDecompressSync } = zlib();
  const unpackers = {
    gzip: gunzipSync,
    deflate: inflateSync,
    "raw-deflate": inflateRawSync,
    br: brotliDecompressSync,
    zstd: zstdDecompressSync,
  } as const;
  return unpackers[coding](bytes, { maxOutputLength });
};

const unsupported = (message: string): GatewayError =>
  new GatewayError("UNSUPPORTED_MEDIA_TYPE", message, { param: "Content-Encoding" });

const named: Readonly<Record<string, Coding>> = {
  gzip: "gzip",
  "x-gzip": "gzip",
  deflate: "raw-deflate",
  br: "br",
  zstd: "zstd",
};

/** The coding of a body, by its bytes, or by its header where bytes show nothing. @throws GatewayError 415 */
const codingOf = (bytes: Buffer, state: RequestState): Coding | undefined => {
  const byBytes = codingOfBytes(bytes);
  if (byBytes !== undefined || beginsLikeJson(bytes)) return byBytes;
  const [name, ...others] = codingsNamed(state);
  if (name === undefined) return undefined;
  const coding = Object.hasOwn(named, name) ? named[name] : undefined;
  if (coding !== undefined && others.length === 0) return coding;
  throw unsupported("The body may be compressed once, with gzip, deflate, br or zstd.");
};

/**
 * The bytes of a body without its compression; the same bytes where it has none.
 * @throws GatewayError 413 for one that grows beyond the limit, 415 for one that cannot be unpacked
 */
export const uncompressed = (bytes: Buffer, state: RequestState, maxBytes: number): Buffer => {
  const coding = codingOf(bytes, state);
  if (coding === undefined) return bytes;
  try {
    return unpack(bytes, coding, maxBytes);
  } catch (error) {
    if (error instanceof RangeError || (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") {
      throw new GatewayError("PAYLOAD_TOO_LARGE", `The uncompressed body is over ${maxBytes} bytes.`, {
        details: { maxBytes },
      });
    }
    throw unsupported("The body is not compressed as its Content-Encoding header or its first bytes say.");
  }
};

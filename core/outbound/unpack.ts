import "#function";
import type { Transform } from "node:stream";
import { OutboundError } from "./transport.ts";

/**
 * Bodies that come compressed although nobody asked for it. Known by their bytes, and by the header where a coding has no
 * mark. Loaded with the first one.
 */

const zlib = process.getBuiltinModule("node:zlib");

export type Coding = "gzip" | "deflate" | "deflate-raw" | "br" | "zstd";

const isZlib = (first: number, second: number): boolean => (first & 0x0f) === 8 && (first * 256 + second) % 31 === 0;

/** The coding of a body by its first bytes; undefined for none that has a mark. */
const codingOfBytes = (bytes: Buffer): Coding | undefined => {
  const [first = 0, second = 0, third, fourth] = bytes;
  if (first === 0x1f && second === 0x8b) return "gzip";
  if (first === 0x28 && second === 0xb5 && third === 0x2f && fourth === 0xfd) return "zstd";
  // No JSON and no event stream begins with an x.
  return first === 0x78 && isZlib(first, second) ? "deflate" : undefined;
};

/** The coding of a body, by its first bytes and its `content-encoding`. @throws OutboundError for one that we do not know */
export const codingOf = (bytes: Buffer, encoding: string | undefined): Coding | undefined => {
  const marked = codingOfBytes(bytes);
  if (marked !== undefined) return marked;
  const named = (encoding ?? "").trim().toLowerCase();
  if (named === "br") return "br";
  if (named === "deflate") return isZlib(bytes[0] ?? 0, bytes[1] ?? 0) ? "deflate" : "deflate-raw";
  // A label on a body that is not packed at all, as proxies leave it behind.
  if (named === "" || named === "identity" || /^(x-)?gzip$|^zstd$/.test(named)) return undefined;
  throw new OutboundError("network", `The body has the content-encoding ${named.slice(0, 40)}, which is not known`);
};

const broken = (coding: Coding): OutboundError => new OutboundError("network", `The body is not valid ${coding}`);

const tooLong = (maxBytes: number): OutboundError =>
  new OutboundError("network", `The body is longer than ${maxBytes} bytes when unpacked`);

const unpackers = {
  gzip: (bytes, options) => zlib.gunzipSync(bytes, options),
  deflate: (bytes, options) => zlib.inflateSync(bytes, options),
  "deflate-raw": (bytes, options) => zlib.inflateRawSync(bytes, options),
  br: (bytes, options) => zlib.brotliDecompressSync(bytes, options),
  zstd: (bytes, options) => zlib.zstdDecompressSync(bytes, options),
} as const satisfies Record<Coding, (bytes: Buffer, options: { readonly maxOutputLength: number }) => Buffer>;

/** A whole body, unpacked. @throws OutboundError also when it would be longer than `maxBytes` */
export const unpack = (bytes: Buffer, coding: Coding, maxBytes: number): Buffer => {
  try {
    return unpackers[coding](bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    throw error instanceof RangeError ? tooLong(maxBytes) : broken(coding);
  }
};

const newUnpacker = (coding: Coding): Transform => {
  if (coding === "br") return zlib.createBrotliDecompress();
  if (coding === "zstd") return zlib.createZstdDecompress();
  return coding === "deflate-raw" ? zlib.createInflateRaw() : zlib.createUnzip();
};

/** A body, unpacked while it flows. @throws OutboundError also when more than `maxBytes` come out */
export async function* unpackStream(
  body: AsyncIterable<Buffer>,
  coding: Coding,
  maxBytes: number,
): AsyncGenerator<Buffer, void, undefined> {
  const unpacker = newUnpacker(coding);
  // What breaks the body is worth more than that it is no whole gzip any more.
  let fault: unknown;
  const fed = (async () => {
    try {
      for await (const part of body) {
        // One that is closed already emits neither.
        if (!unpacker.write(part) && !unpacker.destroyed)
          await new Promise((resolve) => unpacker.once("drain", resolve).once("close", resolve));
        if (unpacker.destroyed) return;
      }
      unpacker.end();
    } catch (error) {
      fault = error;
      unpacker.destroy();
    }
  })();
  let bytes = 0;
  try {
    for await (const part of unpacker as AsyncIterable<Buffer>) {
      bytes += part.length;
      if (bytes > maxBytes) throw tooLong(maxBytes);
      yield part;
    }
  } catch (error) {
    throw fault ?? (error instanceof OutboundError ? error : broken(coding));
  } finally {
    unpacker.destroy();
  }
  await fed;
  if (fault !== undefined) throw fault;
}

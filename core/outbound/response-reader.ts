/**
 * Reads one HTTP/1.1 response to a POST out of bytes that may be cut anywhere. Strict where guessing could mistake one
 * answer for another; what it refuses ends the connection. https://www.rfc-editor.org/rfc/rfc9112
 */

/** What came is not a response that this reader takes. Never quotes what came. */
export class ResponseError extends Error {
  override readonly name = "ResponseError";
}

const maxHeadBytes = 64 * 1024;
const maxLineBytes = 4 * 1024;
const lineEnd = "\r\n";
const headEnd = "\r\n\r\n";
const statusLine = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: |$)/;
const decimal = /^\d{1,15}$/;
const chunkSize = /^([0-9a-f]{1,8})[ \t]*(?:;.*)?$/i;

type State =
  | "head"
  | "sized-body"
  | "chunk-size"
  | "chunk"
  | "chunk-end"
  | "trailers"
  /** A body without a length: it lasts as long as its connection. */
  | "open-body"
  | "done";

interface Framing {
  readonly length: string | undefined;
  readonly transferEncoding: string | undefined;
  readonly connection: string;
}

/** The headers that say how a body is framed. */
const readFraming = (lines: readonly string[]): Framing => {
  let length: string | undefined;
  let transferEncoding: string | undefined;
  let connection = "";
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon < 1 || line[0] === " " || line[0] === "\t") throw new ResponseError("A header is malformed");
    const name = line.slice(0, colon).toLowerCase();
    if (name === "content-length") {
      const value = line.slice(colon + 1).trim();
      if (!decimal.test(value) || (length !== undefined && length !== value)) {
        throw new ResponseError("The content-length is malformed");
      }
      length = value;
    } else if (name === "transfer-encoding") {
      transferEncoding = `${transferEncoding === undefined ? "" : `${transferEncoding},`}${line.slice(colon + 1).trim()}`;
    } else if (name === "connection") {
      connection += `${line.slice(colon + 1).toLowerCase()},`;
    }
  }
  return { length, transferEncoding, connection };
};

/** Fields: where it is in the response, and what it has read of it. */
export class ResponseReader {
  readonly #maxBytes: number;
  #state: State = "head";
  #carry: Buffer | undefined;
  #parts: Buffer[] = [];
  #bytes = 0;
  /** Bytes of the body or the chunk that are still to come. */
  #remaining = 0;
  #status = 0;
  #keepsAlive = false;
  #headers: readonly string[] = [];

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get status(): number {
    return this.#status;
  }

  /** Whether the connection may serve another request. */
  get keepsAlive(): boolean {
    return this.#keepsAlive;
  }

  /** Whether the headers are here; those of an interim response are not meant. */
  get hasHead(): boolean {
    return this.#state !== "head";
  }

  /** The lines of the headers as they came, each a name, a colon and a value. */
  get headerLines(): readonly string[] {
    return this.#headers;
  }

  get bytes(): Buffer {
    const [only] = this.#parts;
    return this.#parts.length === 1 && only !== undefined ? only : Buffer.concat(this.#parts);
  }

  get text(): string {
    return this.bytes.toString("utf8");
  }

  /** Takes what arrived. True when the response is whole. @throws ResponseError */
  push(bytes: Buffer): boolean {
    let rest: Buffer | undefined = this.#carry === undefined ? bytes : Buffer.concat([this.#carry, bytes]);
    this.#carry = undefined;
    while (rest !== undefined && rest.length > 0 && this.#state !== "done") rest = this.#step(rest);
    if (this.#state !== "done") return false;
    // Bytes after the end belong to nothing that was asked.
    if (rest !== undefined && rest.length > 0) this.#keepsAlive = false;
    return true;
  }

  /** The connection ended. True when that is how this response ends. */
  end(): boolean {
    if (this.#state === "open-body") this.#state = "done";
    return this.#state === "done";
  }

  /** Reads on, and returns what is left for the next step; undefined when more has to come. */
  #step(bytes: Buffer): Buffer | undefined {
    switch (this.#state) {
      case "head":
        return this.#readHead(bytes);
      case "sized-body":
        return this.#readBody(bytes, "done");
      case "chunk":
        return this.#readBody(bytes, "chunk-end");
      case "open-body":
        this.#keep(bytes);
        return undefined;
      default:
        return this.#readLine(bytes);
    }
  }

  #readHead(bytes: Buffer): Buffer | undefined {
    const end = bytes.indexOf(headEnd);
    if (end > maxHeadBytes || (end < 0 && bytes.length > maxHeadBytes)) throw new ResponseError("The head is too long");
    if (end < 0) {
      this.#carry = bytes;
      return undefined;
    }
    this.#begin(bytes.toString("latin1", 0, end));
    return bytes.subarray(end + headEnd.length);
  }

  #begin(head: string): void {
    const [first = "", ...lines] = head.split(lineEnd);
    const [, minor, status] = statusLine.exec(first) ?? [];
    if (status === undefined) throw new ResponseError("The status line is malformed");
    const framing = readFraming(lines);
    this.#status = Number(status);
    if (this.#status === 101) throw new ResponseError("Nobody asked for another protocol");
    // An interim response: the true one follows.
    if (this.#status < 200) return;
    this.#headers = lines;
    this.#keepsAlive = minor === "1" ? !framing.connection.includes("close") : false;
    this.#state = this.#bodyState(framing);
  }

  #bodyState({ length, transferEncoding }: Framing): State {
    if (this.#status === 204 || this.#status === 304) return "done";
    if (transferEncoding !== undefined) {
      if (transferEncoding.toLowerCase() !== "chunked" || length !== undefined) {
        throw new ResponseError("The body's framing is ambiguous");
      }
      return "chunk-size";
    }
    if (length === undefined) {
      this.#keepsAlive = false;
      return "open-body";
    }
    this.#remaining = Number(length);
    if (this.#remaining > this.#maxBytes) throw this.#tooLong();
    return this.#remaining === 0 ? "done" : "sized-body";
  }

  #readBody(bytes: Buffer, next: State): Buffer {
    const part = bytes.length <= this.#remaining ? bytes : bytes.subarray(0, this.#remaining);
    this.#keep(part);
    this.#remaining -= part.length;
    if (this.#remaining === 0) this.#state = next;
    return bytes.subarray(part.length);
  }

  /** The lines between chunks. */
  #readLine(bytes: Buffer): Buffer | undefined {
    const end = bytes.indexOf(lineEnd);
    if (end > maxLineBytes || (end < 0 && bytes.length > maxLineBytes)) throw new ResponseError("A line is too long");
    if (end < 0) {
      this.#carry = bytes;
      return undefined;
    }
    this.#takeLine(bytes.toString("latin1", 0, end));
    return bytes.subarray(end + lineEnd.length);
  }

  #takeLine(line: string): void {
    if (this.#state === "trailers") {
      if (line === "") this.#state = "done";
    } else if (this.#state === "chunk-end") {
      if (line !== "") throw new ResponseError("A chunk is longer than it says");
      this.#state = "chunk-size";
    } else {
      const [, size] = chunkSize.exec(line) ?? [];
      if (size === undefined) throw new ResponseError("A chunk's size is malformed");
      this.#remaining = Number.parseInt(size, 16);
      this.#state = this.#remaining === 0 ? "trailers" : "chunk";
    }
  }

  #keep(part: Buffer): void {
    this.#bytes += part.length;
    if (this.#bytes > this.#maxBytes) throw this.#tooLong();
    this.#parts.push(part);
  }

  #tooLong(): ResponseError {
    return new ResponseError(`The body is longer than ${this.#maxBytes} bytes`);
  }
}

/** One server-sent event. `event` is empty when the stream did not name it. */
export interface SseEvent {
  readonly event: string;
  readonly data: string;
}

/** The stream holds a frame or line that is longer than the parser was told to keep. */
export class SseFrameTooLargeError extends Error {
  override readonly name = "SseFrameTooLargeError";
}

const defaultMaxFrameBytes = 8 * 1024 * 1024;
const lineFeed = 0x0a;
const maxUtf8BytesPerUnit = 3;
const byteOrderMark = "\uFEFF";

/** The value of a line such as `data: x`: one space after the colon is not part of it. */
const valueAfter = (line: string, colon: number): string =>
  line.charCodeAt(colon + 1) === 0x20 ? line.slice(colon + 2) : line.slice(colon + 1);

/**
 * An incremental parser of server-sent events (WHATWG HTML, 9.2.6) over the bytes of a response. It keeps bytes up to the
 * last line end and decodes only whole lines, so neither a split UTF-8 character nor a split CRLF can harm, and a long
 * line costs one copy however many reads it took. Comments, `id` and `retry` are skipped. Unlike a browser it also gives
 * an event that the stream's end cut off before its blank line: the reader's JSON tells whether it is whole.
 */
export class SseParser {
  readonly #maxFrameBytes: number;
  /** Bytes of an unfinished line, in order. */
  #rest: Buffer[] = [];
  #restBytes = 0;
  #event = "";
  #data: string | undefined;
  #dataBytes = 0;
  #started = false;

  constructor(options: { readonly maxFrameBytes?: number } = {}) {
    this.#maxFrameBytes = options.maxFrameBytes ?? defaultMaxFrameBytes;
  }

  /**
   * Takes what one read brought and returns the events that it completed.
   * @throws SseFrameTooLargeError
   */
  push(bytes: Buffer): SseEvent[] {
    const end = bytes.lastIndexOf(lineFeed) + 1;
    if (end === 0) {
      this.#keep(bytes);
      return [];
    }
    const events: SseEvent[] = [];
    this.#readLines(this.#takeLines(bytes, end), events);
    if (end < bytes.length) this.#keep(bytes.subarray(end));
    return events;
  }

  /** The stream ended: returns the event that was still open, if any. */
  end(): SseEvent[] {
    const events: SseEvent[] = [];
    const rest = Buffer.concat(this.#rest).toString("utf8");
    this.#rest = [];
    this.#restBytes = 0;
    this.#readLines(`${rest}\n\n`, events);
    return events;
  }

  #keep(bytes: Buffer): void {
    this.#restBytes += bytes.length;
    if (this.#restBytes + this.#dataBytes > this.#maxFrameBytes) throw this.#tooLarge();
    this.#rest.push(bytes);
  }

  #takeLines(bytes: Buffer, end: number): string {
    if (this.#restBytes === 0) return bytes.toString("utf8", 0, end);
    const whole = Buffer.concat([...this.#rest, bytes.subarray(0, end)]);
    this.#rest = [];
    this.#restBytes = 0;
    return whole.toString("utf8");
  }

  #readLines(received: string, events: SseEvent[]): void {
    let text = received;
    if (!this.#started) {
      this.#started = true;
      if (text.startsWith(byteOrderMark)) text = text.slice(1);
    }
    if (text.includes("\r")) text = text.replaceAll("\r\n", "\n").replaceAll("\r", "\n");
    let from = 0;
    for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", from)) {
      if (end === from) this.#dispatch(events);
      else this.#readLine(text.slice(from, end));
      from = end + 1;
    }
  }

  #readLine(line: string): void {
    if (line.startsWith("data:")) this.#append(valueAfter(line, 4));
    else if (line.startsWith("event:")) this.#event = valueAfter(line, 5);
    else if (line === "data") this.#append("");
    else if (line === "event") this.#event = "";
  }

  #append(value: string): void {
    // Counting bytes is only worth its time where the limit is within reach.
    const near = value.length * maxUtf8BytesPerUnit + this.#dataBytes > this.#maxFrameBytes;
    this.#dataBytes += near ? Buffer.byteLength(value) : value.length;
    if (this.#dataBytes > this.#maxFrameBytes) throw this.#tooLarge();
    this.#data = this.#data === undefined ? value : `${this.#data}\n${value}`;
  }

  #dispatch(events: SseEvent[]): void {
    if (this.#data !== undefined) events.push({ event: this.#event, data: this.#data });
    this.#event = "";
    this.#data = undefined;
    this.#dataBytes = 0;
  }

  #tooLarge(): SseFrameTooLargeError {
    return new SseFrameTooLargeError(`A server-sent event is longer than ${this.#maxFrameBytes} bytes`);
  }
}

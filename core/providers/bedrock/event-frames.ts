import { EventStreamCodec } from "@smithy/eventstream-codec";
import { failureFromEvent, malformed } from "./errors.ts";

/** AWS's binary framing of event streams (`application/vnd.amazon.eventstream`). */

export interface EventFrame {
  /** Such as `contentBlockDelta`. */
  readonly type: string;
  /** Its JSON. */
  readonly payload: string;
}

/** Before the headers: the lengths of both and a checksum. */
const preludeBytes = 12;
/** AWS's own limit is 24 MB; an event of a text is a few hundred bytes. */
const maxFrameBytes = 16 * 1024 * 1024;

const codec = new EventStreamCodec(
  (bytes) => Buffer.from(bytes as Uint8Array).toString("utf8"),
  (text) => Buffer.from(text, "utf8"),
);

const textOf = (header: { readonly value: unknown } | undefined): string =>
  typeof header?.value === "string" ? header.value : "";

const decode = (bytes: Buffer): EventFrame => {
  let message: ReturnType<EventStreamCodec["decode"]>;
  try {
    message = codec.decode(bytes);
  } catch {
    throw malformed("an event of the stream has a wrong checksum or form");
  }
  const { headers, body } = message;
  const payload = Buffer.from(body).toString("utf8");
  const kind = textOf(headers[":message-type"]);
  if (kind === "event") return { type: textOf(headers[":event-type"]), payload };
  const type = textOf(headers[":exception-type"]) || textOf(headers[":error-code"]);
  throw failureFromEvent(type, payload || JSON.stringify({ message: textOf(headers[":error-message"]) }));
};

/**
 * The events of a stream, in the groups in which they arrive.
 * @throws ProviderFailure for an exception inside the stream, after the events before it, and for what is not an event
 */
export async function* eventFrames(
  body: AsyncIterable<Buffer>,
): AsyncGenerator<readonly EventFrame[], void, undefined> {
  let carry: Buffer = Buffer.alloc(0);
  for await (const part of body) {
    carry = carry.length === 0 ? part : Buffer.concat([carry, part]);
    const frames: EventFrame[] = [];
    let fault: unknown;
    while (carry.length >= preludeBytes) {
      const length = carry.readUInt32BE(0);
      if (length < preludeBytes + 4 || length > maxFrameBytes) {
        fault = malformed("the stream is not in AWS's framing");
        break;
      }
      if (carry.length < length) break;
      try {
        frames.push(decode(carry.subarray(0, length)));
      } catch (error) {
        fault = error;
        break;
      }
      carry = carry.subarray(length);
    }
    if (frames.length > 0) yield frames;
    if (fault !== undefined) throw fault;
  }
  if (carry.length > 0) throw malformed("the stream ended in the middle of an event");
}

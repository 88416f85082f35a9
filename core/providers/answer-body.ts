import type { Readable } from "node:stream";
import type { ProviderId } from "#core/catalog/provider-ids.ts";
import { OutboundError, toOutboundError } from "#core/outbound/transport.ts";
import { mayBePacked, type ProviderResponse, toProviderFailure } from "./http-transport.ts";

/** A body that was asked for as a stream: what it is, by its first bytes rather than by its label. */
export interface AnswerBody {
  /** Server-sent events, whatever the content type says; else one JSON value, or what is neither. */
  readonly isStream: boolean;
  readonly body: AsyncIterable<Buffer>;
}

/** More than any answer has of words, and less than a bomb. */
const maxUnpackedBytes = 256 * 1024 * 1024;

/** A byte order mark and white space say nothing. */
const blanks = /^(?:\u00ef\u00bb\u00bf)?[\s]*/;
/** A field's name and its colon, or a comment. */
const eventStart = /^[\w-]*:/;
/** The beginning of a field's name: more of it has not come yet. */
const partOfName = /^[\w-]+$/;
const jsonStart = /^[{["]/;

const saidIn = (bytes: Buffer): string => bytes.toString("latin1", 0, 256).replace(blanks, "");

const isLabelled = ({ headers }: Pick<ProviderResponse, "headers">): boolean =>
  headers["content-type"]?.toLowerCase().includes("text/event-stream") === true;

/** Whether a whole body is a stream of events, by what it says or, where that says nothing, by its label. */
export const isEventText = (text: string, response: Pick<ProviderResponse, "headers">): boolean => {
  const said = text.slice(0, 256).replace(/^\uFEFF?\s*/, "");
  return eventStart.test(said) || (isLabelled(response) && !jsonStart.test(said));
};

/** The first bytes that say anything. They stay in the body. */
const peek = (body: Readable): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    let seen: Buffer = Buffer.alloc(0);
    const settle = (error?: Error): void => {
      body.off("readable", onReadable).off("end", onEnd).off("error", onError).off("close", onClose);
      if (error !== undefined) {
        reject(error);
        return;
      }
      if (seen.length > 0 && !body.readableEnded) body.unshift(seen);
      resolve(seen);
    };
    const onReadable = (): void => {
      const part = body.read() as Buffer | null;
      if (part === null) return;
      seen = seen.length === 0 ? part : Buffer.concat([seen, part]);
      if (saidIn(seen) !== "") settle();
    };
    const onEnd = (): void => settle();
    const onError = (error: Error): void => settle(error);
    const onClose = (): void => settle(new OutboundError("network", "The connection ended in the middle of the body"));
    body.on("readable", onReadable).on("end", onEnd).on("error", onError).on("close", onClose);
    // What broke before anybody listened is not reported again.
    if (body.destroyed) settle(toOutboundError(body.errored));
  });

/** The same of a body that is unpacked while it flows. */
const unpacked = async (
  response: ProviderResponse,
  first: Buffer,
): Promise<{ body: AsyncIterable<Buffer>; first: Buffer }> => {
  const { codingOf, unpackStream } = await import("#core/outbound/unpack.ts");
  const coding = codingOf(first, response.headers["content-encoding"]);
  if (coding === undefined) return { body: response.body, first };
  const parts = unpackStream(response.body, coding, maxUnpackedBytes);
  let seen: Buffer = Buffer.alloc(0);
  while (saidIn(seen) === "") {
    const next = await parts.next();
    if (next.done === true) break;
    seen = Buffer.concat([seen, next.value]);
  }
  return { body: withFirst(seen, parts), first: seen };
};

async function* withFirst(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  if (first.length > 0) yield first;
  yield* rest;
}

/** Waits for the first bytes of a body that was asked for as a stream. @throws ProviderFailure */
export const openAnswer = async (
  provider: ProviderId,
  response: ProviderResponse,
  signal: AbortSignal,
): Promise<AnswerBody> => {
  try {
    const peeked = await peek(response.body);
    const { body, first } = mayBePacked(response, peeked)
      ? await unpacked(response, peeked)
      : { body: response.body, first: peeked };
    const said = saidIn(first);
    const isStream = !jsonStart.test(said) && (eventStart.test(said) || partOfName.test(said) || isLabelled(response));
    return { isStream, body };
  } catch (error) {
    throw toProviderFailure(provider, error, signal);
  }
};

/** Reads what was asked for as a stream and is none. @throws ProviderFailure */
export const readAnswer = async (
  provider: ProviderId,
  body: AsyncIterable<Buffer>,
  maxBytes: number,
  signal: AbortSignal,
): Promise<string> => {
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const part of body) {
      bytes += part.length;
      if (bytes > maxBytes) throw new OutboundError("network", `The body is longer than ${maxBytes} bytes`);
      parts.push(part);
    }
  } catch (error) {
    throw toProviderFailure(provider, error, signal);
  }
  return Buffer.concat(parts).toString("utf8");
};

import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import type { Directives } from "./directives.ts";
import type { StreamPart } from "./stream-part.ts";

export interface PlayOptions {
  readonly directives: Directives;
  /** Between two content chunks, ms. */
  readonly chunkDelayMs: number;
  /** What the provider says when it fails in the middle. */
  readonly errorPart: StreamPart;
  /** Ends when the client has left. */
  readonly signal: AbortSignal;
  /** Told before a scripted fault ends the answer. */
  readonly onFault: () => void;
}

const splitPauseMs = 5;

const encode = (part: StreamPart, directives: Directives): Buffer => {
  const colon = directives.noSpaceAfterColon ? ":" : ": ";
  const data = part.data === "[DONE]" ? part.data : JSON.stringify(part.data);
  const lines = [
    ...(directives.comments ? [": keep-alive", ""] : []),
    ...(part.event === undefined ? [] : [`event${colon}${part.event}`]),
    `data${colon}${data}`,
    "",
    "",
  ];
  return Buffer.from(lines.join(directives.crlf ? "\r\n" : "\n"));
};

/** Writes and waits until it has left this process, so that a later reset cannot overtake it. */
const writeThrough = async (response: ServerResponse, bytes: Buffer, signal: AbortSignal): Promise<void> => {
  if (signal.aborted) return;
  const { promise: written, resolve } = Promise.withResolvers<void>();
  const done = (): void => resolve();
  signal.addEventListener("abort", done, { once: true });
  // A failed write means that the client left, which the signal tells too.
  response.write(bytes, done);
  await written;
  signal.removeEventListener("abort", done);
};

const writePart = async (
  response: ServerResponse,
  part: StreamPart,
  { directives, signal }: PlayOptions,
): Promise<void> => {
  const bytes = encode(part, directives);
  const multiByteAt = directives.splitCharacters ? bytes.findIndex((byte) => byte >= 0x80) : -1;
  if (multiByteAt < 0) return writeThrough(response, bytes, signal);
  await writeThrough(response, bytes.subarray(0, multiByteAt + 1), signal);
  await sleep(splitPauseMs, undefined, { signal });
  // A client in this same process reads now at the latest, even if the timer was late.
  await nextTurn();
  await writeThrough(response, bytes.subarray(multiByteAt + 1), signal);
};

/** Silence until the client leaves. */
export const stall = async (signal: AbortSignal): Promise<void> => {
  if (!signal.aborted) await once(signal, "abort");
};

type Step = "go-on" | "ended";

/** Does what is scripted for this place in the stream. */
const faultBefore = async (response: ServerResponse, position: number, options: PlayOptions): Promise<Step> => {
  const { directives, signal, onFault } = options;
  const due = (after: number | undefined): boolean => after !== undefined && position >= after;
  const atEnd = position === Number.POSITIVE_INFINITY;
  if (due(directives.cutAfter)) {
    onFault();
    response.destroy();
  } else if (due(directives.stallAfter)) {
    onFault();
    await stall(signal);
  } else if (due(directives.errorEventAfter)) {
    onFault();
    await writePart(response, options.errorPart, options);
    response.end();
  } else if (atEnd && directives.endWithoutFinish) {
    onFault();
    response.end();
  } else {
    return "go-on";
  }
  return "ended";
};

const garbage: Buffer = Buffer.from('data: {"id":"simulated","object":"chat.comp\n\n');

/** Sends the events of an answer one by one, with the scripted pace and faults. Resolves when the answer ended or its client left. */
export const playParts = async (
  response: ServerResponse,
  parts: readonly StreamPart[],
  options: PlayOptions,
): Promise<void> => {
  const { directives, signal } = options;
  const delayMs = directives.chunkDelayMs ?? options.chunkDelayMs;
  let sentContent = 0;
  let garbageLeft = directives.garbageAfter;
  for (const part of parts) {
    if (signal.aborted) return;
    if (part.kind !== "structure") {
      const position = part.kind === "end" ? Number.POSITIVE_INFINITY : sentContent;
      if ((await faultBefore(response, position, options)) === "ended") return;
      if (garbageLeft !== undefined && position >= garbageLeft) {
        garbageLeft = undefined;
        await writeThrough(response, garbage, signal);
      }
    }
    if (part.kind === "content") {
      if (sentContent > 0 && delayMs > 0) await sleep(delayMs, undefined, { signal });
      sentContent += 1;
    }
    await writePart(response, part, options);
  }
  response.end();
};

import type { ServerResponse } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { beginAnswer, type Wire } from "./wires.ts";

/** What a provider does to a request, before it has said anything and in the middle of what it says. */

export interface Played {
  readonly wire: Wire;
  readonly streamed: boolean;
  readonly response: ServerResponse;
}

export interface ProviderFault {
  readonly name: string;
  /** Of the error that the caller sees. */
  readonly code: "PROVIDER_ERROR" | "PROVIDER_TIMEOUT";
  /** The request's `timeout`, ms, for what would never end by itself. */
  readonly timeoutMs?: number;
  /** Plays it; what was said before, with its headers, has been read by the caller. */
  readonly play: (played: Played) => void | Promise<void>;
}

const shortMs = 300;
const dripMs = 20;
const megabyte = 1024 * 1024;
/** Over what the gateway keeps of one frame, and of one answer: 8 MB and 32 MB. */
const hugeFrameBytes = 9 * megabyte;
const hugeAnswerBytes = 33 * megabyte;

const reset = ({ response }: Played): void => {
  response.socket?.resetAndDestroy();
};

/** Headers, unless they are out already. */
const begin = ({ response, streamed }: Played): void => {
  if (!response.headersSent) beginAnswer(response, streamed);
};

const text = (played: Played, words: string): string =>
  played.streamed ? played.wire.more(words) : played.wire.whole(words);

/** Writes, waits until it has left, and cuts the connection. */
const writeAndCut = async (played: Played, bytes: Buffer): Promise<void> => {
  begin(played);
  await new Promise<void>((resolve) => played.response.write(bytes, () => resolve()));
  await pause(dripMs);
  reset(played);
};

const cutInCharacter = (played: Played): Promise<void> => {
  const bytes = Buffer.from(text(played, "Grüße"));
  // Behind the first of the two bytes of ü.
  return writeAndCut(played, bytes.subarray(0, bytes.indexOf(Buffer.from("ü")) + 1));
};

/** A chunk of HTTP that says that it is longer than what comes of it. */
const cutInChunk = async (played: Played): Promise<void> => {
  const { response } = played;
  begin(played);
  const half = Buffer.from(text(played, "Hello again").slice(0, 40));
  response.socket?.write(`${(half.length + 100).toString(16)}\r\n${half}`);
  await pause(dripMs);
  reset(played);
};

const drip = async (played: Played): Promise<void> => {
  begin(played);
  for (const byte of Buffer.from(text(played, "x".repeat(10_000)))) {
    if (played.response.destroyed) return;
    played.response.write(Buffer.from([byte]));
    await pause(dripMs);
  }
};

const huge = async (played: Played): Promise<void> => {
  begin(played);
  const { response, streamed } = played;
  const part = Buffer.alloc(megabyte, "x");
  response.write(streamed ? 'data: {"id":"' : '{"id":"');
  for (let bytes = 0; bytes < (streamed ? hugeFrameBytes : hugeAnswerBytes) && !response.destroyed; bytes += megabyte) {
    if (response.write(part)) continue;
    await Promise.race([
      new Promise<void>((resolve) => response.once("drain", resolve)),
      new Promise<void>((resolve) => response.once("close", resolve)),
    ]);
  }
  response.end();
};

const say =
  (words: (played: Played) => string) =>
  (played: Played): void => {
    begin(played);
    played.response.end(words(played));
  };

const errorInside = say(({ wire, streamed }) => (streamed ? wire.errorFrame("no room") : wire.errorBody("no room")));
const garbage = say(({ streamed }) => (streamed ? 'data: {"id": \n\n' : "<html>Bad gateway</html>"));

/** Faults before any content: a true status, streamed or not. */
export const earlyFaults: readonly ProviderFault[] = [
  { name: "that is reset before its headers", code: "PROVIDER_ERROR", play: reset },
  {
    name: "that is reset after its headers",
    code: "PROVIDER_ERROR",
    play: (played) => writeAndCut(played, Buffer.alloc(0)),
  },
  { name: "that is cut in the middle of a chunk", code: "PROVIDER_ERROR", play: cutInChunk },
  { name: "that is cut in the middle of a UTF-8 character", code: "PROVIDER_ERROR", play: cutInCharacter },
  {
    name: "whose headers never come",
    code: "PROVIDER_TIMEOUT",
    timeoutMs: shortMs,
    play: () => undefined,
  },
  { name: "that is silent for ever after its headers", code: "PROVIDER_TIMEOUT", timeoutMs: shortMs, play: begin },
  { name: "that comes a byte at a time", code: "PROVIDER_TIMEOUT", timeoutMs: shortMs, play: drip },
  { name: "of garbage", code: "PROVIDER_ERROR", play: garbage },
  { name: "of a frame or body without an end", code: "PROVIDER_ERROR", play: huge },
  { name: "of status 200 with an error inside", code: "PROVIDER_ERROR", play: errorInside },
];

/** Faults after the first content: an error in the stream. */
export const lateFaults: readonly ProviderFault[] = [
  { name: "is reset", code: "PROVIDER_ERROR", play: reset },
  { name: "is cut in the middle of a chunk", code: "PROVIDER_ERROR", play: cutInChunk },
  { name: "is cut in the middle of a UTF-8 character", code: "PROVIDER_ERROR", play: cutInCharacter },
  { name: "falls silent for ever", code: "PROVIDER_TIMEOUT", timeoutMs: shortMs, play: () => undefined },
  { name: "goes on a byte at a time", code: "PROVIDER_TIMEOUT", timeoutMs: shortMs, play: drip },
  { name: "turns into garbage", code: "PROVIDER_ERROR", play: garbage },
  { name: "goes on in a frame without an end", code: "PROVIDER_ERROR", play: huge },
  { name: "brings an error", code: "PROVIDER_ERROR", play: errorInside },
  { name: "ends without a finish reason", code: "PROVIDER_ERROR", play: ({ response }) => void response.end() },
];

import { type AudioFormat, audioContentTypes } from "./accept.ts";
import type { AudioFacts, AudioSource } from "./audio-source.ts";

/** The three forms in which audio leaves, each while it arrives: its bytes, JSON with base64, and events. */

/** Audio whose first bytes are here: whatever fails later is told by the form itself. */
export interface StartedAudio {
  readonly source: AudioSource;
  readonly parts: AsyncGenerator<Buffer, void, undefined>;
}

/** Waits for the first bytes, so that an early failure is a true status. @throws ProviderFailure */
export const startAudio = async (source: AudioSource): Promise<StartedAudio> => {
  const rest = source.audio();
  const first = await rest.next();
  async function* parts(): AsyncGenerator<Buffer, void, undefined> {
    try {
      if (first.done !== true) yield first.value;
      yield* rest;
    } finally {
      await rest.return();
    }
  }
  return { source, parts: parts() };
};

export interface AudioEnd {
  /** The audio is whole; with it what goes into the answer beside it. */
  readonly whole: (facts: AudioFacts) => Readonly<Record<string, unknown>>;
  /** It broke off. Resolves to what is thrown on. */
  readonly broken: (thrown: unknown) => Error;
}

/** Base64 of bytes that come in parts: three bytes are four characters, so up to two wait for the next part. */
async function* toBase64(parts: AsyncIterable<Buffer>): AsyncGenerator<string, void, undefined> {
  let waiting = Buffer.alloc(0);
  for await (const part of parts) {
    const bytes = waiting.length === 0 ? part : Buffer.concat([waiting, part]);
    const whole = bytes.length - (bytes.length % 3);
    waiting = Buffer.from(bytes.subarray(whole));
    if (whole > 0) yield bytes.toString("base64", 0, whole);
  }
  if (waiting.length > 0) yield waiting.toString("base64");
}

/** The audio's own bytes. */
export async function* rawAudio(
  { source, parts }: StartedAudio,
  end: AudioEnd,
): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield* parts;
  } catch (thrown) {
    throw end.broken(thrown);
  }
  end.whole(source.facts);
}

/** `{success, data: {audio: "<base64>", …}}`, written while the audio arrives. */
export async function* jsonAudio(
  { source, parts }: StartedAudio,
  end: AudioEnd,
): AsyncGenerator<string, void, undefined> {
  yield '{"success":true,"data":{"audio":"';
  try {
    yield* toBase64(parts);
  } catch (thrown) {
    // Half a JSON document cannot tell of an error: the connection breaks, which no client takes for an answer.
    throw end.broken(thrown);
  }
  yield `",${JSON.stringify(end.whole(source.facts)).slice(1)}}`;
}

export const rawAudioHeaders = (format: AudioFormat): Record<string, string> => ({
  "content-type": audioContentTypes[format],
  "x-accel-buffering": "no",
});

/** `event: audio` with base64 for each part, then `event: done` with the rest of the answer. */
export async function* audioEvents({ source, parts }: StartedAudio, end: AudioEnd): AsyncGenerator<string> {
  try {
    for await (const part of parts) yield `event: audio\ndata: {"audio":"${part.toString("base64")}"}\n\n`;
  } catch (thrown) {
    throw end.broken(thrown);
  }
  yield `event: done\ndata: ${JSON.stringify(end.whole(source.facts))}\n\n`;
}

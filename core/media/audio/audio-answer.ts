import type { AudioFormat } from "#core/providers/media/minimax/audio-request.ts";
import type { AudioFacts, AudioSource } from "#core/providers/media/minimax/audio-source.ts";
import { audioContentTypes } from "./accept.ts";

/** The three forms of audio in a response, each sent while it arrives: its bytes, JSON with base64, and events. */

/** Audio whose first bytes have arrived: a later failure can only show in the body. */
export interface StartedAudio {
  readonly source: AudioSource;
  readonly parts: AsyncGenerator<Buffer, void, undefined>;
}

/** Waits for the first bytes, so that an early failure still sets the status. @throws ProviderFailure */
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
  /** The audio is complete. Returns the rest of the answer. */
  readonly complete: (facts: AudioFacts) => Readonly<Record<string, unknown>>;
  /** The audio broke off. Returns the error to throw. */
  readonly failed: (thrown: unknown) => Error;
}

/** Base64 of bytes that arrive in parts. Three bytes make four characters, so up to two bytes wait for the next part. */
async function* toBase64(parts: AsyncIterable<Buffer>): AsyncGenerator<string, void, undefined> {
  let waiting = Buffer.alloc(0);
  for await (const part of parts) {
    const bytes = waiting.length === 0 ? part : Buffer.concat([waiting, part]);
    const encodable = bytes.length - (bytes.length % 3);
    waiting = Buffer.from(bytes.subarray(encodable));
    if (encodable > 0) yield bytes.toString("base64", 0, encodable);
  }
  if (waiting.length > 0) yield waiting.toString("base64");
}

/** The audio's bytes. */
export async function* rawAudio(
  { source, parts }: StartedAudio,
  end: AudioEnd,
): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield* parts;
  } catch (thrown) {
    throw end.failed(thrown);
  }
  end.complete(source.facts);
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
    // Half a JSON document cannot report an error, so the connection breaks: no client takes that for an answer.
    throw end.failed(thrown);
  }
  yield `",${JSON.stringify(end.complete(source.facts)).slice(1)}}`;
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
    throw end.failed(thrown);
  }
  yield `event: done\ndata: ${JSON.stringify(end.complete(source.facts))}\n\n`;
}

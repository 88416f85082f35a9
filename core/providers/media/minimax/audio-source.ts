import type { IncomingMessage } from "node:http";
import * as z from "zod";
import { toProviderFailure } from "#core/providers/http-transport.ts";
import { isSimulated, malformed } from "#core/providers/media/upstream.ts";
import { ProviderFailure } from "#core/providers/provider.ts";
import { SseParser } from "#core/providers/sse-parser.ts";
import { minimaxFailure } from "./errors.ts";
import { BrokenHexAudio, fromHex, HexAudioReader } from "./hex-audio.ts";

/** Audio from MiniMax (speech, music) as bytes while it arrives, from a JSON document or a stream of events. */

const count = z.number().nullish();

const extraSchema = z.looseObject({
  audio_length: count,
  music_duration: count,
  audio_size: count,
  music_size: count,
  audio_sample_rate: count,
  music_sample_rate: count,
  bitrate: count,
  audio_channel: count,
  music_channel: count,
  usage_characters: count,
});

const replySchema = z.looseObject({
  data: z.looseObject({ status: count, audio: z.string().nullish(), subtitle_file: z.string().nullish() }).nullish(),
  extra_info: extraSchema.nullish(),
  trace_id: z.string().nullish(),
});

/** MiniMax's facts about the audio. Each may be missing. */
export interface AudioFacts {
  readonly durationMs: number | null;
  readonly sizeBytes: number | null;
  readonly sampleRate: number | null;
  readonly bitrate: number | null;
  readonly channels: number | null;
  /** Characters that MiniMax charges for. */
  readonly characters: number | null;
  readonly subtitleUrl: string | null;
  readonly traceId: string | null;
  /** Where MiniMax stores the audio, if a URL was requested. */
  readonly url: string | null;
}

/** Reads the facts of a response. */
export const audioFacts = (json: unknown): AudioFacts => {
  const parsed = replySchema.safeParse(json);
  const { data, extra_info: extra, trace_id: traceId } = parsed.success ? parsed.data : {};
  const audio = data?.audio ?? "";
  return {
    durationMs: extra?.audio_length ?? extra?.music_duration ?? null,
    sizeBytes: extra?.audio_size ?? extra?.music_size ?? null,
    sampleRate: extra?.audio_sample_rate ?? extra?.music_sample_rate ?? null,
    bitrate: extra?.bitrate ?? null,
    channels: extra?.audio_channel ?? extra?.music_channel ?? null,
    characters: extra?.usage_characters ?? null,
    subtitleUrl: data?.subtitle_file ?? null,
    traceId: traceId ?? null,
    url: /^https?:/.test(audio) ? audio : null,
  };
};

const throwFailure = (json: unknown): void => {
  const failure = minimaxFailure(json);
  if (failure !== undefined) throw failure;
};

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    throw malformed("minimax", "an event of the stream is not JSON");
  }
};

/** Audio on its way from MiniMax. */
export class AudioSource {
  readonly #response: IncomingMessage;
  readonly #signal: AbortSignal;
  #facts: AudioFacts = audioFacts({});
  #bytes = 0;

  constructor(response: IncomingMessage, signal: AbortSignal) {
    this.#response = response;
    this.#signal = signal;
  }

  get simulated(): boolean {
    return isSimulated(this.#response.headers);
  }

  /** Complete once `audio()` has ended. */
  get facts(): AudioFacts {
    return { ...this.#facts, sizeBytes: this.#facts.sizeBytes ?? this.#bytes };
  }

  /** The audio's bytes. Stopping early closes the provider's connection. @throws ProviderFailure */
  async *audio(): AsyncGenerator<Buffer, void, undefined> {
    const isStream = /event-stream/.test(this.#response.headers["content-type"] ?? "");
    try {
      for await (const part of isStream ? this.#fromEvents() : this.#fromDocument()) {
        if (part.length === 0) continue;
        this.#bytes += part.length;
        yield part;
      }
    } catch (error) {
      if (error instanceof BrokenHexAudio) throw malformed("minimax", error.message);
      throw error instanceof ProviderFailure ? error : toProviderFailure("minimax", error, this.#signal);
    } finally {
      this.#response.destroy();
    }
    if (this.#bytes === 0) throw malformed("minimax", "the answer has no audio");
  }

  async *#fromDocument(): AsyncGenerator<Buffer> {
    const reader = new HexAudioReader();
    for await (const part of this.#response) yield reader.push(part as Buffer);
    let json: unknown;
    try {
      json = reader.end();
    } catch (error) {
      if (error instanceof SyntaxError) throw malformed("minimax", "the answer is not complete JSON");
      throw error;
    }
    throwFailure(json);
    this.#facts = audioFacts(json);
  }

  async *#fromEvents(): AsyncGenerator<Buffer> {
    const parser = new SseParser({ maxFrameBytes: maxEventBytes });
    let ended = false;
    const read = (text: string): Buffer => {
      const json = parse(text);
      throwFailure(json);
      const { data } = replySchema.safeParse(json).data ?? {};
      const isLast = data?.status === 2;
      if (isLast) {
        ended = true;
        this.#facts = audioFacts(json);
        // By default MiniMax repeats the whole audio in its last event.
        if (this.#bytes > 0) return nothing;
      }
      return fromHex(data?.audio ?? "");
    };
    for await (const part of this.#response) {
      for (const { data } of parser.push(part as Buffer)) yield read(data);
    }
    for (const { data } of parser.end()) yield read(data);
    if (!ended) throw malformed("minimax", "the stream ended before its last event");
  }
}

const nothing = Buffer.alloc(0);
const maxEventBytes = 64 * 1024 * 1024;

import type { IncomingMessage } from "node:http";
import type { MediaTokens } from "#core/catalog/openai-media-prices.ts";
import { toProviderFailure } from "#core/providers/http-transport.ts";
import { isSimulated, malformed, openUpstream } from "#core/providers/media/upstream.ts";
import { type KeyCredential, ProviderFailure } from "#core/providers/provider.ts";
import { SseParser } from "#core/providers/sse-parser.ts";
import type { AudioSpeech } from "#core/schemas/openai-media.ts";
import { parseEvent, tokensOf, toOpenaiCall } from "./call.ts";

/**
 * OpenAI's speech: POST /audio/speech. Only its events report tokens, so that models which can stream them are asked for
 * events, whatever the caller gets.
 */

const headersTimeoutMs = 290_000;
const maxEventBytes = 16 * 1024 * 1024;

const contentTypes: Readonly<Record<string, string>> = {
  mp3: "audio/mpeg",
  opus: "audio/opus",
  aac: "audio/aac",
  flac: "audio/flac",
  wav: "audio/wav",
  pcm: "audio/pcm",
};

/** tts-1 and tts-1-hd have no events. Source: OpenAI's API reference, `stream_format`. */
const hasEvents = (model: string): boolean => !model.startsWith("tts-1");

export interface SpeechSource {
  readonly contentType: string;
  readonly simulated: boolean;
  /** The audio's bytes, or the events as text when the caller asked for them. @throws ProviderFailure */
  audio(): AsyncGenerator<Buffer, void, undefined>;
  /** Complete once `audio()` has ended. */
  readonly tokens: MediaTokens | undefined;
}

class OpenaiSpeech implements SpeechSource {
  readonly contentType: string;
  readonly #response: IncomingMessage;
  readonly #asEvents: boolean;
  readonly #signal: AbortSignal;
  #tokens: MediaTokens | undefined;

  constructor(response: IncomingMessage, request: AudioSpeech, signal: AbortSignal) {
    this.#response = response;
    this.#asEvents = request.stream_format === "sse";
    this.#signal = signal;
    this.contentType = this.#asEvents
      ? "text/event-stream; charset=utf-8"
      : (contentTypes[request.response_format ?? "mp3"] ?? "application/octet-stream");
  }

  get simulated(): boolean {
    return isSimulated(this.#response.headers);
  }

  get tokens(): MediaTokens | undefined {
    return this.#tokens;
  }

  async *audio(): AsyncGenerator<Buffer, void, undefined> {
    const isStream = /event-stream/i.test(this.#response.headers["content-type"] ?? "");
    let bytes = 0;
    try {
      for await (const part of isStream ? this.#fromEvents() : this.#response) {
        bytes += (part as Buffer).length;
        yield part as Buffer;
      }
    } catch (error) {
      throw error instanceof ProviderFailure ? error : toProviderFailure("openai", error, this.#signal);
    } finally {
      this.#response.destroy();
    }
    if (bytes === 0) throw malformed("openai", "the answer has no audio");
  }

  async *#fromEvents(): AsyncGenerator<Buffer> {
    const parser = new SseParser({ maxFrameBytes: maxEventBytes });
    let ended = false;
    const read = (data: string): Buffer => {
      const event = parseEvent(data);
      if (event.type === "speech.audio.done") {
        ended = true;
        this.#tokens = tokensOf(event.usage);
      }
      if (event.type === "error" || event.error !== undefined) throw malformed("openai", "the stream reports an error");
      if (this.#asEvents) return Buffer.from(`data: ${data}\n\n`);
      return typeof event.audio === "string" ? Buffer.from(event.audio, "base64") : Buffer.alloc(0);
    };
    for await (const part of this.#response) {
      for (const { data } of parser.push(part as Buffer)) if (data !== "[DONE]") yield read(data);
    }
    for (const { data } of parser.end()) if (data !== "[DONE]") yield read(data);
    if (!ended) throw malformed("openai", "the stream ended before its last event");
  }
}

/** Opens speech that is read while it arrives. @throws ProviderFailure */
export const openSpeech = async (
  model: string,
  request: AudioSpeech,
  { credential, signal }: { readonly credential: KeyCredential; readonly signal: AbortSignal },
): Promise<SpeechSource> => {
  const { input, voice, instructions, response_format: format, speed } = request;
  if (request.stream_format === "sse" && !hasEvents(model)) {
    throw new ProviderFailure("openai", "request", `${model} has no events`, {
      status: 400,
      providerMessage: `${model} does not support stream_format sse.`,
      param: "stream_format",
    });
  }
  const body = {
    model,
    input,
    voice,
    ...(typeof instructions === "string" ? { instructions } : {}),
    response_format: format ?? "mp3",
    ...(typeof speed === "number" ? { speed } : {}),
    ...(hasEvents(model) ? { stream_format: "sse" } : {}),
  };
  const call = toOpenaiCall({ credential, path: "/audio/speech", body, signal, headersTimeoutMs });
  return new OpenaiSpeech(await openUpstream(call), request, signal);
};

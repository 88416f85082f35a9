import type { MusicRequest, SpeechRequest } from "#core/schemas/media.ts";

/** MiniMax's requests for audio. */

export type AudioFormat = "mp3" | "wav" | "flac" | "pcm";

export interface AudioRequest {
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** How MiniMax delivers the audio: hex in a JSON document, hex in a stream of events, or a URL. */
export type AudioDelivery = "document" | "events" | "url";

/** How long MiniMax keeps audio that it gives a URL. Source: platform.minimax.io, speech-t2a-http. */
export const audioUrlLifetimeMs = 24 * 3_600_000;

const defaultVoice = "English_Graceful_Lady";

const deliveryFields = (delivery: AudioDelivery) => ({
  stream: delivery === "events",
  // Otherwise the last event repeats the whole audio.
  ...(delivery === "events" ? { stream_options: { exclude_aggregated_audio: true } } : {}),
  output_format: delivery === "url" ? "url" : "hex",
});

/** Text to speech. `model` is the resolved one. */
export const speechRequest = (
  request: SpeechRequest,
  model: string,
  format: AudioFormat,
  delivery: AudioDelivery,
): AudioRequest => {
  const { audio_setting: audio, voice_setting: voice, ...rest } = request;
  return {
    path: "/t2a_v2",
    body: {
      ...rest,
      model,
      voice_setting: request.timbre_weights === undefined ? { voice_id: defaultVoice, ...voice } : voice,
      audio_setting: { sample_rate: 32_000, bitrate: 128_000, channel: 1, ...audio, format },
      ...deliveryFields(delivery),
    },
  };
};

/** A song. `model` is the resolved one. */
export const musicRequest = (
  request: MusicRequest,
  model: string,
  format: AudioFormat,
  delivery: AudioDelivery,
): AudioRequest => ({
  path: "/music_generation",
  body: {
    ...request,
    model,
    audio_setting: { sample_rate: 44_100, bitrate: 256_000, ...request.audio_setting, format },
    ...deliveryFields(delivery),
  },
});

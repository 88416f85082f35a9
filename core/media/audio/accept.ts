import { GatewayError } from "#core/errors.ts";
import type { AudioFormat } from "#core/providers/media/minimax/audio-request.ts";
import { ownValue } from "#core/values/records.ts";

/** The form of audio that a caller wants, from `Accept` and the format in the body. */

export const audioContentTypes: Readonly<Record<AudioFormat, string>> = {
  mp3: "audio/mpeg",
  wav: "audio/wav",
  flac: "audio/flac",
  pcm: "audio/pcm",
};

const formatOf: Readonly<Record<string, AudioFormat | "any">> = {
  "audio/mpeg": "mp3",
  "audio/mp3": "mp3",
  "audio/wav": "wav",
  "audio/x-wav": "wav",
  "audio/wave": "wav",
  "audio/flac": "flac",
  "audio/x-flac": "flac",
  "audio/pcm": "pcm",
  "audio/l16": "pcm",
  "audio/*": "any",
};

/** Media types that ask for JSON with the audio in it. */
const jsonType = /^(application\/(.*\+)?json|application\/\*|\*\/\*)$/;

export interface WantedAudio {
  /** The body is the audio itself. */
  readonly raw: boolean;
  readonly format: AudioFormat;
}

/** The media types of an `Accept` header, most preferred first, without those refused by `q=0`. */
const acceptedTypes = (header: string): readonly string[] =>
  header
    .split(",")
    .map((part, index) => {
      const [type = "", ...parameters] = part.split(";").map((text) => text.trim().toLowerCase());
      const quality = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
      return { type, index, quality: quality === undefined ? 1 : Number(quality) };
    })
    .filter(({ quality }) => quality > 0)
    .sort((left, right) => right.quality - left.quality || left.index - right.index)
    .map(({ type }) => type);

/** The first accepted type that we support: a form of audio, or JSON. */
const firstSupported = (types: readonly string[]): string | undefined =>
  types.find((type) => ownValue(formatOf, type) !== undefined || jsonType.test(type));

/**
 * Raw audio if `Accept` prefers it among the types that we support, JSON otherwise.
 * @throws GatewayError BAD_REQUEST when it contradicts the body's format, or accepts unsupported audio only
 */
export const wantedAudio = (accept: string | undefined, inBody: AudioFormat | undefined): WantedAudio => {
  const types = acceptedTypes(accept ?? "");
  const first = firstSupported(types);
  if (first === undefined && types.some((type) => type.startsWith("audio/"))) {
    const supported = Object.values(audioContentTypes).join(", ");
    throw new GatewayError("BAD_REQUEST", `Unsupported audio type. Supported: ${supported}, application/json.`, {
      param: "Accept",
    });
  }
  const named = first === undefined ? undefined : ownValue(formatOf, first);
  if (named === undefined) return { raw: false, format: inBody ?? "mp3" };
  if (named === "any") return { raw: true, format: inBody ?? "mp3" };
  if (inBody !== undefined && inBody !== named) {
    throw new GatewayError("BAD_REQUEST", `Accept is ${first}, but audio_setting.format is ${inBody}.`, {
      param: "audio_setting.format",
    });
  }
  return { raw: true, format: named };
};

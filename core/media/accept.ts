import { GatewayError } from "#core/errors.ts";
import { ownValue } from "#core/values/own-value.ts";

/** What form of audio a caller wants, by `Accept`, `stream` and the format in the body. */

export type AudioFormat = "mp3" | "wav" | "flac" | "pcm";

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

/** What asks for the JSON with the audio in it. */
const asksForJson = /^(application\/(.*\+)?json|application\/\*|\*\/\*)$/;

export interface WantedAudio {
  /** The body is the audio itself. */
  readonly raw: boolean;
  readonly format: AudioFormat;
}

/** The media types of an `Accept` header, most wanted first; what is refused with `q=0` is left out. */
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

/** The first of the accepted types that we have: a form of audio, or JSON. Undefined where none is. */
const firstServed = (types: readonly string[]): string | undefined =>
  types.find((type) => ownValue(formatOf, type) !== undefined || asksForJson.test(type));

/**
 * Raw audio when that is what `Accept` wants most of what we have, JSON otherwise.
 * @throws GatewayError BAD_REQUEST when it names another format than the body does, or nothing but audio that we do not make
 */
export const wantedAudio = (accept: string | undefined, inBody: AudioFormat | undefined): WantedAudio => {
  const types = acceptedTypes(accept ?? "");
  const first = firstServed(types);
  if (first === undefined && types.some((type) => type.startsWith("audio/"))) {
    const made = Object.values(audioContentTypes).join(", ");
    throw new GatewayError("BAD_REQUEST", `No audio of this type is made: ask for ${made}, or for JSON.`, {
      param: "Accept",
    });
  }
  const named = first === undefined ? undefined : ownValue(formatOf, first);
  if (named === undefined) return { raw: false, format: inBody ?? "mp3" };
  if (named === "any") return { raw: true, format: inBody ?? "mp3" };
  if (inBody !== undefined && inBody !== named) {
    throw new GatewayError("BAD_REQUEST", `Accept asks for ${first}, audio_setting.format for ${inBody}.`, {
      param: "audio_setting.format",
    });
  }
  return { raw: true, format: named };
};

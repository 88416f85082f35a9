import type { Deprecation } from "#core/catalog/model.ts";
import type { PlatformProviderId } from "#core/catalog/provider-ids.ts";
import { GatewayError } from "#core/errors.ts";
import { ownValue } from "#core/values/records.ts";

/**
 * Every media model: its provider, the endpoints that it serves and the unit that it is metered in. Documented names of models
 * that were shut down resolve to the successor, which `X-Model-Used` names.
 */

export type MediaKind =
  | "speech"
  | "openai-speech"
  | "transcription"
  | "moderation"
  | "music"
  | "minimax-image"
  | "minimax-video"
  | "image"
  | "edit"
  | "video"
  | "fashion";
export type MediaUnit = "characters" | "songs" | "images" | "seconds" | "credits" | "requests";

export interface MediaModel {
  readonly id: string;
  readonly provider: PlatformProviderId;
  readonly kinds: readonly MediaKind[];
  readonly unit: MediaUnit;
  /** The vendor has announced its end. */
  readonly deprecated?: Deprecation;
}

const row =
  (provider: PlatformProviderId, unit: MediaUnit, ...kinds: MediaKind[]) =>
  (...ids: string[]): MediaModel[] =>
    ids.map((id) => ({ id, provider, kinds, unit }));

const speech = row("minimax", "characters", "speech");
const music = row("minimax", "songs", "music");
/** MiniMax's images and videos have separate endpoints. */
const minimaxImage = row("minimax", "images", "minimax-image");
const minimaxVideo = row("minimax", "seconds", "minimax-video");
const fashion = row("fashn", "credits", "fashion");

export const mediaModels: readonly MediaModel[] = [
  ...speech("speech-2.8-hd", "speech-2.8-turbo", "speech-2.6-hd", "speech-2.6-turbo"),
  ...speech("speech-02-hd", "speech-02-turbo", "speech-01-hd", "speech-01-turbo"),
  ...music("music-2.6", "music-2.6-free", "music-2.5+", "music-2.5", "music-2.0"),
  ...minimaxImage("image-01", "image-01-live"),
  ...minimaxVideo("MiniMax-Hailuo-2.3", "MiniMax-Hailuo-2.3-Fast", "MiniMax-Hailuo-02", "S2V-01"),
  ...minimaxVideo("T2V-01", "T2V-01-Director", "I2V-01", "I2V-01-Director", "I2V-01-live"),
  ...fashion("tryon-v1.6", "product-to-model", "face-to-model", "model-create", "model-variation", "model-swap"),
  ...fashion("reframe", "background-change", "background-remove", "image-to-video"),
  ...row("google", "images", "image", "edit")("gemini-3.1-flash-image", "gemini-3-pro-image"),
  ...row("google", "images", "image", "edit")("gemini-3.1-flash-lite-image"),
  ...row("bfl", "images", "image", "edit")("flux-2-pro", "flux-2-max", "flux-2-flex"),
  ...row("bfl", "images", "image", "edit")("flux-2-klein-4b", "flux-2-klein-9b"),
  ...row("bfl", "images", "image", "edit")("flux-kontext-pro", "flux-kontext-max"),
  ...row("bfl", "images", "image")("flux-pro-1.1", "flux-pro-1.1-ultra"),
  ...row("fal", "images", "image", "edit")("recraft-v3", "ideogram-v3", "seedream-v5-lite"),
  ...row("fal", "images", "image")("recraft-v4", "stable-diffusion-v35-large", "stable-diffusion-v35-medium"),
  ...row("fal", "images", "image")("qwen-image"),
  ...row("fal", "images", "edit")("qwen-image-edit", "qwen-image-edit-plus"),
  ...row("openai", "images", "image", "edit")("gpt-image-2.6-sunburst", "gpt-image-2.6-flare"),
  ...row("openai", "images", "image", "edit")("gpt-image-2", "gpt-image-1.5"),
  /** OpenAI's speech, transcription and moderation, whose endpoints have OpenAI's own form. */
  ...row("openai", "characters", "openai-speech")("gpt-4o-mini-tts", "tts-1", "tts-1-hd"),
  ...row("openai", "seconds", "transcription")("gpt-transcribe", "gpt-4o-transcribe", "gpt-4o-mini-transcribe"),
  ...row("openai", "seconds", "transcription")("gpt-4o-transcribe-diarize"),
  {
    ...{ id: "whisper-1", provider: "openai", kinds: ["transcription"], unit: "seconds" },
    deprecated: { announcedOn: undefined, shutDownOn: "2027-02-26", successor: "gpt-transcribe" },
  },
  ...row("openai", "requests", "moderation")("omni-moderation-latest"),
  ...row("google", "seconds", "video")("gemini-omni-1.1-flash", "gemini-omni-1.2-flash"),
  ...row("fal", "seconds", "video")("kling-v3-pro", "kling-v3-standard", "wan-2.6"),
];

/** Short names, and documented ids of models that their provider shut down. */
const mediaAliases: Readonly<Record<string, string>> = {
  imagen: "gemini-3.1-flash-image",
  "imagen-4": "gemini-3.1-flash-image",
  "imagen-4.0-generate-001": "gemini-3.1-flash-image",
  "imagen-4.0-ultra-generate-001": "gemini-3-pro-image",
  "imagen-4.0-fast-generate-001": "gemini-3.1-flash-lite-image",
  "gpt-image-2.6": "gpt-image-2.6-sunburst",
  flux: "flux-2-pro",
  "flux-2": "flux-2-pro",
  "flux-2-klein": "flux-2-klein-9b",
  recraft: "recraft-v3",
  ideogram: "ideogram-v3",
  sd: "stable-diffusion-v35-large",
  "stable-diffusion": "stable-diffusion-v35-large",
  qwen: "qwen-image",
  seedream: "seedream-v5-lite",
  veo: "gemini-omni-1.1-flash",
  "veo-2.0-generate-001": "gemini-omni-1.1-flash",
  "veo-3.0-generate-001": "gemini-omni-1.1-flash",
  "veo-3.0-fast-generate-001": "gemini-omni-1.1-flash",
  "veo-3.1-generate-preview": "gemini-omni-1.1-flash",
  "veo-3.1-fast-generate-preview": "gemini-omni-1.1-flash",
  "veo-3.1-lite-generate-preview": "gemini-omni-1.1-flash",
  kling: "kling-v3-pro",
  wan: "wan-2.6",
};

/** Names of families with a separate model for edits. */
const editAliases: Readonly<Record<string, string>> = { qwen: "qwen-image-edit" };

const byId = new Map(mediaModels.map((model) => [model.id, model]));

/** The model of an id, or undefined. */
export const findMediaModel = (id: string): MediaModel | undefined => byId.get(ownValue(mediaAliases, id) ?? id);

/** Ids of the models that serve an endpoint. */
const mediaModelsOf = (wanted: readonly MediaKind[]): readonly string[] =>
  mediaModels.filter(({ kinds }) => wanted.some((kind) => kinds.includes(kind))).map(({ id }) => id);

/** Names of families, without versions, that lead to one of these models. */
const familiesOf = (ids: readonly string[], wanted: readonly MediaKind[]): readonly string[] =>
  Object.entries({ ...mediaAliases, ...(wanted.includes("edit") ? editAliases : {}) })
    .filter(([name, id]) => /^[a-z-]+$/.test(name) && ids.includes(id))
    .map(([name]) => name);

/** The model behind a name, for an endpoint that serves a kind or several. @throws GatewayError INVALID_MODEL that lists the supported models */
export const resolveMediaModel = (
  name: string,
  kind: MediaKind | readonly MediaKind[],
  param = "model",
): MediaModel => {
  const wanted = typeof kind === "string" ? [kind] : kind;
  const known = findMediaModel(wanted.includes("edit") ? (ownValue(editAliases, name) ?? name) : name);
  if (known !== undefined && wanted.some((each) => known.kinds.includes(each))) return known;
  const ids = mediaModelsOf(wanted);
  const suggestions = [...familiesOf(ids, wanted), ...ids];
  throw new GatewayError(
    "INVALID_MODEL",
    `No model with this name supports this operation. Supported: ${suggestions.join(", ")}.`,
    {
      param,
      details: { suggestions },
    },
  );
};

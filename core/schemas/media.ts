import * as z from "zod";
import { mediaUrl, webhookUrl } from "./media-url.ts";

/** Requests of /api/v1/media/*: MiniMax's own fields, so that its documentation holds, less what is ours to decide. */

const model = z.string().min(1).max(100);
const bitrate = z.union([z.literal(32_000), z.literal(64_000), z.literal(128_000), z.literal(256_000)]);
const sampleRate = (...rates: number[]) => z.union(rates.map((rate) => z.literal(rate)));

const speechAudio = z.strictObject({
  format: z.enum(["mp3", "wav", "flac", "pcm"]).optional(),
  sample_rate: sampleRate(8_000, 16_000, 22_050, 24_000, 32_000, 44_100).optional(),
  bitrate: bitrate.optional(),
  channel: z.union([z.literal(1), z.literal(2)]).optional(),
});

const emotions = ["happy", "sad", "angry", "fearful", "disgusted", "surprised", "neutral", "calm", "fluent", "whisper"];

const voice = z.strictObject({
  voice_id: z.string().min(1).max(200).optional(),
  speed: z.number().min(0.5).max(2).optional(),
  vol: z.number().gt(0).max(10).optional(),
  pitch: z.int().min(-12).max(12).optional(),
  emotion: z.enum(emotions).optional(),
  text_normalization: z.boolean().optional(),
  latex_read: z.boolean().optional(),
});

/** `base64` is in the answer, `url` lies at MiniMax for 24 hours. */
const audioOutput = z.enum(["base64", "url"]).optional();

export const speechSchema = z.strictObject({
  model: model.default("speech-2.8-hd"),
  text: z.string().min(1).max(10_000).describe("Up to 10,000 characters; `<#0.5#>` inserts a pause of half a second"),
  voice_setting: voice.optional(),
  audio_setting: speechAudio.optional(),
  language_boost: z.string().min(1).max(50).optional(),
  pronunciation_dict: z.strictObject({ tone: z.array(z.string().min(1).max(200)).max(500) }).optional(),
  timbre_weights: z
    .array(z.strictObject({ voice_id: z.string().min(1).max(200), weight: z.int().min(1).max(100) }))
    .min(1)
    .max(4)
    .optional(),
  voice_modify: z
    .strictObject({
      pitch: z.int().min(-100).max(100).optional(),
      intensity: z.int().min(-100).max(100).optional(),
      timbre: z.int().min(-100).max(100).optional(),
      sound_effects: z.string().min(1).max(50).optional(),
    })
    .optional(),
  subtitle_enable: z.boolean().optional(),
  aigc_watermark: z.boolean().optional(),
  output_format: audioOutput,
  stream: z.boolean().optional(),
});

export const musicSchema = z
  .strictObject({
    model: model.default("music-2.6"),
    prompt: z.string().min(1).max(2_000).optional(),
    lyrics: z.string().min(1).max(3_500).optional(),
    is_instrumental: z.boolean().optional(),
    lyrics_optimizer: z.boolean().optional(),
    seed: z.int().min(0).max(1_000_000).optional(),
    audio_setting: z
      .strictObject({
        format: z.enum(["mp3", "wav", "pcm"]).optional(),
        sample_rate: sampleRate(16_000, 24_000, 32_000, 44_100).optional(),
        bitrate: bitrate.optional(),
      })
      .optional(),
    aigc_watermark: z.boolean().optional(),
    output_format: audioOutput,
    stream: z.boolean().optional(),
  })
  .superRefine(({ prompt, lyrics, is_instrumental: instrumental, lyrics_optimizer: optimizer }, context) => {
    const free = instrumental === true || optimizer === true;
    if (lyrics === undefined && !free) {
      context.addIssue({
        code: "custom",
        path: ["lyrics"],
        message: "is required unless is_instrumental or lyrics_optimizer is set",
      });
    }
    if (prompt === undefined && free) {
      context.addIssue({ code: "custom", path: ["prompt"], message: "is required without lyrics" });
    }
  });

export const voicesQuerySchema = z.strictObject({
  voice_type: z.enum(["system", "voice_cloning", "voice_generation", "all"]).default("all"),
});

const side = z.int().min(512).max(2_048).multipleOf(8).optional();

export const mediaImageSchema = z
  .strictObject({
    model: model.default("image-01"),
    prompt: z.string().min(1).max(1_500),
    aspect_ratio: z.enum(["1:1", "16:9", "4:3", "3:2", "2:3", "3:4", "9:16", "21:9"]).optional(),
    width: side,
    height: side,
    n: z.int().min(1).max(9).default(1),
    seed: z.int().optional(),
    prompt_optimizer: z.boolean().optional(),
    response_format: z.enum(["url", "base64"]).default("url"),
    subject_reference: z
      .array(z.strictObject({ type: z.literal("character"), image_file: mediaUrl("image") }))
      .min(1)
      .max(1)
      .optional(),
    aigc_watermark: z.boolean().optional(),
  })
  .superRefine(({ width, height, aspect_ratio: ratio }, context) => {
    if ((width === undefined) !== (height === undefined)) {
      const [absent, given] = width === undefined ? ["width", "height"] : ["height", "width"];
      context.addIssue({ code: "custom", path: [absent], message: `must be set together with ${given}` });
    }
    if (width !== undefined && ratio !== undefined) {
      context.addIssue({
        code: "custom",
        path: ["aspect_ratio"],
        message: "must not be set together with width and height",
      });
    }
  });

export const mediaVideoSchema = z.strictObject({
  model: model.default("MiniMax-Hailuo-2.3"),
  prompt: z.string().min(1).max(2_000).optional(),
  first_frame_image: mediaUrl("image").optional(),
  last_frame_image: mediaUrl("image").optional(),
  subject_reference: z
    .array(z.strictObject({ type: z.literal("character"), image: z.array(mediaUrl("image")).min(1).max(1) }))
    .min(1)
    .max(1)
    .optional(),
  duration: z.union([z.literal(6), z.literal(10)]).default(6),
  resolution: z.enum(["720P", "768P", "1080P"]).optional(),
  prompt_optimizer: z.boolean().optional(),
  aigc_watermark: z.boolean().optional(),
  webhookUrl: webhookUrl.optional(),
});

export type SpeechRequest = z.infer<typeof speechSchema>;
export type MusicRequest = z.infer<typeof musicSchema>;
export type VoicesQuery = z.infer<typeof voicesQuerySchema>;
export type MediaImageRequest = z.infer<typeof mediaImageSchema>;
export type MediaVideoRequest = z.infer<typeof mediaVideoSchema>;

import * as z from "zod";
import { mediaUrl } from "./media-url.ts";

/**
 * Requests of OpenAI's media endpoints: /images/generations, /images/edits, /audio/speech, /audio/transcriptions and
 * /moderations. Fields that no model here uses are accepted and named in `X-Warnings`.
 * Source: OpenAI's API reference, as in its OpenAPI document.
 */

const model = z.string().min(1).max(100);
const size = z
  .string()
  .regex(/^(auto|\d{2,4}x\d{2,4})$/, "must be auto or <width>x<height>")
  .describe("`auto` or `<width>x<height>` in pixels");

/** A file of a form, which the handler has read. */
export interface FormFile {
  readonly name: string;
  readonly contentType: string;
  readonly bytes: Buffer;
}

const file = z.custom<FormFile>(
  (value) => typeof value === "object" && value !== null && Buffer.isBuffer((value as Partial<FormFile>).bytes),
  "must be a file",
);

/** Values of a form are texts. */
const formNumber = z.union([
  z.number(),
  z
    .string()
    .regex(/^-?\d+(\.\d+)?$/, "must be a number")
    .transform(Number),
]);
const formBoolean = z.union([z.boolean(), z.enum(["true", "false"]).transform((text) => text === "true")]);

const imageFields = {
  prompt: z.string().min(1).max(32_000),
  n: formNumber.pipe(z.int().min(1).max(10)).nullish(),
  size: size.nullish(),
  quality: z.string().max(20).nullish().describe("OpenAI's models only"),
  background: z.string().max(20).nullish().describe("OpenAI's models only"),
  output_format: z.enum(["png", "jpeg", "webp"]).nullish(),
  output_compression: formNumber.pipe(z.int().min(0).max(100)).nullish().describe("OpenAI's models only"),
  moderation: z.string().max(20).nullish().describe("OpenAI's models only"),
  response_format: z.enum(["url", "b64_json"]).nullish(),
  style: z.string().max(20).nullish().describe("Ignored"),
  user: z.string().max(512).nullish().describe("Ignored"),
  stream: formBoolean.nullish().describe("Answers with one event for each image"),
  partial_images: formNumber.nullish().describe("Ignored"),
};

export const imageGenerationsSchema = z.object({ model: model.nullish(), ...imageFields });

const imageReference = z.object({ image_url: mediaUrl("image") });

export const imageEditsSchema = z
  .object({
    model: model.nullish(),
    ...imageFields,
    image: z
      .union([file, z.array(file).min(1).max(8)])
      .optional()
      .describe("The image to edit, or several"),
    images: z.array(imageReference).min(1).max(8).optional().describe("In JSON: URLs of the images to edit"),
    mask: z.union([file, imageReference]).optional(),
    input_fidelity: z.string().max(20).nullish().describe("OpenAI's models only"),
  })
  .superRefine(({ image, images }, context) => {
    if ((image === undefined) === (images === undefined)) {
      const message =
        image === undefined ? "is required: an edit needs an image" : "must not be set together with images";
      context.addIssue({ code: "custom", path: ["image"], message });
    }
  });

export const audioSpeechSchema = z.object({
  model,
  input: z.string().min(1).max(10_000),
  voice: z.union([z.string().min(1).max(200), z.object({ id: z.string().min(1).max(200) })]),
  instructions: z.string().max(4_096).nullish(),
  response_format: z.enum(["mp3", "opus", "aac", "flac", "wav", "pcm"]).nullish(),
  speed: z.number().min(0.25).max(4).nullish(),
  stream_format: z.enum(["audio", "sse"]).nullish(),
});

const audioDataUrl = /^data:(audio\/[a-z0-9.+-]+|video\/(?:mp4|webm));base64,([A-Za-z0-9+/]+={0,2})$/i;

/** In JSON, a file is a data: URL. */
const audioFile = z
  .union([
    file,
    z
      .string()
      .regex(audioDataUrl, "must be a file, or a base64 data: URL of audio")
      .transform((url): FormFile => {
        const [, contentType = "", data = ""] = audioDataUrl.exec(url) ?? [];
        const extension = contentType.slice(contentType.indexOf("/") + 1).replace(/^x-/, "");
        return { name: `audio.${extension}`, contentType, bytes: Buffer.from(data, "base64") };
      }),
  ])
  .describe("A file of the form; in JSON, a base64 data: URL");

export const audioTranscriptionsSchema = z.object({
  file: audioFile,
  model,
  language: z.string().min(2).max(20).nullish(),
  prompt: z.string().max(4_000).nullish(),
  response_format: z.enum(["json", "text", "srt", "verbose_json", "vtt", "diarized_json"]).nullish(),
  temperature: formNumber.pipe(z.number().min(0).max(1)).nullish(),
  stream: formBoolean.nullish(),
  include: z.union([z.string(), z.array(z.string()).max(10)]).nullish(),
  timestamp_granularities: z.union([z.string(), z.array(z.string()).max(4)]).nullish(),
  chunking_strategy: z.string().max(1_000).nullish(),
});

const moderationText = z.string().max(1_000_000);
const moderationPart = z.union([
  z.object({ type: z.literal("text"), text: moderationText }),
  z.object({ type: z.literal("image_url"), image_url: z.object({ url: mediaUrl("image") }) }),
]);

export const moderationsSchema = z.object({
  model: model.nullish(),
  input: z.union([moderationText, z.array(moderationText).min(1).max(1_000), z.array(moderationPart).min(1).max(32)]),
});

export type ImageGenerations = z.infer<typeof imageGenerationsSchema>;
export type ImageEdits = z.infer<typeof imageEditsSchema>;
export type AudioSpeech = z.infer<typeof audioSpeechSchema>;
export type AudioTranscriptions = z.infer<typeof audioTranscriptionsSchema>;
export type Moderations = z.infer<typeof moderationsSchema>;

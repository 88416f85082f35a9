import * as z from "zod";
import { webUrlProblem } from "#core/outbound/web-url.ts";
import { mediaUrl, webhookUrl } from "./media-url.ts";

/**
 * Requests of /api/v1/fashion/*: each of the ten models with exactly its own inputs, checked before FASHN is asked. FASHN's
 * own names. Source: docs.fashn.ai and the types of fashn 0.11.1; where they differ, both forms of a field are taken.
 */

const image = mediaUrl("image");
const prompt = z.string().min(1).max(2_000);
const flag = z.boolean().optional();
const samples = z.int().min(1).max(4).optional();
const seed = z
  .int()
  .min(0)
  .max(2 ** 32 - 1)
  .optional();
const loraUrl = z
  .string()
  .superRefine((text, context) => {
    const problem = webUrlProblem(text);
    if (problem !== undefined) context.addIssue({ code: "custom", message: `cannot be used: ${problem}` });
  })
  .optional()
  .describe("http(s) URL of LoRA weights (.safetensors, less than 256 MB)");

const wideRatio = z.enum(["1:1", "2:3", "3:4", "4:5", "5:4", "4:3", "3:2", "16:9", "9:16"]).optional();
const returned = { return_base64: flag, seed };
const common = { output_format: z.enum(["png", "jpeg"]).optional(), ...returned };

/** The inputs of each model. */
export const fashionInputs = {
  "tryon-v1.6": z.strictObject({
    model_image: image,
    garment_image: image,
    category: z.enum(["auto", "tops", "bottoms", "one-pieces"]).optional(),
    garment_photo_type: z.enum(["auto", "flat-lay", "model"]).optional(),
    mode: z.enum(["performance", "balanced", "quality"]).optional(),
    moderation_level: z.enum(["conservative", "permissive", "none"]).optional(),
    num_samples: samples,
    segmentation_free: flag,
    ...common,
  }),
  "product-to-model": z.strictObject({
    product_image: image,
    model_image: image.optional(),
    image_prompt: image.optional(),
    prompt: prompt.optional(),
    aspect_ratio: wideRatio,
    resolution: z.enum(["1k", "2k", "4k"]).optional(),
    ...common,
  }),
  "face-to-model": z.strictObject({
    face_image: image,
    aspect_ratio: z.enum(["1:1", "4:5", "3:4", "2:3", "9:16"]).optional(),
    prompt: prompt.optional(),
    ...common,
  }),
  "model-create": z.strictObject({
    prompt,
    aspect_ratio: wideRatio,
    image_reference: image.optional(),
    reference_type: z.enum(["pose", "silhouette"]).optional(),
    lora_url: loraUrl,
    disable_prompt_enhancement: flag,
    ...common,
  }),
  "model-variation": z.strictObject({
    model_image: image,
    variation_strength: z.enum(["subtle", "strong"]).optional(),
    lora_url: loraUrl,
    ...common,
  }),
  "model-swap": z.strictObject({
    model_image: image,
    prompt: prompt.optional(),
    background_change: flag,
    disable_prompt_enhancement: flag,
    lora_url: loraUrl,
    ...common,
  }),
  reframe: z.strictObject({
    image,
    aspect_ratio: wideRatio,
    mode: z.enum(["direction", "aspect_ratio"]).optional(),
    target_aspect_ratio: wideRatio,
    target_direction: z.enum(["both", "down", "up"]).optional(),
    num_images: samples,
    ...common,
  }),
  "background-change": z.strictObject({ image, prompt, disable_prompt_enhancement: flag, ...common }),
  "background-remove": z.strictObject({ image, return_base64: flag }),
  "image-to-video": z.strictObject({
    image,
    duration: z.union([z.literal(5), z.literal(10)]).optional(),
    resolution: z.enum(["480p", "720p", "1080p"]).optional(),
    prompt: prompt.optional(),
    negative_prompt: prompt.optional(),
  }),
} as const;

export type FashionModel = keyof typeof fashionInputs;

/** Credits of a run of one image, or of a usual video, as the product's documentation has them. */
export const fashionCredits: Readonly<Record<FashionModel, number>> = {
  "tryon-v1.6": 3,
  "product-to-model": 3,
  "face-to-model": 3,
  "model-create": 3,
  "model-variation": 3,
  "model-swap": 3,
  reframe: 2,
  "background-change": 2,
  "background-remove": 2,
  "image-to-video": 5,
};

/** Of five seconds. Source: docs.fashn.ai, Image to Video. */
const videoCredits: Readonly<Record<string, number>> = { "480p": 1, "720p": 3, "1080p": 6 };
/** A larger image counts as two. */
const largeResolutions: ReadonlySet<unknown> = new Set(["2k", "4k"]);

/**
 * The most credits that a run may take, by the inputs that FASHN bills: several images, a larger one, a longer video. Its own
 * count replaces them when a run has ended.
 */
export const mostCredits = (model: FashionModel, inputs: Readonly<Record<string, unknown>>): number => {
  const { num_samples: samples, num_images: images, resolution, duration } = inputs;
  const usual = fashionCredits[model];
  if (model === "image-to-video") {
    return Math.max(usual, videoCredits[String(resolution)] ?? usual) * (duration === 10 ? 2 : 1);
  }
  return usual * Number(samples ?? images ?? 1) * (largeResolutions.has(resolution) ? 2 : 1);
};

const minTimeoutMs = 5_000;
const maxTimeoutMs = 840_000;
const defaultTimeoutMs = 300_000;

const request = {
  model_name: z.string().min(1).max(100),
  inputs: z.record(z.string(), z.unknown()),
  webhookUrl: webhookUrl.optional(),
};
const timeout = z
  .int()
  .min(minTimeoutMs)
  .max(maxTimeoutMs)
  .default(defaultTimeoutMs)
  .describe("How long the stream waits for the job to end, in ms");

/** The request but for the inputs, which the model's own schema checks. */
export const fashionRunSchema = z.strictObject(request);
export const fashionSubscribeSchema = z.strictObject({ ...request, timeout });

/** The same for the OpenAPI document: every model with its inputs. */
const everyModel = (extra: z.ZodRawShape) =>
  z.union(
    (Object.keys(fashionInputs) as FashionModel[]).map((name) =>
      z.strictObject({ ...request, model_name: z.literal(name), inputs: fashionInputs[name], ...extra }),
    ),
  );
export const fashionRunBody = everyModel({});
export const fashionSubscribeBody = everyModel({ timeout });

export type FashionRun = z.infer<typeof fashionRunSchema>;

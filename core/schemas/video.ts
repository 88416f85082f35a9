import * as z from "zod";
import { mediaUrl, webhookUrl } from "./media-url.ts";

/** Requests of /api/v1/video/*: one form for every provider; what a model cannot do is a 400 that names it. */

export const videoGenerateSchema = z.strictObject({
  model: z.string().min(1).max(100).default("veo"),
  prompt: z.string().min(1).max(5_000),
  image_url: mediaUrl("image").optional().describe("First frame; selects the image-to-video version of the model"),
  end_image_url: mediaUrl("image").optional().describe("Last frame"),
  duration: z.int().min(1).max(15).optional().describe("Seconds"),
  aspect_ratio: z.enum(["16:9", "9:16", "1:1", "4:3", "3:4"]).optional(),
  resolution: z.enum(["360p", "720p", "1080p", "4k"]).optional(),
  negative_prompt: z.string().min(1).max(500).optional(),
  seed: z
    .int()
    .min(0)
    .max(2 ** 31 - 1)
    .optional(),
  generate_audio: z.boolean().optional(),
  webhookUrl: webhookUrl.optional(),
});

export const videoStatusQuery = z.strictObject({
  id: z.string().min(1).max(100).describe("Job id from the response that started it"),
  content: z
    .enum(["true", "false"])
    .optional()
    .describe("`true` returns the video itself, if its provider requires a key"),
});

export type VideoGenerate = z.infer<typeof videoGenerateSchema>;

import * as z from "zod";
import { mediaUrl } from "./media-url.ts";

/** Requests of /api/v1/vision: a question about images, by query for one image, by body for several. */

const model = z.string().min(1).max(200).default("gpt");
const prompt = z.string().min(1).max(10_000).default("Describe this image.");
const maxImages = 8;

export const visionQuerySchema = z.strictObject({
  image_url: mediaUrl("image"),
  prompt,
  model,
  max_tokens: z.coerce.number().int().min(1).max(100_000).optional(),
});

export const visionSchema = z
  .strictObject({
    image_url: mediaUrl("image").optional(),
    image_urls: z.array(mediaUrl("image")).min(1).max(maxImages).optional(),
    prompt,
    model,
    detail: z.enum(["auto", "low", "high"]).optional().describe("Image detail for OpenAI models"),
    max_tokens: z.int().min(1).max(100_000).optional(),
    stream: z.boolean().optional(),
  })
  .superRefine(({ image_url: one, image_urls: several }, context) => {
    if ((one === undefined) === (several === undefined)) {
      const message =
        one === undefined ? "is required: a question needs an image" : "must not be set together with image_urls";
      context.addIssue({ code: "custom", path: ["image_url"], message });
    }
  });

export type VisionRequest = z.infer<typeof visionSchema>;

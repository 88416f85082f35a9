import * as z from "zod";
import { mediaUrl } from "./media-url.ts";

/** Requests of /api/v1/image/generate and /edit: one form for every provider; what a model cannot do is a 400 that names it. */

const aspectRatios = ["1:1", "16:9", "9:16", "4:3", "3:4", "3:2", "2:3", "21:9", "9:21"] as const;

const side = z.int().min(64).max(4_096).optional();
const defaultTimeoutMs = 180_000;

const common = {
  prompt: z.string().min(1).max(10_000),
  n: z.int().min(1).max(4).default(1),
  aspect_ratio: z.enum(aspectRatios).optional(),
  width: side,
  height: side,
  resolution: z.enum(["1K", "2K", "4K"]).optional(),
  seed: z
    .int()
    .min(0)
    .max(2 ** 31 - 1)
    .optional(),
  output_format: z.enum(["png", "jpeg"]).optional(),
  negative_prompt: z.string().min(1).max(2_000).optional(),
  timeout: z.int().min(1_000).max(290_000).default(defaultTimeoutMs).describe("Timeout of the whole request, in ms"),
};

interface Sized {
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  readonly aspect_ratio?: string | undefined;
}

const checkSize = ({ width, height, aspect_ratio: ratio }: Sized, context: z.core.$RefinementCtx): void => {
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
};

const modelName = z.string().min(1).max(100);

export const imageGenerateSchema = z
  .strictObject({ model: modelName.default("imagen"), ...common })
  .superRefine(checkSize);

export const imageEditSchema = z
  .strictObject({
    model: modelName.default("flux-kontext-pro"),
    ...common,
    image_url: mediaUrl("image").optional().describe("The image to edit"),
    image_urls: z.array(mediaUrl("image")).min(1).max(8).optional().describe("Several images to edit, in order"),
    mask_url: mediaUrl("image").optional().describe("Mask: white areas are edited"),
  })
  .superRefine((body, context) => {
    checkSize(body, context);
    if ((body.image_url === undefined) === (body.image_urls === undefined)) {
      const message =
        body.image_url === undefined
          ? "is required: an edit needs an image"
          : "must not be set together with image_urls";
      context.addIssue({ code: "custom", path: ["image_url"], message });
    }
  });

export type ImageGenerate = z.infer<typeof imageGenerateSchema>;
export type ImageEdit = z.infer<typeof imageEditSchema>;

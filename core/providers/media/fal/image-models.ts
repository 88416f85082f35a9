import type { ImageField } from "#core/providers/media/image-adapter.ts";

/** fal's image models, each with its own paths and fields. */

export interface FalImageModel {
  /** Path that generates; absent for a model that only edits. */
  readonly generate?: string;
  /** Path that edits; absent for a model that only generates. */
  readonly edit?: string;
  readonly takes: readonly ImageField[];
  /** The field that holds the image to edit. */
  readonly imageField?: "image_url" | "image_urls";
  readonly needsMask?: boolean;
  /** Makes several images per call with `num_images`; otherwise n calls are made. */
  readonly many: boolean;
  readonly perMegapixel?: boolean;
}

const sized = ["aspect_ratio", "width", "n"] as const;
const diffusion = [...sized, "seed", "output_format", "negative_prompt"] as const;

/** Source: the types of @fal-ai/client 1.10.1. */
const models: Readonly<Record<string, FalImageModel>> = {
  "recraft-v3": {
    generate: "fal-ai/recraft/v3/text-to-image",
    edit: "fal-ai/recraft/v3/image-to-image",
    takes: sized,
    imageField: "image_url",
    many: false,
  },
  "recraft-v4": { generate: "fal-ai/recraft/v4/text-to-image", takes: sized, many: false },
  "ideogram-v3": {
    generate: "fal-ai/ideogram/v3",
    edit: "fal-ai/ideogram/v3/edit",
    takes: [...sized, "seed", "negative_prompt", "mask_url"],
    imageField: "image_url",
    needsMask: true,
    many: true,
  },
  "stable-diffusion-v35-large": { generate: "fal-ai/stable-diffusion-v35-large", takes: diffusion, many: true },
  "stable-diffusion-v35-medium": {
    generate: "fal-ai/stable-diffusion-v35-medium",
    takes: diffusion,
    many: true,
    perMegapixel: true,
  },
  "qwen-image": { generate: "fal-ai/qwen-image", takes: diffusion, many: true, perMegapixel: true },
  "qwen-image-edit": {
    edit: "fal-ai/qwen-image-edit",
    takes: diffusion,
    imageField: "image_url",
    many: true,
    perMegapixel: true,
  },
  "qwen-image-edit-plus": {
    edit: "fal-ai/qwen-image-edit-plus",
    takes: diffusion,
    imageField: "image_urls",
    many: true,
  },
  "seedream-v5-lite": {
    generate: "fal-ai/bytedance/seedream/v5/lite/text-to-image",
    edit: "fal-ai/bytedance/seedream/v5/lite/edit",
    takes: [...sized, "seed"],
    imageField: "image_urls",
    many: true,
  },
};

/** Throws for an id that the catalogue would not have sent here: a programming error. */
export const falImageModel = (id: string): FalImageModel => {
  const model = models[id];
  if (model === undefined) throw new Error(`fal has no image model ${id}`);
  return model;
};

import * as z from "zod";
import { mediaCostPicoUsd } from "#core/catalog/media-prices.ts";
import { contentTypeOfUrl } from "#core/media/content-type.ts";
import type { MediaCredential } from "#core/media/credential.ts";
import { falFile, falResult, falStatus, submitFal } from "#core/media/fal.ts";
import type { MediaRun } from "#core/media/media-run.ts";
import { readReply } from "#core/media/upstream.ts";
import { ProviderFailure } from "#core/providers/provider.ts";
import { pause } from "#core/routing/retry.ts";
import { megapixelsOf, sizeOfRatio } from "./image-size.ts";
import {
  eachOf,
  type ImageAdapter,
  type ImageField,
  type ImageResult,
  type ImageTraits,
  type ImageWork,
} from "./image-work.ts";

/** Images on fal: Recraft, Ideogram, Stable Diffusion, Qwen and Seedream, each with its own path and fields. */

interface FalModel {
  readonly generate?: string;
  readonly edit?: string;
  readonly takes: readonly ImageField[];
  /** How the image to change is named. */
  readonly imageField?: "image_url" | "image_urls";
  readonly needsMask?: boolean;
  /** Makes several images a call by `num_images`; else n calls are made. */
  readonly many: boolean;
  readonly perMegapixel?: boolean;
}

const sized = ["aspect_ratio", "width", "n"] as const;
const diffused = [...sized, "seed", "output_format", "negative_prompt"] as const;

/** Source: the types of @fal-ai/client 1.10.1. */
const falModels: Readonly<Record<string, FalModel>> = {
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
  "stable-diffusion-v35-large": { generate: "fal-ai/stable-diffusion-v35-large", takes: diffused, many: true },
  "stable-diffusion-v35-medium": {
    generate: "fal-ai/stable-diffusion-v35-medium",
    takes: diffused,
    many: true,
    perMegapixel: true,
  },
  "qwen-image": { generate: "fal-ai/qwen-image", takes: diffused, many: true, perMegapixel: true },
  "qwen-image-edit": {
    edit: "fal-ai/qwen-image-edit",
    takes: diffused,
    imageField: "image_url",
    many: true,
    perMegapixel: true,
  },
  "qwen-image-edit-plus": {
    edit: "fal-ai/qwen-image-edit-plus",
    takes: diffused,
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

const modelOf = (id: string): FalModel => {
  const model = falModels[id];
  if (model === undefined) throw new Error(`fal has no image model ${id}`);
  return model;
};

const sideStep = 8;
const maxSide = 3_072;
const maxEdited = 8;

const traits = (id: string): ImageTraits => {
  const { takes, edit, imageField, needsMask } = modelOf(id);
  return {
    takes: new Set(takes),
    maxImages: edit === undefined ? 0 : imageField === "image_urls" ? maxEdited : 1,
    sideStep,
    maxSide,
    ...(needsMask === undefined ? {} : { needsMask }),
  };
};

const toInput = ({ model, request, images, mask }: ImageWork, n: number): Record<string, unknown> => {
  const {
    prompt,
    seed,
    output_format: format,
    negative_prompt: negative,
    aspect_ratio: ratio,
    width,
    height,
  } = request;
  const size =
    width !== undefined ? { width, height } : ratio === undefined ? undefined : sizeOfRatio(ratio, sideStep, maxSide);
  const { imageField, many } = modelOf(model);
  return {
    prompt,
    ...(size === undefined ? {} : { image_size: size }),
    ...(seed === undefined ? {} : { seed }),
    ...(format === undefined ? {} : { output_format: format }),
    ...(negative === undefined ? {} : { negative_prompt: negative }),
    ...(many ? { num_images: n } : {}),
    ...(images.length === 0 ? {} : imageField === "image_urls" ? { image_urls: images } : { image_url: images[0] }),
    ...(mask === undefined ? {} : { mask_url: mask }),
  };
};

const resultSchema = z.looseObject({
  images: z.array(falFile).min(1),
  seed: z.number().nullish(),
  has_nsfw_concepts: z.array(z.boolean()).nullish(),
});

const firstPauseMs = 500;
const maxPauseMs = 3_000;

const makeOnce = async (
  work: ImageWork,
  n: number,
  credential: MediaCredential,
  run: MediaRun,
): Promise<ImageResult> => {
  const { signal } = run;
  const { generate, edit } = modelOf(work.model);
  const path = (work.images.length === 0 ? generate : edit) ?? "";
  const { ticket, simulated } = await run.attempt(() => submitFal(credential, path, toInput(work, n), signal));
  run.underWay();
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(maxPauseMs, pauseMs * 1.5)) {
    if ((await run.ask(() => falStatus(credential, ticket, signal))) === "COMPLETED") break;
    await pause(pauseMs, signal);
    signal.throwIfAborted();
  }
  const {
    images,
    seed,
    has_nsfw_concepts: blanked,
  } = readReply(resultSchema, "fal", await run.ask(() => falResult(credential, ticket, signal)));
  const kept = images.filter((_, index) => blanked?.[index] !== true);
  if (kept.length === 0) {
    throw new ProviderFailure("fal", "request", "fal blanked every image", {
      status: 400,
      providerCode: "content_policy_violation",
      providerMessage: "No image was made: the safety checker blanked it.",
    });
  }
  return {
    images: kept.map(({ url, content_type: contentType, width, height }) => ({
      url,
      base64: null,
      contentType: contentType ?? contentTypeOfUrl(url) ?? null,
      // The account's own settings say how long fal keeps a file.
      expiresAt: null,
      width: width ?? null,
      height: height ?? null,
    })),
    seed: seed ?? null,
    simulated,
  };
};

export const falImages: ImageAdapter = {
  traits,
  costOfOne: ({ model, request: { width, height, aspect_ratio: ratio }, images }) => {
    if (modelOf(model).perMegapixel !== true) return mediaCostPicoUsd(model, 1);
    // A changed image is as large as the one before, which nobody has measured here.
    if (images.length > 0 && width === undefined && ratio === undefined) return undefined;
    return mediaCostPicoUsd(model, megapixelsOf(width, height));
  },
  make: async (work, credential, run) => {
    const { n } = work.request;
    const made = modelOf(work.model).many
      ? [await makeOnce(work, n, credential, run)]
      : await eachOf(n, () => makeOnce(work, 1, credential, run));
    return {
      images: made.flatMap(({ images }) => images),
      seed: made[0]?.seed ?? null,
      simulated: made.some(({ simulated }) => simulated),
    };
  },
};

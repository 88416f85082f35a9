import * as z from "zod";
import { mediaCostPicoUsd } from "#core/catalog/media-prices.ts";
import { contentTypeOfUrl } from "#core/providers/media/content-type.ts";
import { forEachImage } from "#core/providers/media/for-each-image.ts";
import type { ImageAdapter, ImageResult, ImageTraits, ImageWork } from "#core/providers/media/image-adapter.ts";
import { megapixelsOf, sizeOfRatio } from "#core/providers/media/image-size.ts";
import type { MediaCalls } from "#core/providers/media/media-calls.ts";
import { pollUntil } from "#core/providers/media/poll-until.ts";
import { readReply } from "#core/providers/media/upstream.ts";
import { afterAcceptance, type KeyCredential, ProviderFailure } from "#core/providers/provider.ts";
import { falImageModel } from "./image-models.ts";
import { falFile, falOutcome, falStatus, submitFal } from "./queue.ts";

/** Images on fal: Recraft, Ideogram, Stable Diffusion, Qwen and Seedream. */

const sideStep = 8;
const maxSide = 3_072;
const maxEditedImages = 8;
const maxPauseMs = 3_000;

const traits = (id: string): ImageTraits => {
  const { takes, edit, imageField, needsMask } = falImageModel(id);
  return {
    takes: new Set(takes),
    maxImages: edit === undefined ? 0 : imageField === "image_urls" ? maxEditedImages : 1,
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
  const { imageField, many } = falImageModel(model);
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

/** The cost of images whose sizes fal reports; undefined where one is missing. */
const costOfSizes = (model: string, images: readonly z.infer<typeof falFile>[]): bigint | undefined => {
  let total = 0n;
  for (const { width, height } of images) {
    const cost =
      typeof width === "number" && typeof height === "number"
        ? mediaCostPicoUsd(model, megapixelsOf(width, height))
        : undefined;
    if (cost === undefined) return undefined;
    total += cost;
  }
  return total;
};

/** An image that the safety checker blanked is made and charged all the same. */
const toResult = (model: string, json: unknown, simulated: boolean): ImageResult => {
  const { images, seed, has_nsfw_concepts: blanked } = readReply(resultSchema, "fal", json);
  const kept = images.filter((_, index) => blanked?.[index] !== true);
  if (kept.length === 0) {
    throw afterAcceptance(
      new ProviderFailure("fal", "request", "fal blanked every image", {
        status: 400,
        providerCode: "content_policy_violation",
        providerMessage: "No image was generated: the safety checker rejected it.",
      }),
    );
  }
  const costPicoUsd = falImageModel(model).perMegapixel === true ? costOfSizes(model, images) : undefined;
  return {
    images: kept.map(({ url, content_type: contentType, width, height }) => ({
      url,
      base64: null,
      contentType: contentType ?? contentTypeOfUrl(url) ?? null,
      // The settings of the fal account decide how long a file is kept.
      expiresAt: null,
      width: width ?? null,
      height: height ?? null,
    })),
    seed: seed ?? null,
    ...(costPicoUsd === undefined ? {} : { costPicoUsd }),
    simulated,
    unshown: images.length - kept.length,
  };
};

/** One request of n images. */
const makeOnce = async (
  work: ImageWork,
  n: number,
  credential: KeyCredential,
  calls: MediaCalls,
): Promise<ImageResult> => {
  const { signal } = calls;
  const { generate, edit } = falImageModel(work.model);
  const path = (work.images.length === 0 ? generate : edit) ?? "";
  const { ticket, simulated } = await calls.attempt(() => submitFal(credential, path, toInput(work, n), signal));
  calls.underWay();
  const completed = async (): Promise<true | undefined> =>
    (await calls.ask(() => falStatus(credential, ticket, signal))) === "COMPLETED" ? true : undefined;
  await pollUntil(completed, maxPauseMs, signal);
  const result = await calls.ask(() => falOutcome(credential, ticket, signal));
  if ("failure" in result) throw result.failure;
  return toResult(work.model, result.json, simulated);
};

export const falImages: ImageAdapter = {
  traits,
  costOfOne: ({ model, request: { width, height, aspect_ratio: ratio }, images }) => {
    if (falImageModel(model).perMegapixel !== true) return mediaCostPicoUsd(model, 1);
    // An edited image keeps the size of its original, which is not known here: reserved at the largest.
    if (images.length > 0 && width === undefined && ratio === undefined) {
      return mediaCostPicoUsd(model, megapixelsOf(maxSide, maxSide));
    }
    return mediaCostPicoUsd(model, megapixelsOf(width, height));
  },
  make: async (work, credential, calls) => {
    const { n } = work.request;
    const { made, failures } = falImageModel(work.model).many
      ? { made: [await makeOnce(work, n, credential, calls)], failures: [] }
      : await forEachImage(n, () => makeOnce(work, 1, credential, calls));
    const costs = made.map(({ costPicoUsd }) => costPicoUsd).filter((cost) => cost !== undefined);
    const costPicoUsd = costs.length === made.length ? costs.reduce((sum, cost) => sum + cost, 0n) : undefined;
    return {
      images: made.flatMap((each) => each.images),
      unshown: made.reduce((sum, { unshown = 0 }) => sum + unshown, 0),
      seed: made[0]?.seed ?? null,
      ...(costPicoUsd === undefined ? {} : { costPicoUsd }),
      simulated: made.some(({ simulated }) => simulated),
      failures,
    };
  },
};

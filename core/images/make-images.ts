import type { KeyPrincipal } from "#core/auth/principal.ts";
import { type MediaModel, resolveMediaModel } from "#core/catalog/media-models.ts";
import type { RequestContext } from "#core/context.ts";
import type { JobOutput } from "#core/db/jobs.ts";
import { GatewayError } from "#core/errors.ts";
import { failureBehind } from "#core/generation/failure-to-error.ts";
import { rememberOutput } from "#core/jobs/remember-output.ts";
import { MediaRun } from "#core/media/media-run.ts";
import type { Quote } from "#core/media/quote.ts";
import type { ImageEdit, ImageGenerate } from "#core/schemas/image.ts";
import { bflImages } from "./bfl-image.ts";
import { falImages } from "./fal-image.ts";
import { googleImages } from "./google-image.ts";
import type { ImageAdapter, ImageField, ImageTraits, ImageWork, MadeImage } from "./image-work.ts";

/** New and changed images over Google, BFL and fal: one request, one result, whoever serves. */

export interface ImagesCaller {
  readonly principal: KeyPrincipal;
  readonly providerKeySlug: string | undefined;
}

const adapters: Readonly<Record<string, ImageAdapter>> = { google: googleImages, bfl: bflImages, fal: falImages };

const refuse = (param: string, message: string): GatewayError => new GatewayError("BAD_REQUEST", message, { param });

const given = (request: ImageWork["request"], mask: string | undefined): readonly ImageField[] => {
  const fields: [ImageField, unknown][] = [
    ["aspect_ratio", request.aspect_ratio],
    ["width", request.width],
    ["resolution", request.resolution],
    ["seed", request.seed],
    ["output_format", request.output_format],
    ["negative_prompt", request.negative_prompt],
    ["mask_url", mask],
  ];
  return fields.filter(([, value]) => value !== undefined).map(([name]) => name);
};

const checkSides = ({ width, height }: ImageWork["request"], { sideStep = 1, maxSide }: ImageTraits): void => {
  for (const [name, side] of [
    ["width", width],
    ["height", height],
  ] as const) {
    if (side === undefined) continue;
    if (side % sideStep !== 0) throw refuse(name, `A side is a multiple of ${sideStep}.`);
    if (maxSide !== undefined && side > maxSide) throw refuse(name, `A side is at most ${maxSide}.`);
  }
};

/** What the model cannot do. @throws GatewayError 400 with the field */
const check = ({ model, request, images, mask }: ImageWork, traits: ImageTraits): void => {
  for (const field of given(request, mask)) {
    if (!traits.takes.has(field)) throw refuse(field, `${model} does not take ${field}.`);
  }
  const { aspect_ratio: ratio } = request;
  if (ratio !== undefined && traits.ratios !== undefined && !traits.ratios.includes(ratio)) {
    throw refuse("aspect_ratio", `${model} makes ${traits.ratios.join(", ")}.`);
  }
  checkSides(request, traits);
  if (images.length > Math.max(1, traits.maxImages)) {
    throw refuse(
      "image_urls",
      `${model} takes ${traits.maxImages === 1 ? "one image" : `${traits.maxImages} images`}.`,
    );
  }
  if (images.length > 0 && traits.needsMask === true && mask === undefined) {
    throw new GatewayError("MISSING_REQUIRED_FIELD", `${model} changes what a mask shows.`, { param: "mask_url" });
  }
};

const view = ({ expiresAt, ...image }: MadeImage) => ({
  ...image,
  expiresAt: expiresAt === null ? null : new Date(expiresAt).toISOString(),
});

/** What a URL leads to; a data: URL is the bytes themselves. */
const toOutput = ({ url, contentType, expiresAt }: MadeImage): readonly JobOutput[] =>
  url === null || url.startsWith("data:")
    ? []
    : [
        {
          url,
          ...(contentType === null ? {} : { contentType }),
          ...(expiresAt === null ? {} : { expiresAt }),
        },
      ];

const make = async (
  context: RequestContext,
  caller: ImagesCaller,
  model: MediaModel,
  work: ImageWork,
  timeoutMs: number,
) => {
  const adapter = adapters[model.provider];
  if (adapter === undefined) throw new Error(`${model.provider} makes no images`);
  check(work, adapter.traits(work.model));
  const one = adapter.costOfOne(work);
  const quoteOf = (images: number): Quote => ({
    unit: "images",
    units: images,
    costPicoUsd: one === undefined ? undefined : one * BigInt(images),
  });
  const run = new MediaRun({ context, ...caller, model, quote: quoteOf(work.request.n), timeoutMs });
  const credential = await run.open();
  return run.guard(async () => {
    try {
      const { images, seed, costPicoUsd, simulated } = await adapter.make(work, credential, run);
      const quote = quoteOf(images.length);
      run.succeed(costPicoUsd === undefined ? quote : { ...quote, costPicoUsd });
      const headers = run.headers(simulated);
      const output = images.flatMap(toOutput);
      context.deferred.push(() =>
        rememberOutput(context, run, { kind: "image", output, units: output.length, simulated }),
      );
      const { id, provider } = model;
      return {
        headers,
        data: {
          id: context.requestId,
          model: id,
          provider,
          images: images.map(view),
          /** Images that were wanted and not made. */
          failed: Math.max(0, work.request.n - images.length),
          seed,
          costUsd: run.costUsd,
        },
      };
    } catch (error) {
      // What the provider itself refused or broke off is not charged; what we lost sight of may be.
      const kind = failureBehind(error)?.kind;
      if (kind === "request" || kind === "server") run.madeNothing();
      throw error;
    }
  });
};

/** POST /api/v1/image/generate. @throws GatewayError */
export const generateImages = (context: RequestContext, request: ImageGenerate, caller: ImagesCaller) => {
  const model = resolveMediaModel(request.model, "image");
  const { timeout, model: _, ...rest } = request;
  return make(context, caller, model, { model: model.id, request: rest, images: [], mask: undefined }, timeout);
};

/** POST /api/v1/image/edit. @throws GatewayError */
export const editImages = (context: RequestContext, request: ImageEdit, caller: ImagesCaller) => {
  const model = resolveMediaModel(request.model, "edit");
  const { timeout, model: _, image_url: image, image_urls: several, mask_url: mask, ...rest } = request;
  const images = several ?? (image === undefined ? [] : [image]);
  return make(context, caller, model, { model: model.id, request: rest, images, mask }, timeout);
};

import { type MediaModel, resolveMediaModel } from "#core/catalog/media-models.ts";
import type { RequestContext } from "#core/context.ts";
import type { Caller } from "#core/generation/caller.ts";
import { rememberOutput } from "#core/jobs/remember-output.ts";
import { MediaRun } from "#core/media/media-run.ts";
import type { Quote } from "#core/media/quote.ts";
import { bflImages } from "#core/providers/media/bfl/image.ts";
import { falImages } from "#core/providers/media/fal/image.ts";
import { googleImages } from "#core/providers/media/google/image.ts";
import type { ImageAdapter, ImageWork, MadeImage } from "#core/providers/media/image-adapter.ts";
import { openaiImages } from "#core/providers/media/openai/image.ts";
import type { OutputFile } from "#core/providers/media/output-file.ts";
import type { ImageEdit, ImageGenerate } from "#core/schemas/image.ts";
import { checkImage } from "./check-image.ts";
import { imageBill, mayBePaid } from "./image-bill.ts";

/** Generated and edited images from Google, BFL and fal, with one result shape for all providers. */

const adapters: Readonly<Record<string, ImageAdapter>> = {
  google: googleImages,
  bfl: bflImages,
  fal: falImages,
  openai: openaiImages,
};

/** The adapter of a model that makes images. */
export const imageAdapterOf = (model: MediaModel): ImageAdapter => {
  const adapter = adapters[model.provider];
  if (adapter === undefined) throw new Error(`${model.provider} makes no images`);
  return adapter;
};

const view = ({ expiresAt, ...image }: MadeImage) => ({
  ...image,
  expiresAt: expiresAt === null ? null : new Date(expiresAt).toISOString(),
});

/** The file behind a URL; none for a data: URL, which is the bytes themselves. */
const toFiles = ({ url, contentType, expiresAt }: MadeImage): readonly OutputFile[] =>
  url === null || url.startsWith("data:")
    ? []
    : [
        {
          url,
          ...(contentType === null ? {} : { contentType }),
          ...(expiresAt === null ? {} : { expiresAt }),
        },
      ];

/** Makes the images of a request that is resolved to its model. @throws GatewayError */
export const makeImages = async (
  context: RequestContext,
  caller: Caller,
  model: MediaModel,
  work: ImageWork,
  timeoutMs: number,
) => {
  const adapter = imageAdapterOf(model);
  checkImage(work, adapter.traits(work.model));
  const costOfOne = adapter.costOfOne(work);
  const quoteOf = (images: number): Quote => ({
    unit: "images",
    units: images,
    costPicoUsd: costOfOne === undefined ? undefined : costOfOne * BigInt(images),
  });
  const { prompt } = work.request;
  const quote = quoteOf(work.request.n);
  const run = new MediaRun({ context, ...caller, model, quote, timeoutMs, prompt: [prompt] });
  const credential = await run.open();
  return run.guard(async () => {
    const made = await adapter.make(work, credential, run).catch((thrown: unknown) => {
      if (!mayBePaid(thrown)) run.madeNothing();
      throw thrown;
    });
    const { images, seed, costPicoUsd, simulated, usage, unshown = 0, failures = [] } = made;
    const unseen = failures.filter(mayBePaid).length;
    if (images.length === 0 && failures.length > 0) {
      // Each image is a call of its own: what became of the first says nothing of the others.
      if (unseen === 0) run.madeNothing();
      else run.mayHaveMade(quoteOf(unseen));
      throw failures[0];
    }
    const bill = imageBill(quoteOf, { arrived: images.length + unshown, unseen, reportedPicoUsd: costPicoUsd });
    run.succeed(bill.quote, bill.estimated);
    const output = images.flatMap(toFiles);
    context.deferred.push(() =>
      rememberOutput(context, run, { kind: "image", output, units: images.length, simulated }),
    );
    const { id, provider } = model;
    return {
      headers: run.headers(simulated),
      data: {
        id: context.requestId,
        model: id,
        provider,
        images: images.map(view),
        /** Images that were requested and not made. */
        failed: Math.max(0, work.request.n - images.length),
        seed,
        costUsd: run.costUsd,
      },
      usage,
    };
  });
};

/** POST /api/v1/image/generate. @throws GatewayError */
export const generateImages = (context: RequestContext, request: ImageGenerate, caller: Caller) => {
  const model = resolveMediaModel(request.model, "image");
  const { timeout, model: _, ...rest } = request;
  return makeImages(context, caller, model, { model: model.id, request: rest, images: [], mask: undefined }, timeout);
};

/** POST /api/v1/image/edit. @throws GatewayError */
export const editImages = (context: RequestContext, request: ImageEdit, caller: Caller) => {
  const model = resolveMediaModel(request.model, "edit");
  const { timeout, model: _, image_url: image, image_urls: several, mask_url: mask, ...rest } = request;
  const images = several ?? (image === undefined ? [] : [image]);
  return makeImages(context, caller, model, { model: model.id, request: rest, images, mask }, timeout);
};

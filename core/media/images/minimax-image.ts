import { resolveMediaModel } from "#core/catalog/media-models.ts";
import { mediaCostPicoUsd } from "#core/catalog/media-prices.ts";
import type { RequestContext } from "#core/context.ts";
import type { Caller } from "#core/generation/caller.ts";
import { rememberOutput } from "#core/jobs/remember-output.ts";
import { MediaRun } from "#core/media/media-run.ts";
import type { Quote } from "#core/media/quote.ts";
import { contentTypeOfImage } from "#core/providers/media/content-type.ts";
import { imageUrlLifetimeMs, makeMinimaxImages } from "#core/providers/media/minimax/image.ts";
import { fileAtUrl } from "#core/providers/media/output-file.ts";
import type { MediaImageRequest } from "#core/schemas/media.ts";

const timeoutMs = 290_000;

/** POST /api/v1/media/image. @throws GatewayError */
export const makeMinimaxImage = async (context: RequestContext, request: MediaImageRequest, caller: Caller) => {
  const model = resolveMediaModel(request.model, "minimax-image");
  const quoteOf = (images: number): Quote => ({
    unit: "images",
    units: images,
    costPicoUsd: mediaCostPicoUsd(model.id, images),
  });
  const quote = quoteOf(request.n);
  const run = new MediaRun({ context, ...caller, model, quote, timeoutMs, prompt: [request.prompt] });
  const credential = await run.open();
  return run.guard(async () => {
    const { urls, base64, failed, simulated } = await makeMinimaxImages(request, model.id, credential, {
      calls: run,
      timeoutMs,
    });
    const made = urls.length + base64.length;
    run.succeed(quoteOf(made));
    const expiresAtMs = Date.now() + imageUrlLifetimeMs;
    const expiresAt = new Date(expiresAtMs).toISOString();
    const output = urls.map((url) => fileAtUrl(url, expiresAtMs));
    context.deferred.push(() => rememberOutput(context, run, { kind: "image", output, units: made, simulated }));
    return {
      headers: run.headers(simulated),
      data: {
        id: context.requestId,
        model: model.id,
        provider: model.provider,
        images: [
          ...output.map(({ url, contentType = null }) => ({ url, base64: null, contentType, expiresAt })),
          ...base64.map((bytes) => ({
            url: null,
            base64: bytes,
            contentType: contentTypeOfImage(bytes) ?? null,
            expiresAt: null,
          })),
        ],
        failed: failed ?? request.n - made,
        costUsd: run.costUsd,
      },
    };
  });
};

import * as z from "zod";
import type { KeyPrincipal } from "#core/auth/principal.ts";
import { resolveMediaModel } from "#core/catalog/media-models.ts";
import { mediaCostPicoUsd } from "#core/catalog/media-prices.ts";
import type { RequestContext } from "#core/context.ts";
import { rememberOutput } from "#core/jobs/remember-output.ts";
import { ProviderFailure } from "#core/providers/provider.ts";
import type { MediaImageRequest } from "#core/schemas/media.ts";
import { contentTypeOfImage, contentTypeOfUrl } from "./content-type.ts";
import { MediaRun } from "./media-run.ts";
import { callMinimax } from "./minimax.ts";
import type { Quote } from "./quote.ts";
import { readReply } from "./upstream.ts";

/** Images of MiniMax: one call that answers when they are made. */

const count = z.union([z.number(), z.string()]).transform(Number).nullish();

/** Its documentation has the counts in `metadata` as numbers, its clients as texts or in `data`. */
const counts = { success_count: count, failed_count: count };
const replySchema = z.looseObject({
  id: z.string().nullish(),
  data: z
    .looseObject({
      image_urls: z.array(z.string()).nullish(),
      image_base64: z.array(z.string()).nullish(),
      ...counts,
    })
    .nullish(),
  metadata: z.looseObject(counts).nullish(),
});

/** Source: platform.minimax.io, image generation. */
const urlLifetimeMs = 24 * 3_600_000;
const timeoutMs = 290_000;

export interface ImageCaller {
  readonly principal: KeyPrincipal;
  readonly providerKeySlug: string | undefined;
}

/** POST /api/v1/media/image. @throws GatewayError */
export const makeMinimaxImage = async (context: RequestContext, request: MediaImageRequest, caller: ImageCaller) => {
  const model = resolveMediaModel(request.model, "picture");
  const quoteOf = (images: number): Quote => ({
    unit: "images",
    units: images,
    costPicoUsd: mediaCostPicoUsd(model.id, images),
  });
  const run = new MediaRun({ context, ...caller, model, quote: quoteOf(request.n), timeoutMs });
  const credential = await run.open();
  return run.guard(async () => {
    const body = { ...request, model: model.id };
    const { signal } = run;
    const { json, simulated } = await run.attempt(() =>
      callMinimax({ credential, path: "/image_generation", body, signal, headersTimeoutMs: timeoutMs }),
    );
    const { data, metadata } = readReply(replySchema, "minimax", json);
    const urls = data?.image_urls ?? [];
    const texts = data?.image_base64 ?? [];
    const made = urls.length + texts.length;
    if (made === 0) {
      throw new ProviderFailure("minimax", "request", "minimax made no image", {
        status: 400,
        providerMessage: "No image was made: every one was refused or failed.",
      });
    }
    run.succeed(quoteOf(made));
    const endsAt = Date.now() + urlLifetimeMs;
    const expiresAt = new Date(endsAt).toISOString();
    const output = urls.map((url) => {
      const contentType = contentTypeOfUrl(url);
      return { url, ...(contentType === undefined ? {} : { contentType }), expiresAt: endsAt };
    });
    context.deferred.push(() =>
      rememberOutput(context, run, { kind: "image", output, units: output.length, simulated }),
    );
    return {
      headers: run.headers(simulated),
      data: {
        id: context.requestId,
        model: model.id,
        provider: model.provider,
        images: [
          // MiniMax does not say what its images are.
          ...urls.map((url) => ({ url, base64: null, contentType: contentTypeOfUrl(url) ?? null, expiresAt })),
          ...texts.map((base64) => {
            const contentType = contentTypeOfImage(base64) ?? null;
            return { url: null, base64, contentType, expiresAt: null };
          }),
        ],
        failed: metadata?.failed_count ?? data?.failed_count ?? request.n - made,
        costUsd: run.costUsd,
      },
    };
  });
};

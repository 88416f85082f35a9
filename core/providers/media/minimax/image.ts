import * as z from "zod";
import type { MediaCalls } from "#core/providers/media/media-calls.ts";
import { readReply } from "#core/providers/media/upstream.ts";
import { type KeyCredential, ProviderFailure } from "#core/providers/provider.ts";
import type { MediaImageRequest } from "#core/schemas/media.ts";
import { callMinimax } from "./client.ts";

/** MiniMax's images: one call that responds when they are made. */

const count = z.union([z.number(), z.string()]).transform(Number).nullish();

/** MiniMax's documentation has the counts as numbers in `metadata`; its clients have them as strings, or in `data`. */
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

/** How long MiniMax keeps an image that it gives a URL. Source: platform.minimax.io, image generation. */
export const imageUrlLifetimeMs = 24 * 3_600_000;

export interface MinimaxImages {
  readonly urls: readonly string[];
  readonly base64: readonly string[];
  /** Images that were requested and not made; undefined where MiniMax does not report them. */
  readonly failed: number | undefined;
  readonly simulated: boolean;
}

/** Makes images. `model` is the resolved one. @throws ProviderFailure, GatewayError */
export const makeMinimaxImages = async (
  request: MediaImageRequest,
  model: string,
  credential: KeyCredential,
  { calls, timeoutMs }: { readonly calls: MediaCalls; readonly timeoutMs: number },
): Promise<MinimaxImages> => {
  const body = { ...request, model };
  const { signal } = calls;
  const { json, simulated } = await calls.attempt(() =>
    callMinimax({ credential, path: "/image_generation", body, signal, headersTimeoutMs: timeoutMs }),
  );
  const { data, metadata } = readReply(replySchema, "minimax", json);
  const urls = data?.image_urls ?? [];
  const base64 = data?.image_base64 ?? [];
  if (urls.length + base64.length === 0) {
    throw new ProviderFailure("minimax", "request", "minimax made no image", {
      status: 400,
      providerMessage: "No image was generated: all of them were refused or failed.",
    });
  }
  return { urls, base64, failed: metadata?.failed_count ?? data?.failed_count ?? undefined, simulated };
};

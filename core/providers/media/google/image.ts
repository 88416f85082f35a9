import * as z from "zod";
import { mediaCostPicoUsd } from "#core/catalog/media-prices.ts";
import { embedImage } from "#core/providers/media/embed-image.ts";
import { forEachImage } from "#core/providers/media/for-each-image.ts";
import type { ImageAdapter, ImageWork, MadeImage } from "#core/providers/media/image-adapter.ts";
import { callUpstream, malformed, readReply } from "#core/providers/media/upstream.ts";
import { ProviderFailure } from "#core/providers/provider.ts";
import { googleBase } from "./base-url.ts";

/** Google's images: generateContent of a Gemini image model, one image per call, with its bytes in the response. */

const timeoutMs = 180_000;

const partSchema = z.looseObject({
  inlineData: z.looseObject({ mimeType: z.string(), data: z.string().min(1) }).optional(),
  text: z.string().optional(),
});
const replySchema = z.looseObject({
  candidates: z
    .array(
      z.looseObject({
        content: z.looseObject({ parts: z.array(partSchema).optional() }).optional(),
        finishReason: z.string().optional(),
      }),
    )
    .optional(),
  promptFeedback: z.looseObject({ blockReason: z.string().optional() }).optional(),
});

/** Google judged the prompt or the image; the call itself was fine. */
const refused = (reason: string): ProviderFailure =>
  new ProviderFailure("google", "request", "google made no image", {
    status: 400,
    providerCode: reason,
    providerMessage: `No image was generated: ${reason}.`,
  });

/** Ends of an answer by which Google judges it. Any other answer without an image was generated, and may be billed. */
const judged = /SAFETY|PROHIBITED|BLOCKLIST|RECITATION|SPII/;

const withoutImage = (blockReason: string | undefined, finishReason: string): ProviderFailure => {
  if (blockReason !== undefined) return refused(blockReason);
  return judged.test(finishReason)
    ? refused(finishReason)
    : malformed("google", `the answer has no image (${finishReason})`);
};

const toImage = (json: unknown): MadeImage => {
  const { candidates, promptFeedback } = readReply(replySchema, "google", json);
  const [candidate] = candidates ?? [];
  const data = candidate?.content?.parts?.find(({ inlineData }) => inlineData !== undefined)?.inlineData;
  if (data === undefined) throw withoutImage(promptFeedback?.blockReason, candidate?.finishReason ?? "NO_IMAGE");
  return { url: null, base64: data.data, contentType: data.mimeType, expiresAt: null, width: null, height: null };
};

const inlineData = async (url: string, index: number, signal: AbortSignal) => {
  const { contentType, base64 } = await embedImage(url, index === 0 ? "image_url" : `image_urls[${index}]`, signal);
  return { inlineData: { mimeType: contentType, data: base64 } };
};

const toBody = async ({ request, images }: ImageWork, signal: AbortSignal) => {
  const { aspect_ratio: aspectRatio, resolution: imageSize } = request;
  const imageConfig = {
    ...(aspectRatio === undefined ? {} : { aspectRatio }),
    ...(imageSize === undefined ? {} : { imageSize }),
  };
  const parts = await Promise.all(images.map((url, index) => inlineData(url, index, signal)));
  return {
    contents: [{ role: "user", parts: [{ text: request.prompt }, ...parts] }],
    generationConfig: {
      responseModalities: ["IMAGE"],
      ...(Object.keys(imageConfig).length === 0 ? {} : { imageConfig }),
    },
  };
};

export const googleImages: ImageAdapter = {
  traits: () => ({
    takes: new Set(["aspect_ratio", "resolution", "n"]),
    maxImages: 8,
    ratios: ["1:1", "2:3", "3:2", "3:4", "4:3", "9:16", "16:9", "21:9"],
  }),
  costOfOne: ({ model, request }) => mediaCostPicoUsd(`${model}/${request.resolution ?? "1K"}`, 1),
  make: async (work, credential, calls) => {
    const { signal } = calls;
    const body = await toBody(work, signal);
    const url = `${googleBase(credential)}/models/${work.model}:generateContent`;
    const headers = { "x-goog-api-key": credential.apiKey };
    let simulated = false;
    const { made: images, failures } = await forEachImage(work.request.n, () =>
      calls.attempt(async () => {
        const reply = await callUpstream({
          provider: "google",
          url,
          headers,
          body,
          signal,
          headersTimeoutMs: timeoutMs,
        });
        simulated = reply.simulated;
        return toImage(reply.json);
      }),
    );
    return { images, seed: null, simulated, failures };
  },
};

import * as z from "zod";
import { mediaTokensPicoUsd } from "#core/catalog/openai-media-prices.ts";
import { embedImage } from "#core/providers/media/embed-image.ts";
import type { ImageAdapter, ImageWork, MadeImage } from "#core/providers/media/image-adapter.ts";
import { callUpstream, readReply } from "#core/providers/media/upstream.ts";
import { type FormFields, tokensOf, toOpenaiCall } from "./call.ts";

/** OpenAI's images: POST /images/generations and /images/edits, with the bytes in the answer and tokens as usage. */

const timeoutMs = 180_000;

/** Reserved for an image of up to two megapixels, and for one whose size is OpenAI's choice: high quality takes 6,240. */
const usualOutputTokens = 16_000;
/** High quality takes a token for 252 pixels, where OpenAI states it. Twice as many are reserved. */
const pixelsPerToken = 126;
/** Reserved for each image that is read. */
const maxTokensOfImage = 16_000;

const outputTokensOf = (size: string | undefined): number => {
  const [width = 0, height = 0] = size?.split("x").map(Number) ?? [];
  return Math.max(usualOutputTokens, Math.ceil((width * height || 0) / pixelsPerToken));
};

const replySchema = z.looseObject({
  data: z.array(z.looseObject({ b64_json: z.string().min(1).nullish(), url: z.string().min(1).nullish() })).min(1),
  output_format: z.string().nullish(),
  usage: z.looseObject({}).nullish(),
});

const sizeOf = ({ request, extra }: ImageWork): string | undefined => {
  const { width, height } = request;
  if (width !== undefined && height !== undefined) return `${width}x${height}`;
  return typeof extra?.size === "string" ? extra.size : undefined;
};

const fieldsOf = (work: ImageWork): Record<string, unknown> => {
  const { model, request, extra = {} } = work;
  const { prompt, n, output_format: format } = request;
  const size = sizeOf(work);
  return {
    ...extra,
    model,
    prompt,
    n,
    ...(size === undefined ? {} : { size }),
    ...(format === undefined ? {} : { output_format: format }),
  };
};

const fileOf = async (url: string, param: string, signal: AbortSignal) => {
  const { contentType, base64 } = await embedImage(url, param, signal);
  const name = `image.${contentType.slice(contentType.indexOf("/") + 1)}`;
  return { name, contentType, bytes: Buffer.from(base64, "base64") };
};

const formOf = async (work: ImageWork, signal: AbortSignal): Promise<FormFields> => {
  const { images, mask } = work;
  const files = await Promise.all(images.map((url, index) => fileOf(url, `image[${index}]`, signal)));
  return [
    ...Object.entries(fieldsOf(work)).map(([name, value]) => [name, String(value)] as const),
    ...files.map((file) => ["image[]", file] as const),
    ...(mask === undefined ? [] : [["mask", await fileOf(mask, "mask", signal)] as const]),
  ];
};

const toImage = (
  { b64_json: base64, url }: z.infer<typeof replySchema>["data"][number],
  format: string | null | undefined,
): MadeImage => ({
  url: url ?? null,
  base64: base64 ?? null,
  contentType: `image/${format ?? "png"}`,
  expiresAt: null,
  width: null,
  height: null,
});

export const openaiImages: ImageAdapter = {
  traits: () => ({
    takes: new Set(["width", "output_format", "n", "mask_url"]),
    maxImages: 8,
  }),
  costOfOne: (work) =>
    mediaTokensPicoUsd(work.model, {
      // A token is at least a byte.
      textInput: Buffer.byteLength(work.request.prompt),
      mediaInput: (work.images.length + (work.mask === undefined ? 0 : 1)) * maxTokensOfImage,
      output: outputTokensOf(sizeOf(work)),
    }),
  make: async (work, credential, calls) => {
    const { signal } = calls;
    const isEdit = work.images.length > 0;
    const call = toOpenaiCall({
      credential,
      path: isEdit ? "/images/edits" : "/images/generations",
      ...(isEdit ? { form: await formOf(work, signal) } : { body: fieldsOf(work) }),
      signal,
      headersTimeoutMs: timeoutMs,
    });
    const { json, simulated } = await calls.attempt(() => callUpstream(call));
    const { data, output_format: format, usage } = readReply(replySchema, "openai", json);
    const tokens = tokensOf(usage);
    return {
      images: data.map((image) => toImage(image, format)),
      seed: null,
      costPicoUsd: tokens === undefined ? undefined : mediaTokensPicoUsd(work.model, tokens),
      simulated,
      usage: usage ?? undefined,
    };
  },
};

import { type MediaModel, resolveMediaModel } from "#core/catalog/media-models.ts";
import type { RequestContext } from "#core/context.ts";
import { GatewayError } from "#core/errors.ts";
import type { Caller } from "#core/generation/caller.ts";
import { imageAdapterOf, makeImages } from "#core/media/images/generate-images.ts";
import { embedImage } from "#core/providers/media/embed-image.ts";
import type { ImageTraits, ImageWork } from "#core/providers/media/image-adapter.ts";
import type { FormFile, ImageEdits, ImageGenerations } from "#core/schemas/openai-media.ts";

/** Images in the form of OpenAI's API, from every provider of images. */

const timeoutMs = 290_000;

interface MadeImages {
  readonly json?: Readonly<Record<string, unknown>>;
  /** The events of a stream. */
  readonly text?: string;
  readonly headers: Readonly<Record<string, string>>;
}

type Operation = "image_generation" | "image_edit";

/** The last event for each image. Partial images are not made: `partial_images` is 0 at most. */
const toEvents = (
  operation: Operation,
  json: {
    readonly created: number;
    readonly data: readonly Readonly<Record<string, string>>[];
    readonly usage?: unknown;
  },
): string =>
  json.data
    .map((image) => ({
      type: `${operation}.completed`,
      ...image,
      created_at: json.created,
      ...(json.usage === undefined ? {} : { usage: json.usage }),
    }))
    .map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
    .join("");

type Fields = Omit<ImageGenerations, "model"> & { readonly input_fidelity?: string | null | undefined };

const ratioOf = (text: string): number => {
  const [width = 1, height = 1] = text.split(":").map(Number);
  return width / height;
};

/** The supported ratio that is nearest to a size. */
const nearestRatio = (width: number, height: number, ratios: readonly string[]): string | undefined =>
  ratios.toSorted(
    (left, right) =>
      Math.abs(Math.log(ratioOf(left) / (width / height))) - Math.abs(Math.log(ratioOf(right) / (width / height))),
  )[0];

const commonRatios = ["1:1", "16:9", "9:16", "4:3", "3:4", "3:2", "2:3", "21:9", "9:21"];

/** A size as the model takes it: pixels, else the nearest ratio. */
const sizeFields = (size: string | null | undefined, { takes, ratios, sideStep = 1, maxSide = 4_096 }: ImageTraits) => {
  if (size === null || size === undefined || size === "auto") return { fields: {}, warnings: [] };
  const [width = 0, height = 0] = size.split("x").map(Number);
  if (takes.has("width")) {
    const nearestSide = (side: number): number =>
      Math.min(maxSide, Math.max(64, Math.round(side / sideStep) * sideStep));
    const fields = { width: nearestSide(width), height: nearestSide(height) };
    return { fields, warnings: fields.width === width && fields.height === height ? [] : ["size-adjusted"] };
  }
  if (!takes.has("aspect_ratio")) return { fields: {}, warnings: ["size-ignored"] };
  return { fields: { aspect_ratio: nearestRatio(width, height, ratios ?? commonRatios) }, warnings: ["size-adjusted"] };
};

/** Fields that leave for OpenAI's own models only. */
const extraNames = ["quality", "background", "output_compression", "moderation", "input_fidelity"] as const;
/** Fields that no model here uses. */
const ignoredNames = ["style", "user", "partial_images"] as const;

const isGiven = (value: unknown): boolean => value !== undefined && value !== null && value !== false;

const toWork = (model: MediaModel, fields: Fields, images: readonly string[], mask: string | undefined) => {
  const traits = imageAdapterOf(model).traits(model.id);
  const isOpenai = model.provider === "openai";
  const given = extraNames.filter((name) => isGiven(fields[name]));
  const { fields: size, warnings } = isOpenai ? { fields: {}, warnings: [] } : sizeFields(fields.size, traits);
  const takesFormat = traits.takes.has("output_format") && (isOpenai || fields.output_format !== "webp");
  const { output_format: format } = fields;
  const extra = {
    ...Object.fromEntries(given.map((name) => [name, fields[name]])),
    ...(isGiven(fields.size) ? { size: fields.size } : {}),
  };
  const work: ImageWork = {
    model: model.id,
    images,
    mask,
    request: {
      prompt: fields.prompt,
      n: fields.n ?? 1,
      ...size,
      ...(isGiven(format) && takesFormat ? { output_format: format ?? undefined } : {}),
    } as ImageWork["request"],
    ...(isOpenai ? { extra } : {}),
  };
  const dropped = [
    ...(isOpenai ? [] : given),
    ...ignoredNames.filter((name) => isGiven(fields[name])),
    ...(isGiven(format) && !takesFormat ? ["output_format"] : []),
  ].map((name) => `${name}-ignored`);
  return { work, warnings: [...warnings, ...dropped] };
};

type AnsweredImage = Awaited<ReturnType<typeof makeImages>>["data"]["images"][number];
type Format = "url" | "b64_json" | null | undefined;

const fetchTimeoutMs = 30_000;

/** An image that is paid for is not lost when its bytes cannot be fetched: its URL is answered instead. */
const fetched = async (url: string): Promise<Readonly<Record<string, string>>> => {
  try {
    return { b64_json: (await embedImage(url, "data", AbortSignal.timeout(fetchTimeoutMs))).base64 };
  } catch (error) {
    if (error instanceof GatewayError) return { url };
    throw error;
  }
};

/** A made image as OpenAI answers it: bytes when they are asked for or are all there is, unless a URL is asked for. */
const toAnswer = async (
  { url, base64, contentType }: AnsweredImage,
  format: Format,
): Promise<Readonly<Record<string, string>>> => {
  if (format === "url") return { url: url ?? `data:${contentType ?? "image/png"};base64,${base64}` };
  if (base64 !== null) return { b64_json: base64 };
  if (url === null) return {};
  return format === "b64_json" ? fetched(url) : { url };
};

interface AskedImages {
  readonly operation: Operation;
  readonly fields: Fields;
  readonly images: readonly string[];
  readonly mask?: string | undefined;
}

const answer = async (
  context: RequestContext,
  caller: Caller,
  model: MediaModel,
  { operation, fields, images, mask }: AskedImages,
): Promise<MadeImages> => {
  const { work, warnings } = toWork(model, fields, images, mask);
  const made = await makeImages(context, caller, model, work, timeoutMs);
  const { data, usage } = made;
  const isStream = fields.stream === true;
  const format = isStream ? "b64_json" : fields.response_format;
  const json = {
    created: Math.floor(context.startedAtMs / 1_000),
    data: await Promise.all(data.images.map((image) => toAnswer(image, format))),
    ...(usage === undefined ? {} : { usage }),
  };
  const isUnfetched = format === "b64_json" && json.data.some(({ url }) => url !== undefined);
  const all = [made.headers["x-warnings"], ...warnings, ...(isUnfetched ? ["b64_json-unavailable"] : [])].filter(
    (warning) => warning !== undefined && warning !== "",
  );
  const headers = { ...made.headers, ...(all.length === 0 ? {} : { "x-warnings": all.join(", ") }) };
  return isStream
    ? { text: toEvents(operation, json), headers: { ...headers, "content-type": "text/event-stream; charset=utf-8" } }
    : { json, headers };
};

/** POST /api/v1/images/generations. @throws GatewayError */
export const createImages = (context: RequestContext, request: ImageGenerations, caller: Caller): Promise<MadeImages> =>
  answer(context, caller, resolveMediaModel(request.model ?? "imagen", "image"), {
    operation: "image_generation",
    fields: request,
    images: [],
  });

const imageTypes = /^image\/(png|jpe?g|webp|gif|heic|heif|avif)$/i;

const dataUrlOf = ({ name, contentType, bytes }: FormFile, param: string): string => {
  if (!imageTypes.test(contentType) && contentType !== "application/octet-stream" && contentType !== "") {
    throw new GatewayError("BAD_REQUEST", `${name} is not an image: its type is ${contentType}.`, { param });
  }
  return `data:${imageTypes.test(contentType) ? contentType : "image/png"};base64,${bytes.toString("base64")}`;
};

/** POST /api/v1/images/edits. @throws GatewayError */
export const editImagesByForm = (context: RequestContext, request: ImageEdits, caller: Caller): Promise<MadeImages> => {
  const model = resolveMediaModel(request.model ?? "flux-kontext-pro", "edit");
  const { image, images = [], mask, ...fields } = request;
  const files = image === undefined ? [] : Array.isArray(image) ? image : [image];
  const urls = [...files.map((file) => dataUrlOf(file, "image")), ...images.map(({ image_url: url }) => url)];
  const maskUrl = mask === undefined ? undefined : "image_url" in mask ? mask.image_url : dataUrlOf(mask, "mask");
  return answer(context, caller, model, { operation: "image_edit", fields, images: urls, mask: maskUrl });
};

import * as z from "zod";
import { mediaCostPicoUsd, megapixelCostPicoUsd } from "#core/catalog/media-prices.ts";
import { forEachImage } from "#core/providers/media/for-each-image.ts";
import type { ImageAdapter, ImageTraits, ImageWork, MadeImage } from "#core/providers/media/image-adapter.ts";
import { megapixelsOf, sizeOfRatio } from "#core/providers/media/image-size.ts";
import type { MediaCalls } from "#core/providers/media/media-calls.ts";
import { pollUntil } from "#core/providers/media/poll-until.ts";
import { callUpstream, isVendorUrl, malformed, readReply } from "#core/providers/media/upstream.ts";
import { afterAcceptance, type KeyCredential, ProviderFailure } from "#core/providers/provider.ts";

/** Images of Black Forest Labs (FLUX): a task is submitted, and polled at the URL of the response. */

/** Source: docs.bfl.ai. */
const urlLifetimeMs = 10 * 60_000;
const maxPauseMs = 4_000;
const picoPerCredit = 10_000_000_000n;
/** A dearer image is a mistake of the reply. */
const maxCredits = 100_000;

const isFlux2 = (model: string): boolean => model.startsWith("flux-2-");
const isKontext = (model: string): boolean => model.startsWith("flux-kontext-");

const traits = (model: string): ImageTraits => {
  const all = ["aspect_ratio", "seed", "output_format", "n"] as const;
  if (isFlux2(model)) {
    const maxImages = model.includes("klein") ? 4 : 8;
    return { takes: new Set([...all, "width"]), maxImages, sideStep: 16, maxSide: 2_048 };
  }
  if (isKontext(model)) return { takes: new Set(all), maxImages: 4 };
  if (model === "flux-pro-1.1") {
    return { takes: new Set([...all, "width"]), maxImages: 0, sideStep: 32, maxSide: 1_440 };
  }
  return { takes: new Set(all), maxImages: 0 };
};

/** BFL reduces larger images to this. */
const maxMegapixels = 4;

/**
 * The most megapixels that FLUX.2 bills: those of the image that is made, and of each that it reads, which BFL rounds up one by
 * one. An edit without a size has that of its first image.
 */
const mostMegapixels = ({ request: { width, height, aspect_ratio: ratio }, images }: ImageWork): number => {
  const isSized = width !== undefined || ratio !== undefined || images.length === 0;
  const made = isSized ? Math.ceil(megapixelsOf(width, height)) : maxMegapixels;
  return made + images.length * maxMegapixels;
};

/** BFL accepts base64 without the head of a data: URL. */
const withoutHead = (url: string): string => url.replace(/^data:[^,]*,/i, "");

const toBody = ({ model, request, images }: ImageWork, index: number): Record<string, unknown> => {
  const { prompt, seed, output_format: format, aspect_ratio: ratio, width, height } = request;
  const { sideStep, maxSide } = traits(model);
  const size =
    width !== undefined
      ? { width, height }
      : ratio === undefined
        ? {}
        : sideStep === undefined
          ? { aspect_ratio: ratio }
          : sizeOfRatio(ratio, sideStep, maxSide ?? 2_048);
  return {
    prompt,
    ...size,
    ...(seed === undefined ? {} : { seed: seed + index }),
    ...(format === undefined ? {} : { output_format: format }),
    ...Object.fromEntries(
      images.map((url, place) => [place === 0 ? "input_image" : `input_image_${place + 1}`, withoutHead(url)]),
    ),
  };
};

const submittedSchema = z.looseObject({
  id: z.string().min(1),
  polling_url: z.string().nullish(),
  cost: z.number().nullish(),
});

const resultSchema = z.looseObject({ sample: z.string().nullish(), seed: z.number().nullish() });
const stateSchema = z.looseObject({
  status: z.string().optional(),
  state: z.string().optional(),
  result: resultSchema.nullish(),
});

interface Made {
  readonly image: MadeImage;
  readonly seed: number | null;
  readonly costPicoUsd: bigint | undefined;
  readonly simulated: boolean;
}

/** Statuses that judge the prompt or the image. BFL charges nothing for them. */
const moderated: ReadonlySet<string> = new Set(["Request Moderated", "Content Moderated"]);

/** BFL no longer knows the task: that says nothing of what was made. */
const unknownTask = "Task not found";

const failed = (status: string): unknown => {
  const refused = moderated.has(status);
  const failure = new ProviderFailure(
    "bfl",
    refused ? "request" : "server",
    `bfl ended the task with status ${status}`,
    {
      status: refused ? 400 : 502,
      providerCode: status,
      providerMessage: `No image was generated: ${status}.`,
    },
  );
  return status === unknownTask ? afterAcceptance(failure) : failure;
};

/** The result of a task that has ended; undefined while it is pending. @throws ProviderFailure */
const askResult = async (url: string, { apiKey }: KeyCredential, calls: MediaCalls) => {
  const { signal } = calls;
  const { json } = await calls.ask(() =>
    callUpstream({ provider: "bfl", method: "GET", url, headers: { "x-key": apiKey }, signal }),
  );
  const { status, state, result } = readReply(stateSchema, "bfl", json);
  const current = status ?? state ?? "";
  if (current === "Pending") return undefined;
  if (current !== "Ready") throw failed(current);
  return result ?? { sample: undefined };
};

const makeOne = async (work: ImageWork, index: number, credential: KeyCredential, calls: MediaCalls): Promise<Made> => {
  const { signal } = calls;
  const submitted = await calls.attempt(() =>
    callUpstream({
      provider: "bfl",
      url: `${credential.baseUrl}/${work.model}`,
      headers: { "x-key": credential.apiKey },
      body: toBody(work, index),
      signal,
    }),
  );
  const { id, polling_url: pollingUrl, cost } = readReply(submittedSchema, "bfl", submitted.json);
  calls.underWay();
  const url = pollingUrl ?? `${credential.baseUrl}/get_result?id=${encodeURIComponent(id)}`;
  // The key is sent to BFL only, whatever the response says.
  if (!isVendorUrl(url, credential.baseUrl, "bfl.ai")) throw malformed("bfl", "the polling URL is not on bfl.ai");
  const { sample, seed } = await pollUntil(() => askResult(url, credential, calls), maxPauseMs, signal);
  if (typeof sample !== "string") throw malformed("bfl", "the result has no image");
  const { output_format: format = "jpeg", width = null, height = null } = work.request;
  return {
    image: {
      url: sample,
      base64: null,
      contentType: `image/${format}`,
      expiresAt: Date.now() + urlLifetimeMs,
      width,
      height,
    },
    seed: seed ?? null,
    // Credits may be fractional: 1.5 credits are one and a half cents.
    costPicoUsd:
      typeof cost === "number" && cost >= 0 && cost <= maxCredits
        ? (BigInt(Math.round(cost * 1_000)) * picoPerCredit) / 1_000n
        : undefined,
    simulated: submitted.simulated,
  };
};

export const bflImages: ImageAdapter = {
  traits,
  costOfOne: (work) =>
    isFlux2(work.model) ? megapixelCostPicoUsd(work.model, mostMegapixels(work)) : mediaCostPicoUsd(work.model, 1),
  make: async (work, credential, calls) => {
    const { made, failures } = await forEachImage(work.request.n, (index) => makeOne(work, index, credential, calls));
    const costs = made.map(({ costPicoUsd }) => costPicoUsd).filter((cost) => cost !== undefined);
    return {
      images: made.map(({ image }) => image),
      seed: made[0]?.seed ?? null,
      ...(costs.length === made.length ? { costPicoUsd: costs.reduce((sum, cost) => sum + cost, 0n) } : {}),
      simulated: made.some(({ simulated }) => simulated),
      failures,
    };
  },
};

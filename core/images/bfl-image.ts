import * as z from "zod";
import { mediaCostPicoUsd, megapixelCostPicoUsd } from "#core/catalog/media-prices.ts";
import type { MediaCredential } from "#core/media/credential.ts";
import type { MediaRun } from "#core/media/media-run.ts";
import { callUpstream, isVendorUrl, malformed, readReply } from "#core/media/upstream.ts";
import { ProviderFailure } from "#core/providers/provider.ts";
import { pause } from "#core/routing/retry.ts";
import { megapixelsOf, sizeOfRatio } from "./image-size.ts";
import { eachOf, type ImageAdapter, type ImageTraits, type ImageWork, type MadeImage } from "./image-work.ts";

/** Images of Black Forest Labs (FLUX): a task that is handed over and asked about at the URL that its answer gives. */

/** Source: docs.bfl.ai. */
const urlLifetimeMs = 10 * 60_000;
const firstPauseMs = 500;
const maxPauseMs = 4_000;
const picoPerCredit = 10_000_000_000n;

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

/** BFL takes base64 without the head of a data: URL. */
const bare = (url: string): string => url.replace(/^data:[^,]*,/i, "");

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
      images.map((url, place) => [place === 0 ? "input_image" : `input_image_${place + 1}`, bare(url)]),
    ),
  };
};

const submittedSchema = z.looseObject({
  id: z.string().min(1),
  polling_url: z.string().nullish(),
  cost: z.number().nullish(),
});

const stateSchema = z.looseObject({
  status: z.string().optional(),
  state: z.string().optional(),
  result: z.looseObject({ sample: z.string().nullish(), seed: z.number().nullish() }).nullish(),
});

interface Made {
  readonly image: MadeImage;
  readonly seed: number | null;
  readonly costPicoUsd: bigint | undefined;
  readonly simulated: boolean;
}

/** Ends that are a judgement of the prompt or the image. BFL charges nothing for them. */
const moderated: ReadonlySet<string> = new Set(["Request Moderated", "Content Moderated"]);

const failed = (status: string): ProviderFailure => {
  const refused = moderated.has(status);
  return new ProviderFailure("bfl", refused ? "request" : "server", `bfl ended the task as ${status}`, {
    status: refused ? 400 : 502,
    providerCode: status,
    providerMessage: `No image was made: ${status}.`,
  });
};

/** Asks until the task has ended. @throws ProviderFailure */
const wait = async (url: string, credential: MediaCredential, run: MediaRun) => {
  const { signal } = run;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(maxPauseMs, pauseMs * 1.5)) {
    const { json } = await run.ask(() =>
      callUpstream({ provider: "bfl", method: "GET", url, headers: { "x-key": credential.apiKey }, signal }),
    );
    const { status, state, result } = readReply(stateSchema, "bfl", json);
    const now = status ?? state ?? "";
    if (now === "Ready") return result;
    if (now !== "Pending") throw failed(now);
    await pause(pauseMs, signal);
    signal.throwIfAborted();
  }
};

const makeOne = async (work: ImageWork, index: number, credential: MediaCredential, run: MediaRun): Promise<Made> => {
  const { signal } = run;
  const headers = { "x-key": credential.apiKey };
  const submitted = await run.attempt(() =>
    callUpstream({
      provider: "bfl",
      url: `${credential.baseUrl}/${work.model}`,
      headers,
      body: toBody(work, index),
      signal,
    }),
  );
  const { id, polling_url: told, cost } = readReply(submittedSchema, "bfl", submitted.json);
  run.underWay();
  const url = told ?? `${credential.baseUrl}/get_result?id=${encodeURIComponent(id)}`;
  // The key goes nowhere but to BFL, whatever an answer says.
  if (!isVendorUrl(url, credential.baseUrl, "bfl.ai")) throw malformed("bfl", "its polling URL is not its own");
  const result = await wait(url, credential, run);
  if (typeof result?.sample !== "string") throw malformed("bfl", "the result has no image");
  const { output_format: format = "jpeg", width = null, height = null } = work.request;
  return {
    image: {
      url: result.sample,
      base64: null,
      contentType: `image/${format}`,
      expiresAt: Date.now() + urlLifetimeMs,
      width,
      height,
    },
    seed: result.seed ?? null,
    // Credits may be broken: 1.5 is one and a half cents.
    costPicoUsd: typeof cost === "number" ? (BigInt(Math.round(cost * 1_000)) * picoPerCredit) / 1_000n : undefined,
    simulated: submitted.simulated,
  };
};

export const bflImages: ImageAdapter = {
  traits,
  costOfOne: ({ model, request: { width, height } }) =>
    isFlux2(model) ? megapixelCostPicoUsd(model, megapixelsOf(width, height)) : mediaCostPicoUsd(model, 1),
  make: async (work, credential, run) => {
    const made = await eachOf(work.request.n, (index) => makeOne(work, index, credential, run));
    const told = made.map(({ costPicoUsd }) => costPicoUsd).filter((cost) => cost !== undefined);
    return {
      images: made.map(({ image }) => image),
      seed: made[0]?.seed ?? null,
      ...(told.length === made.length ? { costPicoUsd: told.reduce((sum, cost) => sum + cost, 0n) } : {}),
      simulated: made.some(({ simulated }) => simulated),
    };
  },
};

/**
 * List prices of media in whole micro-dollars for one of what the provider sells. Null where no price is known: the cost of
 * such a request is null as well, never a cousin's. Data that is reviewed like code.
 *
 * Not one of the vendors' own pages could be read on the day these were entered: they come from memory and, where they
 * fit, from resellers' pages. Check each before anybody is billed by it.
 */

export interface MediaPrice {
  readonly microUsd: number;
  readonly per: "character" | "song" | "image" | "megapixel" | "second" | "clip" | "credit";
  readonly source: string;
  /** The day the figure was entered, ISO 8601. */
  readonly asOf: string;
}

const price =
  (source: string, asOf: string) =>
  (per: MediaPrice["per"], microUsd: number): MediaPrice => ({ microUsd, per, source, asOf });

/** Checked against resellers' prices less their mark-up; the page itself could not be read again on that day. */
const minimax = price("platform.minimax.io, pay as you go", "2026-11-22");
const bfl = price("help.bfl.ai, pricing", "2026-11-22");
const fal = price("fal.ai, price of the model, by way of third parties", "2026-11-22");
const google = price("ai.google.dev/gemini-api/docs/pricing, by way of third parties", "2026-11-22");
const fashn = price("fashn.ai, on-demand price of an API credit", "2026-11-22");

const speechHd = minimax("character", 100);
const speechTurbo = minimax("character", 60);

/** By model, or by model and what else decides: `MiniMax-Hailuo-02/768P/6`. */
export const mediaPrices: Readonly<Record<string, MediaPrice | null>> = {
  "speech-2.8-hd": speechHd,
  "speech-2.8-turbo": speechTurbo,
  "speech-2.6-hd": speechHd,
  "speech-2.6-turbo": speechTurbo,
  "speech-02-hd": speechHd,
  "speech-02-turbo": speechTurbo,
  "speech-01-hd": speechHd,
  "speech-01-turbo": speechTurbo,
  "music-2.6": null,
  "music-2.6-free": minimax("song", 0),
  "music-2.5+": null,
  "music-2.5": null,
  "music-2.0": minimax("song", 30_000),
  "image-01": minimax("image", 3_500),
  "image-01-live": minimax("image", 3_500),
  "MiniMax-Hailuo-2.3/768P/6": minimax("clip", 280_000),
  "MiniMax-Hailuo-2.3/768P/10": minimax("clip", 560_000),
  "MiniMax-Hailuo-2.3/1080P/6": minimax("clip", 490_000),
  "MiniMax-Hailuo-2.3-Fast/768P/6": minimax("clip", 190_000),
  "MiniMax-Hailuo-2.3-Fast/768P/10": minimax("clip", 320_000),
  "MiniMax-Hailuo-2.3-Fast/1080P/6": minimax("clip", 330_000),
  "MiniMax-Hailuo-02/768P/6": minimax("clip", 280_000),
  "MiniMax-Hailuo-02/768P/10": minimax("clip", 560_000),
  "MiniMax-Hailuo-02/1080P/6": minimax("clip", 490_000),
  "T2V-01/720P/6": minimax("clip", 430_000),
  "T2V-01-Director/720P/6": minimax("clip", 430_000),
  "I2V-01/720P/6": minimax("clip", 430_000),
  "I2V-01-Director/720P/6": minimax("clip", 430_000),
  "I2V-01-live/720P/6": minimax("clip", 430_000),
  "S2V-01/720P/6": minimax("clip", 650_000),

  fashn: fashn("credit", 75_000),

  "gemini-3.1-flash-image/1K": google("image", 67_000),
  "gemini-3-pro-image/1K": google("image", 134_000),
  "gemini-3-pro-image/2K": google("image", 134_000),
  "gemini-3-pro-image/4K": google("image", 240_000),
  "gemini-omni-1.1-flash/720p": google("second", 100_000),

  /** FLUX.2: the first megapixel, and each further one under `/further`. The reply's own cost goes before. */
  "flux-2-pro": bfl("megapixel", 30_000),
  "flux-2-pro/further": bfl("megapixel", 15_000),
  "flux-2-max": bfl("megapixel", 70_000),
  "flux-2-max/further": bfl("megapixel", 30_000),
  "flux-2-flex": bfl("megapixel", 50_000),
  "flux-2-flex/further": bfl("megapixel", 50_000),
  "flux-2-klein-4b": bfl("megapixel", 14_000),
  "flux-2-klein-4b/further": bfl("megapixel", 1_000),
  "flux-2-klein-9b": bfl("megapixel", 15_000),
  "flux-2-klein-9b/further": bfl("megapixel", 2_000),
  "flux-pro-1.1": bfl("image", 40_000),
  "flux-pro-1.1-ultra": bfl("image", 60_000),
  "flux-kontext-pro": bfl("image", 40_000),
  "flux-kontext-max": bfl("image", 80_000),

  "recraft-v3": fal("image", 40_000),
  "recraft-v4": null,
  "ideogram-v3": null,
  "stable-diffusion-v35-large": null,
  "stable-diffusion-v35-medium": null,
  "qwen-image": fal("megapixel", 20_000),
  "qwen-image-edit": null,
  "qwen-image-edit-plus": null,
  "seedream-v5-lite": null,
  "kling-v3-pro": fal("second", 112_000),
  "kling-v3-pro/audio": fal("second", 168_000),
  "kling-v3-standard": null,
  "wan-2.6": null,
};

const picoPerMicro = 1_000_000n;

/** What so many of a thing cost in pico-dollars, rounded up to a whole one of it; undefined when no price is known. */
export const mediaCostPicoUsd = (key: string, amount: number): bigint | undefined => {
  const known = mediaPrices[key];
  return known === undefined || known === null
    ? undefined
    : BigInt(Math.ceil(amount)) * BigInt(known.microUsd) * picoPerMicro;
};

/** What FLUX.2 costs for an image of so many megapixels. */
export const megapixelCostPicoUsd = (model: string, megapixels: number): bigint | undefined => {
  const first = mediaCostPicoUsd(model, 1);
  const whole = Math.max(1, Math.ceil(megapixels));
  if (first === undefined || whole === 1) return first;
  const further = mediaCostPicoUsd(`${model}/further`, whole - 1);
  return further === undefined ? mediaCostPicoUsd(model, whole) : first + further;
};

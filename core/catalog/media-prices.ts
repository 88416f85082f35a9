import { ownValue } from "#core/values/records.ts";
/**
 * List prices of media in whole micro-dollars per unit that the provider sells. Null for an unknown price: the cost of such a
 * request is null too, never that of a similar model, and the metric UnpricedRequests counts it. This data is reviewed like code.
 *
 * No vendor's page could be opened live when these were entered. `basis` states the evidence for each figure. A figure that is
 * not on a vendor's own page must be checked there before anyone is billed by it.
 */

/**
 * - `vendor-page`: the vendor's own page, read in a stored copy.
 * - `transcript`: the vendor's page, quoted word for word by somebody else who says when.
 * - `third-party`: resellers, other projects' tables, or several of them that agree.
 */
export type PriceBasis = "vendor-page" | "transcript" | "third-party";

export interface MediaPrice {
  readonly microUsd: number;
  readonly per: "character" | "song" | "image" | "megapixel" | "second" | "video" | "credit" | "request";
  readonly basis: PriceBasis;
  readonly source: string;
  /** The day the figure was compared with its source, ISO 8601. */
  readonly asOf: string;
}

const price =
  (basis: PriceBasis, source: string, asOf = "2026-11-25") =>
  (per: MediaPrice["per"], microUsd: number): MediaPrice => ({ microUsd, per, basis, source, asOf });

/** A whole copy of the page of the time of MiniMax-M3, which has no older price than the year before's. */
const minimax = price("vendor-page", "https://platform.minimax.io/docs/guides/pricing-paygo", "2026-11-26");
/** Models that the page does not list: other projects' tables, which name MiniMax's older price page. */
const minimaxTables = price("third-party", "other projects' tables, after https://www.minimax.io/price");
const openaiTables = price("third-party", "tables of https://platform.openai.com/docs/pricing", "2026-11-29");
const openaiPage = price(
  "vendor-page",
  "https://developers.openai.com/api/docs/models/gpt-transcribe.md",
  "2026-11-29",
);
const bfl = price("vendor-page", "https://docs.bfl.ai/quick_start/pricing.md");
/** Further megapixels are not in the part of the page that could be read: BFL's own published skill for agents has them. */
const bflFurther = price("vendor-page", "https://github.com/black-forest-labs/skills, bfl-api");
const fal = (path: string) => price("vendor-page", `https://fal.ai/models/${path}`);
const falQuoted = price("transcript", "https://fal.ai/pricing, as quoted on 2026-09-20");
const falTables = price("third-party", "other projects' tables of fal's prices, which agree");
const google = price("transcript", "https://ai.google.dev/gemini-api/docs/pricing, as quoted on 2026-09-20");
const googleFlash = price("transcript", "https://ai.google.dev/gemini-api/docs/pricing, as quoted on 2026-04-04");
const googleResellers = price("third-party", "resellers of the preview at 720p, less their mark-up");
/** FASHN's page itself could not be read, and they agree; its app's top-up credits, at $0.10, are another currency. */
const fashn = price(
  "third-party",
  "projects that cite https://help.fashn.ai/plans-and-pricing/api-pricing for the on-demand price",
  "2026-11-26",
);

const speechHd = minimax("character", 100);
const speechTurbo = minimax("character", 60);
const klingPro = fal("fal-ai/kling-video/v3/pro/image-to-video/playground");
const klingStandard = fal("fal-ai/kling-video/v3/standard/text-to-video/llms.txt");
const wan = fal("wan/v2.6/text-to-video/llms.txt");

/** By model, or by model and whatever else sets the price: `MiniMax-Hailuo-02/768P/6`. */
export const mediaPrices: Readonly<Record<string, MediaPrice | null>> = {
  "speech-2.8-hd": speechHd,
  "speech-2.8-turbo": speechTurbo,
  "speech-2.6-hd": speechHd,
  "speech-2.6-turbo": speechTurbo,
  "speech-02-hd": speechHd,
  "speech-02-turbo": speechTurbo,
  // Not on the page any more.
  "speech-01-hd": minimaxTables("character", 100),
  "speech-01-turbo": minimaxTables("character", 60),
  // A song of up to five minutes. "Limited free", says the page of this one, without an end: the list price is what it will be.
  "music-2.6": minimax("song", 150_000),
  // Free by its name.
  "music-2.6-free": minimaxTables("song", 0),
  "music-2.5+": minimax("song", 150_000),
  "music-2.5": minimax("song", 150_000),
  "music-2.0": minimax("song", 30_000),
  "image-01": minimax("image", 3_500),
  "image-01-live": null,
  "MiniMax-Hailuo-2.3/768P/6": minimax("video", 280_000),
  "MiniMax-Hailuo-2.3/768P/10": minimax("video", 560_000),
  "MiniMax-Hailuo-2.3/1080P/6": minimax("video", 490_000),
  "MiniMax-Hailuo-2.3-Fast/768P/6": minimax("video", 190_000),
  "MiniMax-Hailuo-2.3-Fast/768P/10": minimax("video", 320_000),
  "MiniMax-Hailuo-2.3-Fast/1080P/6": minimax("video", 330_000),
  "MiniMax-Hailuo-02/768P/6": minimax("video", 280_000),
  "MiniMax-Hailuo-02/768P/10": minimax("video", 560_000),
  "MiniMax-Hailuo-02/1080P/6": minimax("video", 490_000),
  // Of the models of the first generation only the two directors' price was found anywhere.
  "T2V-01/720P/6": null,
  "T2V-01-Director/720P/6": minimaxTables("video", 430_000),
  "I2V-01/720P/6": null,
  "I2V-01-Director/720P/6": minimaxTables("video", 430_000),
  "I2V-01-live/720P/6": null,
  "S2V-01/720P/6": null,

  /** OpenAI reports tokens for the others: openai-media-prices.ts. */
  "tts-1": openaiTables("character", 15),
  "tts-1-hd": openaiTables("character", 30),
  "whisper-1": openaiTables("second", 100),
  // $0.0045 a minute.
  "gpt-transcribe": openaiPage("second", 75),
  // OpenAI charges nothing for moderation.
  "omni-moderation-latest": openaiTables("request", 0),

  fashn: fashn("credit", 75_000),

  "gemini-3.1-flash-image/1K": googleFlash("image", 67_000),
  "gemini-3.1-flash-image/2K": googleFlash("image", 101_000),
  "gemini-3.1-flash-image/4K": googleFlash("image", 151_000),
  "gemini-3.1-flash-lite-image/1K": null,
  "gemini-3-pro-image/1K": google("image", 134_000),
  "gemini-3-pro-image/2K": google("image", 134_000),
  "gemini-3-pro-image/4K": google("image", 240_000),
  "gemini-omni-1.1-flash/720p": googleResellers("second", 100_000),
  "gemini-omni-1.1-flash/360p": null,
  "gemini-omni-1.1-flash/1080p": null,
  "gemini-omni-1.1-flash/4k": null,
  "gemini-omni-1.2-flash/720p": null,

  /** FLUX.2: the first megapixel, and each further one under `/further`. The reply's own cost goes before. */
  "flux-2-pro": bfl("megapixel", 30_000),
  "flux-2-pro/further": bflFurther("megapixel", 15_000),
  "flux-2-max": bfl("megapixel", 70_000),
  "flux-2-max/further": bflFurther("megapixel", 30_000),
  // One edition of the skill says 6 cents for both; the page says from 5.
  "flux-2-flex": bfl("megapixel", 50_000),
  "flux-2-flex/further": bflFurther("megapixel", 50_000),
  "flux-2-klein-4b": bfl("megapixel", 14_000),
  "flux-2-klein-4b/further": bflFurther("megapixel", 1_000),
  "flux-2-klein-9b": bfl("megapixel", 15_000),
  "flux-2-klein-9b/further": bflFurther("megapixel", 2_000),
  "flux-pro-1.1": bflFurther("image", 40_000),
  "flux-pro-1.1-ultra": bflFurther("image", 60_000),
  "flux-kontext-pro": bflFurther("image", 40_000),
  "flux-kontext-max": bflFurther("image", 80_000),

  // Vector styles cost twice as much: we ask for none.
  "recraft-v3": fal("fal-ai/recraft/v3/text-to-image/llms.txt")("image", 40_000),
  // fal's page of its successor 4.1, which could be read, has the same.
  "recraft-v4": falTables("image", 40_000),
  // At the speed BALANCED, which is fal's default and ours. fal's page of Ideogram's trained models and Ideogram's own list of
  // prices (https://ideogram.ai/features/api-pricing) have the same.
  "ideogram-v3": falTables("image", 60_000),
  "stable-diffusion-v35-large": null,
  "stable-diffusion-v35-medium": fal("fal-ai/stable-diffusion-v35-medium/llms.txt")("megapixel", 20_000),
  "qwen-image": falQuoted("megapixel", 20_000),
  "qwen-image-edit": fal("fal-ai/qwen-image-edit/llms.txt")("megapixel", 30_000),
  "qwen-image-edit-plus": null,
  "seedream-v5-lite": fal("fal-ai/bytedance/seedream/v5/lite/edit/llms.txt")("image", 35_000),
  // Two pages of fal disagree: its model card of the same path, without a date, has twice as much.
  "kling-v3-pro": klingPro("second", 112_000),
  "kling-v3-pro/audio": klingPro("second", 168_000),
  "kling-v3-standard": klingStandard("second", 84_000),
  "kling-v3-standard/audio": klingStandard("second", 126_000),
  "wan-2.6/720p": wan("second", 100_000),
  "wan-2.6/1080p": wan("second", 150_000),
};

const picoPerMicro = 1_000_000n;

/** No request comes to more units: what a provider says must not break sums. */
const maxUnits = 1_000_000_000;

/** Cost in pico-dollars of an amount, rounded up to whole units; undefined for an unknown price. */
export const mediaCostPicoUsd = (key: string, amount: number): bigint | undefined => {
  const known = ownValue(mediaPrices, key);
  return known === undefined || known === null
    ? undefined
    : BigInt(Math.min(maxUnits, Math.max(0, Math.ceil(amount)))) * BigInt(known.microUsd) * picoPerMicro;
};

/** Cost of a FLUX.2 image by its megapixels. */
export const megapixelCostPicoUsd = (model: string, megapixels: number): bigint | undefined => {
  const first = mediaCostPicoUsd(model, 1);
  const whole = Math.max(1, Math.ceil(megapixels));
  if (first === undefined || whole === 1) return first;
  const further = mediaCostPicoUsd(`${model}/further`, whole - 1);
  return further === undefined ? mediaCostPicoUsd(model, whole) : first + further;
};

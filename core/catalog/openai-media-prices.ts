import type { PriceBasis } from "./media-prices.ts";

/** Token prices of OpenAI's media models in micro-dollars per million tokens. OpenAI reports the tokens with each answer. */
export interface MediaTokenPrices {
  readonly textInput: number;
  /** Images that are read, or audio that is heard. */
  readonly mediaInput: number;
  /** Images or audio that are made, or the text of a transcript. */
  readonly output: number;
  readonly basis: PriceBasis;
  readonly source: string;
  /** The day the figures were compared with their source, ISO 8601. */
  readonly asOf: string;
}

const usd = 1_000_000;
const pricing = "https://platform.openai.com/docs/pricing";

const quoted = (textInput: number, mediaInput: number, output: number, by: string): MediaTokenPrices => ({
  textInput: textInput * usd,
  mediaInput: mediaInput * usd,
  output: output * usd,
  basis: "third-party",
  source: `${pricing}, as listed by ${by}`,
  asOf: "2026-11-29",
});

/** By model. Null for an unknown price: the cost of such a request is null too. */
export const mediaTokenPrices: Readonly<Record<string, MediaTokenPrices | null>> = {
  "gpt-image-2.6-sunburst": {
    ...quoted(5, 8, 30, ""),
    basis: "vendor-page",
    source: "https://developers.openai.com/api/docs/models/gpt-image-2.6-sunburst",
  },
  // "Token prices match OpenAI", says one of them on 2026-11-05; the other, that 2.6 costs what 2.5 did.
  "gpt-image-2.6-flare": quoted(5, 8, 30, "two resellers (docs.laozhang.ai, docs.apiyi.com)"),
  "gpt-image-2": quoted(5, 8, 30, "two resellers that name OpenAI's page"),
  // Words that it makes cost $10: they are counted as images, since an answer does not say which of its tokens are words.
  "gpt-image-1.5": quoted(5, 8, 32, "two price tables that name OpenAI's page (langfuse, litellm)"),
  "gpt-4o-mini-tts": quoted(0.6, 0, 12, "OpenAI's own forum"),
  "gpt-4o-transcribe": quoted(2.5, 6, 10, "a guide that agrees with $0.006 per minute"),
  "gpt-4o-mini-transcribe": quoted(1.25, 3, 5, "a reading of OpenAI's page"),
  "gpt-4o-transcribe-diarize": quoted(2.5, 6, 10, "a guide that agrees with $0.006 per minute"),
};

/** Token counts of a media answer. */
export interface MediaTokens {
  readonly textInput: number;
  readonly mediaInput: number;
  readonly output: number;
}

/** List price of these tokens, in pico-dollars; undefined when it is not known. */
export const mediaTokensPicoUsd = (model: string, tokens: MediaTokens): bigint | undefined => {
  const prices = Object.hasOwn(mediaTokenPrices, model) ? mediaTokenPrices[model] : undefined;
  if (prices === undefined || prices === null) return undefined;
  const times = (count: number, microUsd: number): bigint => BigInt(count) * BigInt(Math.round(microUsd));
  return (
    times(tokens.textInput, prices.textInput) +
    times(tokens.mediaInput, prices.mediaInput) +
    times(tokens.output, prices.output)
  );
};

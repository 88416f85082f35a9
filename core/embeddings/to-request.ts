import type { EmbeddingCreateParams } from "openai/resources/embeddings";
import { bedrockDimensions } from "#core/catalog/bedrock-embeddings.ts";
import type { ResolvedEmbedding } from "#core/catalog/resolve-embedding.ts";
import { GatewayError } from "#core/errors.ts";
import { type CallSize, isLittleMore } from "#core/generation/reservation.ts";
import { tokenBound } from "#core/generation/token-bound.ts";
import type { EmbeddingRequest } from "#core/schemas/embeddings.ts";

const refuse = (message: string, param: string): GatewayError => new GatewayError("BAD_REQUEST", message, { param });

/** Each of its texts is a call. */
const mostTitanTexts = 256;

const checkBedrock = ({ input, dimensions }: EmbeddingRequest, id: string, standsFor: string): void => {
  const lengths = bedrockDimensions(standsFor);
  if (typeof dimensions === "number" && lengths !== undefined && !lengths.includes(dimensions)) {
    throw refuse(`${id} has ${lengths.join(", ")} dimensions, not ${dimensions}.`, "dimensions");
  }
  if (standsFor.includes("titan") && Array.isArray(input) && input.length > mostTitanTexts) {
    throw refuse(`${id} takes one text a call: send at most ${mostTitanTexts} at once.`, "input");
  }
};

const hasTokens = ({ input }: EmbeddingRequest): boolean => Array.isArray(input) && typeof input[0] !== "string";

/** What the catalogue knows that the model cannot do. @throws GatewayError */
export const checkEmbeddingRequest = (
  request: EmbeddingRequest,
  { id, provider, catalog, standsFor }: ResolvedEmbedding,
): void => {
  const { dimensions } = request;
  if (hasTokens(request) && (provider === "google" || provider === "bedrock" || catalog?.takesTokens === false)) {
    throw refuse(`${id} accepts text, not tokens.`, "input");
  }
  if (standsFor !== undefined) checkBedrock(request, id, standsFor);
  if (typeof dimensions !== "number" || catalog === undefined) return;
  if (!catalog.shortens && dimensions !== catalog.dimensions)
    throw refuse(`${id} does not support a choice of dimensions.`, "dimensions");
  if (dimensions > catalog.dimensions) {
    throw refuse(`${id} has at most ${catalog.dimensions} dimensions.`, "dimensions");
  }
};

/** Other tokenizers than OpenAI's are not known: Gemini's counts each digit, for one. */
const unknownMargin = 1.35;

const tokensBy = ({ input }: EmbeddingRequest, ofText: (text: string) => number): number => {
  let tokens = 0;
  for (const each of typeof input === "string" ? [input] : input) {
    if (typeof each === "string") tokens += ofText(each) + 2;
    else tokens += typeof each === "number" ? 1 : each.length;
  }
  return Math.ceil(tokens);
};

/** The most tokens that the provider can bill: a bound for text, and the very count of tokens. */
export const embeddingTokens = (request: EmbeddingRequest, provider: ResolvedEmbedding["provider"]): number => {
  const margin = provider === "openai" ? 1 : unknownMargin;
  return tokensBy(request, (text) => tokenBound(text) * margin);
};

const sizeOf = (inputTokens: number): CallSize<ResolvedEmbedding> => ({
  inputTokens: () => inputTokens,
  longCacheWrite: false,
  answers: 1,
  predictionTokens: 0,
  outputTokens: 0,
});

/**
 * How large a call gets. Money is reserved whatever the text was made for, as for a chat: a token for each byte where that costs
 * little more, else no fewer tokens than a tokenizer counts.
 */
export const embeddingSize = async (
  request: EmbeddingRequest,
  model: ResolvedEmbedding,
): Promise<CallSize<ResolvedEmbedding>> => {
  const inputTokens = embeddingTokens(request, model.provider);
  const size = sizeOf(inputTokens);
  const most = Math.max(inputTokens, tokensBy(request, Buffer.byteLength));
  if (isLittleMore([model], size, sizeOf(most))) return { ...size, reservedTokens: () => most };
  const { input } = request;
  const texts = (typeof input === "string" ? [input] : input).filter((each) => typeof each === "string");
  const { tokenFactor } = await import("#core/generation/token-factor.ts");
  const counted = Math.ceil(inputTokens * tokenFactor(texts, tokenBound));
  return { ...size, reservedTokens: () => counted };
};

/** Fields that Gemini's compatible endpoint knows; it refuses others. */
const googleFields: ReadonlySet<string> = new Set(["model", "input", "dimensions", "encoding_format"]);

/** The same of Bedrock's models. */
const bedrockFields = (standsFor: string): ReadonlySet<string> =>
  new Set([...googleFields, ...(standsFor.includes("titan") ? ["normalize"] : ["input_type", "truncate"])]);

/** Half a character, as a cut text may end in, is refused by strict readers of JSON. */
const wellFormed = (input: EmbeddingRequest["input"]): EmbeddingRequest["input"] => {
  if (typeof input === "string") return input.toWellFormed();
  return input.map((each) => (typeof each === "string" ? each.toWellFormed() : each)) as EmbeddingRequest["input"];
};

export interface ShapedEmbedding {
  readonly body: EmbeddingCreateParams;
  /** Names of fields that were dropped. */
  readonly warnings: readonly string[];
}

/**
 * The body for the provider. The format is always named: the SDK would ask for base64 by itself and turn it into numbers.
 */
export const toEmbeddingBody = (request: EmbeddingRequest, model: ResolvedEmbedding): ShapedEmbedding => {
  const given = Object.entries(request).filter(([, value]) => value !== null && value !== undefined);
  const taken = model.standsFor === undefined ? googleFields : bedrockFields(model.standsFor);
  const isKept = (name: string): boolean =>
    (model.provider !== "google" && model.provider !== "bedrock") || taken.has(name);
  const kept = given.filter(([name]) => isKept(name));
  const dropped = given.map(([name]) => name).filter((name) => !isKept(name));
  const body = {
    ...Object.fromEntries(kept),
    model: model.providerModel,
    input: wellFormed(request.input),
    // What others than OpenAI make of base64 is not known: we encode their numbers ourselves.
    encoding_format: model.provider === "openai" ? (request.encoding_format ?? "float") : "float",
  } as EmbeddingCreateParams;
  return { body, warnings: dropped };
};

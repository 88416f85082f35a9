import type { ChatProviderId } from "#core/catalog/provider-ids.ts";
import type { ResolvedModel } from "#core/catalog/resolve.ts";
import { tokenBound } from "#core/generation/token-bound.ts";
import { type ChatRequest, gatewayFields } from "#core/schemas/chat.ts";
import { isRecord, type JsonRecord } from "#core/values/records.ts";
import { pdfPages } from "./pdf-pages.ts";

/**
 * The most input tokens that a provider can bill for a request: everything in it that a model is given to read, counted by a
 * bound (core/generation/token-bound.ts), and a stated most for what is not text.
 */

export interface InputBound {
  /** Tokens of a model. */
  readonly tokens: (model: Pick<ResolvedModel, "provider" | "providerModel">) => number;
  /** The most of them that may be audio. */
  readonly audioTokens: number;
  /** Part of them that a provider bills as output where the answer goes another way: a prediction. */
  readonly predictionTokens: number;
  /** The caller marks a part to be cached for an hour, which costs more. */
  readonly longCacheWrite: boolean;
  /** The first file that only a provider can see: its size is not known. */
  readonly unseenFile: string | undefined;
  /** The same with another bound of its texts, tokens. */
  readonly with: (textOf: (counted: CountedText) => number) => InputBound;
}

/** Fields that no model reads. */
const unread: ReadonlySet<string> = new Set([
  ...gatewayFields,
  "model",
  "user",
  "safety_identifier",
  "metadata",
  "stop",
  "logit_bias",
  "stream_options",
  "prompt_cache_key",
  "reasoning_effort",
  "service_tier",
]);

/** What each message costs in addition to its parts: its role and the marks around it. */
const tokensPerMessage = 8;
/** What providers add where tools, or a schema of the answer, have to be explained to the model: Anthropic up to 804. */
const tokensOfInstructions = 900;

/**
 * Other vendors than OpenAI publish no tokenizer. Anthropic says of its newest that the same text may come to 1.35 times as
 * many tokens as before (release notes of Opus 4.7); Gemini counts each digit.
 */
const tokenizerMargin: Readonly<Record<ChatProviderId, number>> = {
  openai: 1,
  openrouter: 1.1,
  minimax: 1.1,
  "x-ai": 1.1,
  google: 1.35,
  anthropic: 1.35,
  bedrock: 1.35,
  custom: 1.35,
};

/**
 * The most tokens of one image, whatever its size: GPT's patches with `detail: original`; Claude from Opus 4.7 on; Gemini at
 * its highest resolution.
 */
const tokensPerImage: Readonly<Record<ChatProviderId, number>> = {
  openai: 3_000,
  openrouter: 5_000,
  minimax: 5_000,
  "x-ai": 2_000,
  google: 2_300,
  anthropic: 5_000,
  bedrock: 5_000,
  custom: 5_000,
};
const tokensOfOriginal = 12_000;
/** gpt-4o-mini counts 2,833 tokens, and 5,667 for each of up to eight tiles. */
const tokensOfMini = 48_169;

const imageTokens = ({ provider, providerModel }: Pick<ResolvedModel, "provider" | "providerModel">): number =>
  providerModel.includes("gpt-4o-mini") ? tokensOfMini : tokensPerImage[provider];

/** Speech in the thriftiest MP3 has 500 bytes a second, and no provider counts more than 32 tokens of it. */
const audioTokensPerByte = 32 / 500;
/** Other forms of audio, and WAV that says so of itself, have seconds of silence in a byte: they may fill any context. */
const unboundedAudio = 2_000_000;
const wavHeadCharacters = 48;

/** Whether a file is WAV of at least 8,000 uncompressed bytes a second. Its format stands at byte 20, its rate at byte 24. */
const isPlainWav = (base64: string): boolean => {
  const head = Buffer.from(base64.slice(0, wavHeadCharacters), "base64");
  return (
    head.length >= 28 && head.toString("latin1", 12, 16) === "fmt " && head[20] === 1 && head.readUInt32LE(24) >= 8_000
  );
};

const audioTokensOf = ({ data, format }: Readonly<Record<string, unknown>>): number => {
  const base64 = String(data);
  const isBounded = format === "mp3" || (format === "wav" && isPlainWav(base64));
  return isBounded ? Math.ceil(decodedBytes(base64) * audioTokensPerByte) : unboundedAudio;
};

/** A page of a PDF is read as text and as an image. Anthropic states up to 3,000 tokens of text. */
const tokensPerPage = 3_000;

export interface CountedText {
  /** The most tokens of text. */
  text: number;
  /** The texts among it. */
  readonly texts: string[];
  /** How much longer they are than their bounds, bytes. */
  moreBytes: number;
}

interface Counted extends CountedText {
  images: number;
  originals: number;
  audio: number;
  pages: number;
  longCacheWrite: boolean;
  unseenFile: string | undefined;
}

const countText = (text: string, counted: Counted, marks = 1): void => {
  const tokens = tokenBound(text);
  counted.text += tokens + marks;
  counted.moreBytes += Math.max(0, Buffer.byteLength(text) - tokens);
  counted.texts.push(text);
};

const decodedBytes = (base64: string): number => Math.ceil((base64.length * 3) / 4);

/** A file in base64, with or without the head of a `data:` URL: a PDF by its pages, any other by its text. */
const countFile = (file: Readonly<Record<string, unknown>>, path: string, counted: Counted): void => {
  const { file_data: data, filename } = file;
  if (typeof filename === "string") countText(filename, counted, 4);
  if (typeof data !== "string" || /^https?:/i.test(data)) {
    counted.unseenFile ??= path;
    return;
  }
  const comma = data.startsWith("data:") ? data.indexOf(",") : -1;
  const bytes = Buffer.from(data.slice(comma + 1), "base64");
  if (bytes.subarray(0, 1_024).includes("%PDF-")) counted.pages += pdfPages(bytes);
  else countText(bytes.toString("utf8"), counted);
};

/** Counts a part that has a separate bound. Returns false for a value that is counted as text. */
const countPart = (part: Readonly<Record<string, unknown>>, path: string, counted: Counted): boolean => {
  if (part.type === "image_url" && isRecord(part.image_url)) {
    counted.images += 1;
    if (part.image_url.detail === "original") counted.originals += 1;
    return true;
  }
  if (part.type === "input_audio" && isRecord(part.input_audio)) {
    counted.audio += audioTokensOf(part.input_audio);
    return true;
  }
  if (part.type === "file" && isRecord(part.file)) {
    countFile(part.file, `${path}.file`, counted);
    return true;
  }
  return countForeignPart(part, path, counted);
};

/** The same in the dialects of the Responses and the Messages API. */
const countForeignPart = (part: Readonly<Record<string, unknown>>, path: string, counted: Counted): boolean => {
  const { type, source } = part;
  if (type === "input_image" || (type === "image" && isRecord(source))) {
    counted.images += 1;
    if (part.detail === "original") counted.originals += 1;
    return true;
  }
  if (type === "input_file") {
    countFile(part, path, counted);
    return true;
  }
  if (type !== "document" || !isRecord(source) || source.type === "text" || source.type === "content") return false;
  countFile({ file_data: source.data, filename: part.title }, path, counted);
  return true;
};

/** Names and values of anything that may reach a model. Its depth is bounded where the body is parsed. */
const countValue = (value: unknown, path: string, counted: Counted): void => {
  if (typeof value === "string") countText(value, counted);
  else if (typeof value === "number") counted.text += 2 + Math.ceil(String(value).length / 2);
  else if (Array.isArray(value)) {
    for (const [index, each] of value.entries()) countValue(each, `${path}[${index}]`, counted);
    counted.text += value.length + 1;
  } else if (isRecord(value)) {
    if (value.ttl === "1h") counted.longCacheWrite = true;
    if (countPart(value, path, counted)) return;
    for (const name in value) {
      countText(name, counted);
      countValue(value[name], `${path}.${name}`, counted);
    }
  } else counted.text += 1;
};

const countPrediction = ({ prediction }: ChatRequest): Counted => {
  const counted = nothing();
  if (isRecord(prediction)) countValue(prediction.content, "prediction", counted);
  return counted;
};

const nothing = (): Counted => ({
  text: 0,
  texts: [],
  moreBytes: 0,
  images: 0,
  originals: 0,
  audio: 0,
  pages: 0,
  longCacheWrite: false,
  unseenFile: undefined,
});

const countFields = (body: Readonly<Record<string, unknown>>): Counted => {
  const counted = nothing();
  for (const name in body) {
    if (unread.has(name)) continue;
    const value = body[name];
    // A number or a switch is no text; a text is, such as the instructions of the Responses API.
    if (typeof value === "string" || (typeof value === "object" && value !== null)) countValue(value, name, counted);
  }
  if (body.tools !== undefined || isRecord(body.response_format) || isRecord(body.text)) {
    counted.text += tokensOfInstructions;
  }
  return counted;
};

const tokensOf = (counted: Counted, model: Pick<ResolvedModel, "provider" | "providerModel">): number => {
  const { text, images, originals, audio, pages } = counted;
  return Math.ceil(
    text * tokenizerMargin[model.provider] +
      images * imageTokens(model) +
      originals * tokensOfOriginal +
      audio +
      pages * (tokensPerPage + imageTokens(model)),
  );
};

/** Of forms of one request, of which any may be sent, and before them the prediction in it. */
const boundOf = (forms: readonly Counted[]): InputBound => {
  const mostOf = (amount: (form: Counted) => number): number => Math.max(...forms.map(amount));
  return {
    tokens: (model) => mostOf((form) => tokensOf(form, model)),
    audioTokens: mostOf(({ audio }) => audio),
    predictionTokens: Math.ceil(forms[0]?.text ?? 0),
    longCacheWrite: forms.some(({ longCacheWrite }) => longCacheWrite),
    unseenFile: forms.find(({ unseenFile }) => unseenFile)?.unseenFile,
    with: (textOf) => boundOf(forms.map((form) => ({ ...form, text: textOf(form) }))),
  };
};

/**
 * The most input that a request can be billed for.
 * @param native its body in the dialect in which it came, which may leave as it is.
 */
export const inputBound = (request: ChatRequest, native?: JsonRecord): InputBound => {
  const counted = countFields(request);
  counted.text += request.messages.length * tokensPerMessage;
  return boundOf([countPrediction(request), counted, ...(native === undefined ? [] : [countFields(native)])]);
};

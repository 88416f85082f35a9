import { once } from "node:events";
import { numberOf, stringOf } from "#infra/local/providers/json.ts";
import { failInstead, keyProblem, type MediaExchange, sendJson } from "./media-exchange.ts";
import { plainPng, silentMp3, silentPcm, silentWav } from "./media-files.ts";

/**
 * OpenAI's images, speech and transcripts: one color, silence, and a text that says what was sent. Bodies are held against
 * what OpenAI's OpenAPI document requires.
 */

const paths = new Set(["/v1/images/generations", "/v1/images/edits", "/v1/audio/speech", "/v1/audio/transcriptions"]);

export const isOpenaiMedia = (path: string): boolean => paths.has(path);

const word = (_: number, code: string | undefined, message: string) => ({
  error: { message, type: "invalid_request_error", param: null, code: code ?? null },
});

const refuse = (exchange: MediaExchange, param: string, message: string): void =>
  sendJson(exchange, 400, { error: { message, type: "invalid_request_error", param, code: null } });

const imageModel = /^(gpt-image-|dall-e-)/;
const speechModel = /^(tts-1|tts-1-hd|gpt-4o-mini-tts.*)$/;
const transcriptionModel = /^(whisper-1|gpt-transcribe|gpt-4o(-mini)?-transcribe.*)$/;

const fileOf = (value: unknown): { readonly name: string; readonly size: number } | undefined =>
  typeof value === "object" && value !== null && "size" in value
    ? (value as { readonly name: string; readonly size: number })
    : undefined;

const makeImages = (exchange: MediaExchange, isEdit: boolean): void => {
  const { body } = exchange;
  const { model, prompt } = body;
  if (!imageModel.test(stringOf(model))) {
    refuse(exchange, "model", `The model '${String(model)}' does not exist.`);
    return;
  }
  if (stringOf(prompt) === "") {
    refuse(exchange, "prompt", "Missing required parameter: 'prompt'.");
    return;
  }
  const given = body["image[]"] ?? body.image;
  const images = Array.isArray(given) ? given : [given];
  if (isEdit && !images.every((image) => fileOf(image) !== undefined)) {
    refuse(exchange, "image", "Missing required parameter: 'image'.");
    return;
  }
  const n = Number(body.n ?? 1);
  const size = stringOf(body.size) || "auto";
  if (size !== "auto" && !/^\d+x\d+$/.test(size)) {
    refuse(exchange, "size", "Invalid size.");
    return;
  }
  const png = plainPng(8, 8).toString("base64");
  const textTokens = Math.ceil(String(prompt).length / 4);
  const imageTokens = isEdit ? 200 * images.length : 0;
  const output = 1_000 * n;
  sendJson(exchange, 200, {
    created: Math.floor(Date.now() / 1_000),
    data: Array.from({ length: n }, () => ({ b64_json: png })),
    output_format: stringOf(body.output_format) || "png",
    size: size === "auto" ? "1024x1024" : size,
    quality: stringOf(body.quality) || "auto",
    usage: {
      input_tokens: textTokens + imageTokens,
      input_tokens_details: { text_tokens: textTokens, image_tokens: imageTokens },
      output_tokens: output,
      total_tokens: textTokens + imageTokens + output,
    },
  });
};

const charactersPerSecond = 15;
const audioTypes: Readonly<Record<string, string>> = {
  mp3: "audio/mpeg",
  wav: "audio/wav",
  flac: "audio/flac",
  pcm: "audio/pcm",
  opus: "audio/opus",
  aac: "audio/aac",
};

const audioOf = (format: string, seconds: number): Buffer => {
  if (format === "wav" || format === "flac") return silentWav(seconds);
  return format === "pcm" ? silentPcm(seconds) : silentMp3(seconds);
};

const speak = async (exchange: MediaExchange): Promise<void> => {
  const { body, response, entry, directives, signal } = exchange;
  const input = stringOf(body.input);
  const model = stringOf(body.model);
  if (!speechModel.test(model)) {
    refuse(exchange, "model", `The model '${model}' does not exist.`);
    return;
  }
  if (input === "" || input.length > 4_096) {
    refuse(exchange, "input", "input must have 1 to 4096 characters.");
    return;
  }
  if (body.voice === undefined) {
    refuse(exchange, "voice", "Missing required parameter: 'voice'.");
    return;
  }
  if (body.stream_format === "sse" && model.startsWith("tts-1")) {
    refuse(exchange, "stream_format", "Unsupported.");
    return;
  }
  const format = stringOf(body.response_format) || "mp3";
  const seconds = input.length / charactersPerSecond;
  const audio = audioOf(format, seconds);
  entry.update({ status: 200 });
  if (body.stream_format !== "sse") {
    response.writeHead(200, { "content-type": audioTypes[format] ?? "application/octet-stream" }).end(audio);
    return;
  }
  response.writeHead(200, { "content-type": "text/event-stream" });
  const pieceBytes = 8 * 1024;
  let written = 0;
  for (let from = 0; from < audio.length; from += pieceBytes) {
    if (written === directives.cutAfter) {
      entry.update({ state: "fault" });
      response.destroy();
      return;
    }
    const piece = audio.toString("base64", from, from + pieceBytes);
    const event = JSON.stringify({ type: "speech.audio.delta", audio: piece });
    if (!response.write(`data: ${event}\n\n`)) await once(response, "drain", { signal });
    written += 1;
  }
  const tokens = { input_tokens: Math.ceil(input.length / 4), output_tokens: Math.ceil(seconds * 20) };
  const usage = { ...tokens, total_tokens: tokens.input_tokens + tokens.output_tokens };
  response.end(`data: ${JSON.stringify({ type: "speech.audio.done", usage })}\n\n`);
};

const transcribe = (exchange: MediaExchange): void => {
  const { body, response, entry } = exchange;
  const model = stringOf(body.model);
  const file = fileOf(body.file);
  if (!transcriptionModel.test(model)) {
    refuse(exchange, "model", `The model '${model}' does not exist.`);
    return;
  }
  if (file === undefined) {
    refuse(exchange, "file", "Missing required parameter: 'file'.");
    return;
  }
  const text = `Transcript of ${file.name} with ${file.size} bytes.`;
  const seconds = Math.max(1, Math.ceil(file.size / 16_000));
  const format = stringOf(body.response_format) || "json";
  if (model === "whisper-1") {
    const segments = [{ id: 0, start: 0, end: seconds, text: ` ${text}` }];
    const usage = { type: "duration", seconds };
    const verbose = { task: "transcribe", language: "english", duration: seconds, text, segments, usage };
    sendJson(exchange, 200, format === "verbose_json" ? verbose : { text, usage });
    return;
  }
  if (format !== "json" && format !== "diarized_json") {
    refuse(exchange, "response_format", "Unsupported format.");
    return;
  }
  const output = Math.ceil(text.length / 4);
  const audioTokens = seconds * 10;
  const usage = {
    type: "tokens",
    input_tokens: audioTokens,
    input_token_details: { text_tokens: 0, audio_tokens: audioTokens },
    output_tokens: output,
    total_tokens: audioTokens + output,
  };
  if (body.stream !== "true") {
    sendJson(exchange, 200, { text, usage });
    return;
  }
  entry.update({ status: 200 });
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (const delta of text.split(/(?<= )/)) {
    response.write(`data: ${JSON.stringify({ type: "transcript.text.delta", delta })}\n\n`);
  }
  response.end(`data: ${JSON.stringify({ type: "transcript.text.done", text, usage })}\n\n`);
};

export const answerOpenaiMedia = async (exchange: MediaExchange): Promise<void> => {
  if (await failInstead(exchange, word)) return;
  if (numberOf(exchange.body.n) === 0) {
    refuse(exchange, "n", "n must be at least 1.");
    return;
  }
  if (keyProblem(exchange.request) !== undefined) {
    sendJson(exchange, 401, word(401, "invalid_api_key", "Incorrect API key provided."));
    return;
  }
  switch (exchange.path) {
    case "/v1/images/generations":
      return makeImages(exchange, false);
    case "/v1/images/edits":
      return makeImages(exchange, true);
    case "/v1/audio/speech":
      return speak(exchange);
    default:
      return transcribe(exchange);
  }
};

import { type MediaModel, resolveMediaModel } from "#core/catalog/media-models.ts";
import { mediaCostPicoUsd } from "#core/catalog/media-prices.ts";
import { mediaTokensPicoUsd } from "#core/catalog/openai-media-prices.ts";
import type { RequestContext } from "#core/context.ts";
import { GatewayError } from "#core/errors.ts";
import type { Caller } from "#core/generation/caller.ts";
import { MediaRun } from "#core/media/media-run.ts";
import type { Quote } from "#core/media/quote.ts";
import { parseEvent, tokensOf } from "#core/providers/media/openai/call.ts";
import {
  isWhisper,
  openTranscription,
  readTranscription,
  type TranscriptionReply,
} from "#core/providers/media/openai/transcription.ts";
import { malformed } from "#core/providers/media/upstream.ts";
import { SseParser } from "#core/providers/sse-parser.ts";
import type { AudioTranscriptions } from "#core/schemas/openai-media.ts";
import { isRecord } from "#core/values/records.ts";
import { toSubtitles } from "./subtitles.ts";

/** Transcripts in the form of OpenAI's API. */

const timeoutMs = 290_000;
const maxEventBytes = 4 * 1024 * 1024;

export type Transcript =
  | { readonly form: "json"; readonly json: unknown; readonly headers: Record<string, string> }
  | {
      readonly form: "text";
      readonly text: string;
      readonly contentType: string;
      readonly headers: Record<string, string>;
    }
  | {
      readonly form: "events";
      readonly events: AsyncGenerator<string, void, undefined>;
      readonly headers: Record<string, string>;
    };

/**
 * OpenAI refuses longer audio, except for whisper-1. The size of a file says nothing: silence takes next to no bytes.
 * Source: OpenAI's refusals, "longer than 1500 seconds which is the maximum for this model" (1400 by now).
 */
const maxSeconds = 1_500;
/** Audio input takes ten tokens a second, and fast speech four of text. Source: OpenAI's prices per minute and per token. */
const audioTokensPerSecond = 20;
const textTokensPerSecond = 8;

const costOf = (model: MediaModel, seconds: number): bigint | undefined =>
  mediaTokensPicoUsd(model.id, {
    textInput: 0,
    mediaInput: seconds * audioTokensPerSecond,
    output: seconds * textTokensPerSecond,
  }) ?? mediaCostPicoUsd(model.id, seconds);

const quoteOf = (model: MediaModel): Quote => ({
  unit: "seconds",
  units: maxSeconds,
  costPicoUsd: costOf(model, maxSeconds),
});

/** What audio of any length costs cannot be reserved. @throws GatewayError BAD_REQUEST */
const requireBound = (model: MediaModel, run: MediaRun): void => {
  if (!isWhisper(model.id) || (run.byok && run.bookedBudget === undefined)) return;
  throw new GatewayError(
    "BAD_REQUEST",
    run.byok
      ? "whisper-1 takes audio of any length, so an API key with a budget that includes your own provider keys may not use it. Use gpt-4o-transcribe."
      : "whisper-1 takes audio of any length, so the platform's key does not pay for it. Store your own OpenAI key, or use gpt-4o-transcribe.",
    { param: "model" },
  );
};

const isDuration = (value: unknown): value is number =>
  typeof value === "number" && Number.isFinite(value) && value >= 0 && value <= 1_000_000;

/** What an answer costs, from its tokens or its duration. Without either the quote stands. */
const measure = (model: MediaModel, { usage, duration }: Readonly<Record<string, unknown>>): Partial<Quote> => {
  const reported = isRecord(usage) && isDuration(usage.seconds) ? usage.seconds : duration;
  const seconds = isDuration(reported) ? Math.ceil(reported) : undefined;
  const tokens = tokensOf(usage);
  const bySeconds = seconds === undefined ? undefined : costOf(model, seconds);
  // Some are sold by the second and report tokens all the same.
  const costPicoUsd = (tokens === undefined ? undefined : mediaTokensPicoUsd(model.id, tokens)) ?? bySeconds;
  return {
    ...(seconds === undefined ? {} : { units: seconds }),
    ...(costPicoUsd === undefined ? {} : { costPicoUsd }),
  };
};

async function* events(run: MediaRun, model: MediaModel, { response }: TranscriptionReply) {
  const parser = new SseParser({ maxFrameBytes: maxEventBytes });
  let done: Readonly<Record<string, unknown>> | undefined;
  const read = (data: string): string => {
    if (data !== "[DONE]") {
      const event = parseEvent(data);
      if (event.type === "transcript.text.done") done = event;
    }
    return `data: ${data}\n\n`;
  };
  try {
    for await (const part of response) for (const { data } of parser.push(part as Buffer)) yield read(data);
    for (const { data } of parser.end()) yield read(data);
    if (done === undefined) throw malformed("openai", "the stream ended before its last event");
  } catch (thrown) {
    throw run.fail(thrown);
  } finally {
    response.destroy();
  }
  run.succeed(measure(model, done));
}

const checkFormat = (model: MediaModel, format: AudioTranscriptions["response_format"]): void => {
  const needsWhisper = format === "srt" || format === "vtt" || format === "verbose_json";
  const needsDiarize = format === "diarized_json";
  const fits = needsDiarize ? model.id.endsWith("-diarize") : !needsWhisper || isWhisper(model.id);
  if (fits) return;
  throw new GatewayError("BAD_REQUEST", `${model.id} does not support the response format ${format}.`, {
    param: "response_format",
  });
};

const toTranscript = (
  json: Readonly<Record<string, unknown>>,
  format: AudioTranscriptions["response_format"],
  headers: Record<string, string>,
): Transcript => {
  const plain = "text/plain; charset=utf-8";
  if (format === "text") return { form: "text", text: `${String(json.text)}\n`, contentType: plain, headers };
  if (format === "srt" || format === "vtt") {
    const contentType = format === "vtt" ? "text/vtt; charset=utf-8" : plain;
    return { form: "text", text: toSubtitles(json.segments, format), contentType, headers };
  }
  if (format === "verbose_json" || format === "diarized_json") return { form: "json", json, headers };
  const { text, usage, logprobs } = json;
  return {
    form: "json",
    json: { text, ...(logprobs === undefined ? {} : { logprobs }), ...(usage === undefined ? {} : { usage }) },
    headers,
  };
};

/** POST /api/v1/audio/transcriptions. @throws GatewayError */
export const createTranscription = async (
  context: RequestContext,
  request: AudioTranscriptions,
  caller: Caller,
): Promise<Transcript> => {
  const model = resolveMediaModel(request.model, "transcription");
  const { response_format: format } = request;
  checkFormat(model, format);
  const streamed = request.stream === true && !isWhisper(model.id);
  const run = new MediaRun({ context, ...caller, model, quote: quoteOf(model), timeoutMs, streamed });
  const credential = await run.open();
  return run.guard(async () => {
    requireBound(model, run);
    const { signal } = run;
    const reply = await run.attempt(() => openTranscription(model.id, request, { credential, signal }));
    run.underWay();
    const headers = run.headers(reply.simulated);
    if (reply.streamed) return { form: "events", events: events(run, model, reply), headers };
    const json = await readTranscription(reply, signal);
    run.succeed(measure(model, json));
    return toTranscript(json, format, headers);
  });
};

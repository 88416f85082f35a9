import { type MediaModel, resolveMediaModel } from "#core/catalog/media-models.ts";
import { mediaCostPicoUsd } from "#core/catalog/media-prices.ts";
import { mediaTokensPicoUsd } from "#core/catalog/openai-media-prices.ts";
import type { RequestContext } from "#core/context.ts";
import { GatewayError } from "#core/errors.ts";
import type { Caller } from "#core/generation/caller.ts";
import { audioContentTypes } from "#core/media/audio/accept.ts";
import type { MadeAudio } from "#core/media/audio/make-audio.ts";
import { makeSpeech } from "#core/media/audio/speech.ts";
import { MediaRun } from "#core/media/media-run.ts";
import type { Quote } from "#core/media/quote.ts";
import { openSpeech, type SpeechSource } from "#core/providers/media/openai/speech.ts";
import { speechSchema } from "#core/schemas/media.ts";
import type { AudioSpeech } from "#core/schemas/openai-media.ts";

/** Speech in the form of OpenAI's API: its own models, and MiniMax's. */

const timeoutMs = 290_000;

/** OpenAI's voices, which MiniMax does not have: its own ones stand in. */
const openaiVoices = new Set([
  ...["alloy", "ash", "ballad", "coral", "echo", "fable", "onyx", "nova", "sage", "shimmer", "verse", "marin", "cedar"],
]);

const defaultFormat = "mp3";

export interface SpeechAnswer {
  readonly audio: AsyncGenerator<Buffer, void, undefined>;
  readonly contentType: string;
  readonly headers: Record<string, string>;
}

export type MadeSpeech =
  | { readonly by: "minimax"; readonly made: MadeAudio; readonly warnings: readonly string[] }
  | { readonly by: "openai"; readonly answer: SpeechAnswer };

const unsupported = (param: string, message: string): GatewayError =>
  new GatewayError("BAD_REQUEST", message, { param });

const minimaxFormats = ["mp3", "flac", "wav", "pcm"] as const;

const byMinimax = async (
  context: RequestContext,
  request: AudioSpeech,
  caller: Caller,
  model: MediaModel,
): Promise<MadeSpeech> => {
  const format = minimaxFormats.find((known) => known === (request.response_format ?? defaultFormat));
  if (format === undefined) {
    throw unsupported("response_format", `${model.id} supports these formats: ${minimaxFormats.join(", ")}.`);
  }
  if (request.stream_format === "sse") {
    throw unsupported("stream_format", `${model.id} streams audio only. Set stream_format to audio.`);
  }
  const voice = typeof request.voice === "string" ? request.voice : request.voice.id;
  const isForeign = openaiVoices.has(voice);
  const { speed, instructions } = request;
  const speech = speechSchema.parse({
    model: model.id,
    text: request.input,
    voice_setting: {
      ...(isForeign ? {} : { voice_id: voice }),
      ...(typeof speed === "number" ? { speed: Math.min(2, Math.max(0.5, speed)) } : {}),
    },
    audio_setting: { format },
  });
  const made = await makeSpeech(context, speech, { ...caller, accept: audioContentTypes[format] });
  const warnings = [
    ...(isForeign ? ["voice-replaced"] : []),
    ...(typeof speed === "number" && (speed < 0.5 || speed > 2) ? ["speed-adjusted"] : []),
    ...(typeof instructions === "string" ? ["instructions-ignored"] : []),
  ];
  return { by: "minimax", made, warnings };
};

/**
 * Audio takes 21 tokens a second, and a byte of text at most a third of a second at normal speed, as in Chinese, which has three
 * bytes a character. Source: OpenAI's prices per minute and per token.
 */
const maxTokensPerByte = 8;

/** A token is at least a byte. */
const quoteOf = (model: MediaModel, { input, instructions, speed }: AudioSpeech): Quote => {
  const bytes = Buffer.byteLength(input);
  const byToken = mediaTokensPicoUsd(model.id, {
    textInput: bytes + Buffer.byteLength(instructions ?? ""),
    mediaInput: 0,
    output: Math.ceil((bytes * maxTokensPerByte) / Math.min(1, speed ?? 1)),
  });
  const characters = input.length;
  return { unit: "characters", units: characters, costPicoUsd: byToken ?? mediaCostPicoUsd(model.id, characters) };
};

/** Speech whose first bytes have arrived: an earlier failure still sets the status. */
interface StartedSpeech {
  readonly source: SpeechSource;
  readonly first: Buffer;
  readonly rest: AsyncGenerator<Buffer, void, undefined>;
}

const start = async (source: SpeechSource): Promise<StartedSpeech> => {
  const rest = source.audio();
  const { value, done } = await rest.next();
  return { source, first: done === true ? Buffer.alloc(0) : value, rest };
};

async function* settled(
  run: MediaRun,
  model: MediaModel,
  { source, first, rest }: StartedSpeech,
): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield first;
    yield* rest;
  } catch (thrown) {
    throw run.fail(thrown);
  } finally {
    // Also when nobody reads on: OpenAI's connection closes.
    await rest.return();
  }
  const { tokens } = source;
  const costPicoUsd = tokens === undefined ? undefined : mediaTokensPicoUsd(model.id, tokens);
  run.succeed(costPicoUsd === undefined ? {} : { costPicoUsd });
}

const byOpenai = async (
  context: RequestContext,
  request: AudioSpeech,
  caller: Caller,
  model: MediaModel,
): Promise<MadeSpeech> => {
  const quote = quoteOf(model, request);
  const prompt = [request.instructions, request.input];
  const run = new MediaRun({ context, ...caller, model, quote, timeoutMs, prompt, streamed: true });
  const credential = await run.open();
  return run.guard(async () => {
    const { signal } = run;
    const started = await run.attempt(async () => start(await openSpeech(model.id, request, { credential, signal })));
    run.underWay();
    return {
      by: "openai",
      answer: {
        audio: settled(run, model, started),
        contentType: started.source.contentType,
        headers: run.headers(started.source.simulated),
      },
    };
  });
};

/** POST /api/v1/audio/speech. @throws GatewayError */
export const createSpeech = (context: RequestContext, request: AudioSpeech, caller: Caller): Promise<MadeSpeech> => {
  const model = resolveMediaModel(request.model, ["speech", "openai-speech"]);
  return model.provider === "openai"
    ? byOpenai(context, request, caller, model)
    : byMinimax(context, request, caller, model);
};

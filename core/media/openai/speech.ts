import { findMediaModel, type MediaModel, mediaModels } from "#core/catalog/media-models.ts";
import { mediaCostPicoUsd } from "#core/catalog/media-prices.ts";
import { mediaTokensPicoUsd } from "#core/catalog/openai-media-prices.ts";
import type { RequestContext } from "#core/context.ts";
import { GatewayError } from "#core/errors.ts";
import type { Caller } from "#core/generation/caller.ts";
import { type MadeAudio, makeAudio } from "#core/media/audio/make-audio.ts";
import { MediaRun } from "#core/media/media-run.ts";
import type { Quote } from "#core/media/quote.ts";
import { speechRequest } from "#core/providers/media/minimax/audio-request.ts";
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

const resolve = (name: string): MediaModel => {
  const found = findMediaModel(name);
  if (found !== undefined && (found.kinds.includes("speech") || found.kinds.includes("openai-speech"))) return found;
  const suggestions = mediaModels
    .filter(({ kinds }) => kinds.includes("speech") || kinds.includes("openai-speech"))
    .map(({ id }) => id);
  throw new GatewayError(
    "INVALID_MODEL",
    `That model does not support this operation. Known: ${suggestions.join(", ")}.`,
    { param: "model", details: { suggestions } },
  );
};

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
  });
  const quoteOf = (characters: number): Quote => ({
    unit: "characters",
    units: characters,
    costPicoUsd: mediaCostPicoUsd(model.id, characters),
  });
  const made = await makeAudio(context, caller, {
    kind: "speech",
    model,
    quote: quoteOf(request.input.length),
    measure: ({ characters }) => (characters === null ? {} : quoteOf(characters)),
    toRequest: (delivery) => speechRequest(speech, model.id, format, delivery),
    wanted: { raw: true, format },
    events: false,
    byUrl: false,
  });
  const warnings = [
    ...(isForeign ? ["voice-replaced"] : []),
    ...(typeof speed === "number" && (speed < 0.5 || speed > 2) ? ["speed-adjusted"] : []),
    ...(typeof instructions === "string" ? ["instructions-ignored"] : []),
  ];
  return { by: "minimax", made, warnings };
};

/** Slow speech takes most tokens: about four for a character that is read out, at a tenth of a second each. */
const maxTokensPerCharacter = 8;

const quoteOf = (model: MediaModel, { input, instructions }: AudioSpeech): Quote => {
  const characters = input.length;
  const byToken = mediaTokensPicoUsd(model.id, {
    textInput: characters + (instructions?.length ?? 0),
    mediaInput: 0,
    output: characters * maxTokensPerCharacter,
  });
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
  const run = new MediaRun({ context, ...caller, model, quote, timeoutMs, streamed: true });
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
  const model = resolve(request.model);
  return model.provider === "openai"
    ? byOpenai(context, request, caller, model)
    : byMinimax(context, request, caller, model);
};

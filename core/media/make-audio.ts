import type { KeyPrincipal } from "#core/auth/principal.ts";
import { type MediaModel, resolveMediaModel } from "#core/catalog/media-models.ts";
import { mediaCostPicoUsd } from "#core/catalog/media-prices.ts";
import type { RequestContext } from "#core/context.ts";
import { GatewayError } from "#core/errors.ts";
import { rememberOutput } from "#core/jobs/remember-output.ts";
import type { MusicRequest, SpeechRequest } from "#core/schemas/media.ts";
import { type AudioFormat, audioContentTypes, type WantedAudio, wantedAudio } from "./accept.ts";
import { type AudioEnd, type StartedAudio, startAudio } from "./audio-answer.ts";
import { type AudioFacts, AudioSource, audioFacts } from "./audio-source.ts";
import { MediaRun } from "./media-run.ts";
import { callMinimax, openMinimax } from "./minimax.ts";
import type { Quote } from "./quote.ts";
import { malformed } from "./upstream.ts";

/** Speech and music: one call to MiniMax whose audio is passed on while it arrives, or left there under a URL. */

export interface AudioCaller {
  readonly principal: KeyPrincipal;
  readonly providerKeySlug: string | undefined;
  readonly accept: string | undefined;
}

interface AudioWork {
  readonly model: MediaModel;
  readonly path: string;
  /** MiniMax's request but for the form in which it answers. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly quote: Quote;
  /** What it came to, once MiniMax told. */
  readonly measure: (facts: AudioFacts) => Partial<Quote>;
  readonly wanted: WantedAudio;
  readonly events: boolean;
  readonly byUrl: boolean;
}

/** MiniMax keeps what it gives a URL for so long. Source: platform.minimax.io, speech-t2a-http. */
const urlLifetimeMs = 24 * 3_600_000;
const timeoutMs = 290_000;

/** Takes an answer's form and its start apart from the endpoint. */
export type MadeAudio =
  | { readonly form: "url"; readonly data: Readonly<Record<string, unknown>>; readonly headers: Record<string, string> }
  | {
      readonly form: "raw" | "json" | "events";
      readonly format: AudioFormat;
      readonly started: StartedAudio;
      readonly end: AudioEnd;
      readonly headers: Record<string, string>;
      readonly signal: AbortSignal;
    };

/** MiniMax streams no WAV: its header says how long it is. Source: its documentation of T2A. */
const streamsUpstream = ({ wanted, events }: AudioWork): boolean => (wanted.raw || events) && wanted.format !== "wav";

const requestBody = (work: AudioWork): Record<string, unknown> => {
  const streamed = streamsUpstream(work);
  return {
    ...work.body,
    stream: streamed,
    // Without this its last event repeats the whole audio.
    ...(streamed ? { stream_options: { exclude_aggregated_audio: true } } : {}),
    output_format: work.byUrl ? "url" : "hex",
  };
};

const describe = (
  work: AudioWork,
  run: MediaRun,
  facts: AudioFacts,
  urlExpiresAt: number | null = null,
): Record<string, unknown> => ({
  format: work.wanted.format,
  model: work.model.id,
  url: facts.url,
  urlExpiresAt: urlExpiresAt === null ? null : new Date(urlExpiresAt).toISOString(),
  durationMs: facts.durationMs,
  sizeBytes: facts.sizeBytes,
  sampleRate: facts.sampleRate,
  bitrate: facts.bitrate,
  channels: facts.channels,
  characters: facts.characters,
  subtitleUrl: facts.subtitleUrl,
  traceId: facts.traceId,
  costUsd: run.costUsd,
});

const byUrl = async (context: RequestContext, run: MediaRun, work: AudioWork): Promise<MadeAudio> => {
  const credential = await run.open();
  return run.guard(async () => {
    const { path } = work;
    const { signal } = run;
    const body = requestBody(work);
    const reply = await run.attempt(() => callMinimax({ credential, path, body, signal, headersTimeoutMs: timeoutMs }));
    const { simulated } = reply;
    const facts = audioFacts(reply.json);
    const { url } = facts;
    if (url === null) throw malformed("minimax", "the answer has no URL");
    const quote = { ...work.quote, ...work.measure(facts) };
    run.succeed(quote);
    const expiresAt = Date.now() + urlLifetimeMs;
    const output = [{ url, contentType: audioContentTypes[work.wanted.format], expiresAt }];
    const kind = quote.unit === "songs" ? "music" : "speech";
    context.deferred.push(() => rememberOutput(context, run, { kind, output, units: quote.units, simulated }));
    return {
      form: "url",
      data: { audio: null, ...describe(work, run, facts, expiresAt) },
      headers: run.headers(simulated),
    } as const;
  });
};

const make = async (context: RequestContext, caller: AudioCaller, work: AudioWork): Promise<MadeAudio> => {
  const { model, quote } = work;
  const { principal, providerKeySlug } = caller;
  const streamed = work.wanted.raw || work.events;
  const run = new MediaRun({ context, principal, providerKeySlug, model, quote, timeoutMs, streamed });
  if (work.byUrl) return byUrl(context, run, work);
  const credential = await run.open();
  return run.guard(async () => {
    const { path } = work;
    const { signal } = run;
    const body = requestBody(work);
    const started = await run.attempt(async () =>
      startAudio(
        new AudioSource(await openMinimax({ credential, path, body, signal, headersTimeoutMs: timeoutMs }), signal),
      ),
    );
    // From the first bytes on MiniMax charges the request, whatever becomes of the rest.
    run.underWay();
    const end: AudioEnd = {
      whole: (facts) => {
        run.succeed(work.measure(facts));
        return describe(work, run, facts);
      },
      broken: (thrown) => run.fail(thrown),
    };
    return {
      form: work.wanted.raw ? "raw" : work.events ? "events" : "json",
      format: work.wanted.format,
      started,
      end,
      headers: run.headers(started.source.simulated),
      signal,
    };
  });
};

const checkForms = (wanted: WantedAudio, { stream, output_format: output }: SpeechRequest | MusicRequest): void => {
  if (output === "url" && (wanted.raw || stream === true)) {
    throw new GatewayError("BAD_REQUEST", "A URL is no stream: leave `stream` and an audio type in Accept out.", {
      param: "output_format",
    });
  }
};

const defaultVoice = "English_Graceful_Lady";

/** POST /api/v1/media/speech. @throws GatewayError */
export const makeSpeech = (
  context: RequestContext,
  request: SpeechRequest,
  caller: AudioCaller,
): Promise<MadeAudio> => {
  const model = resolveMediaModel(request.model, "speech");
  const { stream, output_format: output, audio_setting: audio, voice_setting: voice, model: _, ...rest } = request;
  const wanted = wantedAudio(caller.accept, audio?.format);
  checkForms(wanted, request);
  if (stream === true && !wanted.raw && wanted.format === "wav") {
    throw new GatewayError("BAD_REQUEST", "WAV is not streamed as events: ask for mp3, flac or pcm.", {
      param: "audio_setting.format",
    });
  }
  const costOf = (characters: number): Quote => ({
    unit: "characters",
    units: characters,
    costPicoUsd: mediaCostPicoUsd(model.id, characters),
  });
  return make(context, caller, {
    model,
    path: "/t2a_v2",
    body: {
      ...rest,
      model: model.id,
      voice_setting: request.timbre_weights === undefined ? { voice_id: defaultVoice, ...voice } : voice,
      audio_setting: { sample_rate: 32_000, bitrate: 128_000, channel: 1, ...audio, format: wanted.format },
    },
    quote: costOf(request.text.length),
    measure: ({ characters }) => (characters === null ? {} : costOf(characters)),
    wanted,
    events: stream === true,
    byUrl: output === "url",
  });
};

/** POST /api/v1/media/music. @throws GatewayError */
export const makeMusic = (context: RequestContext, request: MusicRequest, caller: AudioCaller): Promise<MadeAudio> => {
  const model = resolveMediaModel(request.model, "music");
  const { stream, output_format: output, audio_setting: audio, model: _, ...rest } = request;
  const wanted = wantedAudio(caller.accept, audio?.format);
  checkForms(wanted, request);
  if (wanted.format === "flac") {
    throw new GatewayError("BAD_REQUEST", "Music comes as mp3, wav or pcm.", { param: "Accept" });
  }
  return make(context, caller, {
    model,
    path: "/music_generation",
    body: {
      ...rest,
      model: model.id,
      audio_setting: { sample_rate: 44_100, bitrate: 256_000, ...audio, format: wanted.format },
    },
    quote: { unit: "songs", units: 1, costPicoUsd: mediaCostPicoUsd(model.id, 1) },
    measure: () => ({}),
    wanted,
    events: stream === true,
    byUrl: output === "url",
  });
};

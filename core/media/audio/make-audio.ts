import type { MediaModel } from "#core/catalog/media-models.ts";
import type { RequestContext } from "#core/context.ts";
import { GatewayError } from "#core/errors.ts";
import type { Caller } from "#core/generation/caller.ts";
import { rememberOutput } from "#core/jobs/remember-output.ts";
import { MediaRun } from "#core/media/media-run.ts";
import type { Quote } from "#core/media/quote.ts";
import { openAudio, storeAudio } from "#core/providers/media/minimax/audio.ts";
import {
  type AudioDelivery,
  type AudioFormat,
  type AudioRequest,
  audioUrlLifetimeMs,
} from "#core/providers/media/minimax/audio-request.ts";
import type { AudioFacts } from "#core/providers/media/minimax/audio-source.ts";
import { audioContentTypes, type WantedAudio } from "./accept.ts";
import { type AudioEnd, type StartedAudio, startAudio } from "./audio-answer.ts";

/** Speech and music: one call to MiniMax whose audio is passed on while it arrives, or stored there under a URL. */

export interface AudioCaller extends Caller {
  /** The `Accept` header. */
  readonly accept: string | undefined;
}

/** Audio that is to be made, and the form in which the caller gets it. */
export interface AudioWork {
  readonly kind: "speech" | "music";
  readonly model: MediaModel;
  readonly quote: Quote;
  /** Texts that are asked with. */
  readonly prompt: readonly (string | null | undefined)[];
  /** The quote's corrections from the facts that MiniMax reports. */
  readonly measure: (facts: AudioFacts) => Partial<Quote>;
  readonly toRequest: (delivery: AudioDelivery) => AudioRequest;
  readonly wanted: WantedAudio;
  /** The response is a stream of events. */
  readonly events: boolean;
  /** The response has a URL instead of the audio. */
  readonly byUrl: boolean;
}

const timeoutMs = 290_000;

/** Audio in the form of its response. */
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

/** MiniMax does not stream WAV, whose header states its length. Source: MiniMax's documentation of T2A. */
const streamedDelivery = ({ wanted, events }: AudioWork): AudioDelivery =>
  (wanted.raw || events) && wanted.format !== "wav" ? "events" : "document";

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

const makeUrl = async (context: RequestContext, run: MediaRun, work: AudioWork): Promise<MadeAudio> => {
  const credential = await run.open();
  return run.guard(async () => {
    const options = { credential, headersTimeoutMs: timeoutMs };
    const { url, facts, simulated } = await storeAudio(work.toRequest("url"), options, run);
    const quote = { ...work.quote, ...work.measure(facts) };
    run.succeed(quote);
    const expiresAt = Date.now() + audioUrlLifetimeMs;
    const output = [{ url, contentType: audioContentTypes[work.wanted.format], expiresAt }];
    const { kind } = work;
    context.deferred.push(() => rememberOutput(context, run, { kind, output, units: quote.units, simulated }));
    return {
      form: "url",
      data: { audio: null, ...describe(work, run, facts, expiresAt) },
      headers: run.headers(simulated),
    } as const;
  });
};

/** Makes audio. @throws GatewayError */
export const makeAudio = async (context: RequestContext, caller: Caller, work: AudioWork): Promise<MadeAudio> => {
  const { model, quote, prompt, wanted, events } = work;
  const { principal, providerKeySlug } = caller;
  const streamed = wanted.raw || events;
  const run = new MediaRun({ context, principal, providerKeySlug, model, quote, timeoutMs, prompt, streamed });
  if (work.byUrl) return makeUrl(context, run, work);
  const credential = await run.open();
  return run.guard(async () => {
    const { signal } = run;
    const request = work.toRequest(streamedDelivery(work));
    const options = { credential, headersTimeoutMs: timeoutMs };
    const started = await run.attempt(async () => startAudio(await openAudio(request, options, signal)));
    // Once the first bytes are here, MiniMax charges the request, whatever becomes of the rest.
    run.underWay();
    const form = wanted.raw ? "raw" : events ? "events" : "json";
    const { simulated } = started.source;
    const end: AudioEnd = {
      complete: (facts) => {
        const made = { ...quote, ...work.measure(facts) };
        run.succeed(made);
        if (form === "json") {
          const { kind } = work;
          context.deferred.push(() => rememberOutput(context, run, { kind, output: [], units: made.units, simulated }));
        }
        return describe(work, run, facts);
      },
      failed: (thrown) => run.fail(thrown),
    };
    return {
      form,
      format: wanted.format,
      started,
      end,
      headers: run.headers(simulated),
      signal,
    };
  });
};

/** Refuses a URL together with a stream. @throws GatewayError BAD_REQUEST */
export const checkDelivery = (
  wanted: WantedAudio,
  {
    stream,
    output_format: output,
  }: { readonly stream?: boolean | undefined; readonly output_format?: string | undefined },
): void => {
  if (output === "url" && (wanted.raw || stream === true)) {
    const message = "output_format url cannot be combined with stream or with an audio type in Accept.";
    throw new GatewayError("BAD_REQUEST", message, { param: "output_format" });
  }
};

import { resolveMediaModel } from "#core/catalog/media-models.ts";
import { mediaCostPicoUsd } from "#core/catalog/media-prices.ts";
import type { RequestContext } from "#core/context.ts";
import { GatewayError } from "#core/errors.ts";
import type { Quote } from "#core/media/quote.ts";
import { speechRequest } from "#core/providers/media/minimax/audio-request.ts";
import type { SpeechRequest } from "#core/schemas/media.ts";
import { wantedAudio } from "./accept.ts";
import { type AudioCaller, checkDelivery, type MadeAudio, makeAudio } from "./make-audio.ts";

/** Chinese characters, kana and Hangul, each of which MiniMax may bill as two. Source: its page of prices. */
const wide = /[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]/g;

/** The most characters that a text is billed as. */
const billedCharacters = (text: string): number => text.length + (text.match(wide)?.length ?? 0);

/** POST /api/v1/media/speech. @throws GatewayError */
export const makeSpeech = async (
  context: RequestContext,
  request: SpeechRequest,
  caller: AudioCaller,
): Promise<MadeAudio> => {
  const model = resolveMediaModel(request.model, "speech");
  const wanted = wantedAudio(caller.accept, request.audio_setting?.format);
  checkDelivery(wanted, request);
  const events = request.stream === true;
  if (events && !wanted.raw && wanted.format === "wav") {
    throw new GatewayError("BAD_REQUEST", "WAV cannot be streamed as events. Use mp3, flac or pcm.", {
      param: "audio_setting.format",
    });
  }
  const quoteOf = (characters: number): Quote => ({
    unit: "characters",
    units: characters,
    costPicoUsd: mediaCostPicoUsd(model.id, characters),
  });
  return makeAudio(context, caller, {
    kind: "speech",
    model,
    quote: quoteOf(billedCharacters(request.text)),
    prompt: [request.text],
    measure: ({ characters }) => (characters === null ? {} : quoteOf(characters)),
    toRequest: (delivery) => speechRequest(request, model.id, wanted.format, delivery),
    wanted,
    events,
    byUrl: request.output_format === "url",
  });
};

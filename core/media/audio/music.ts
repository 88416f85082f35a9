import { resolveMediaModel } from "#core/catalog/media-models.ts";
import { mediaCostPicoUsd } from "#core/catalog/media-prices.ts";
import type { RequestContext } from "#core/context.ts";
import { GatewayError } from "#core/errors.ts";
import { musicRequest } from "#core/providers/media/minimax/audio-request.ts";
import type { MusicRequest } from "#core/schemas/media.ts";
import { wantedAudio } from "./accept.ts";
import { type AudioCaller, checkDelivery, type MadeAudio, makeAudio } from "./make-audio.ts";

/** POST /api/v1/media/music. @throws GatewayError */
export const makeMusic = async (
  context: RequestContext,
  request: MusicRequest,
  caller: AudioCaller,
): Promise<MadeAudio> => {
  const model = resolveMediaModel(request.model, "music");
  const wanted = wantedAudio(caller.accept, request.audio_setting?.format);
  checkDelivery(wanted, request);
  if (wanted.format === "flac") {
    throw new GatewayError("BAD_REQUEST", "Music is available as mp3, wav or pcm.", { param: "Accept" });
  }
  return makeAudio(context, caller, {
    kind: "music",
    model,
    quote: { unit: "songs", units: 1, costPicoUsd: mediaCostPicoUsd(model.id, 1) },
    prompt: [request.prompt, request.lyrics],
    measure: () => ({}),
    toRequest: (delivery) => musicRequest(request, model.id, wanted.format, delivery),
    wanted,
    events: request.stream === true,
    byUrl: request.output_format === "url",
  });
};

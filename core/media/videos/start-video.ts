import { resolveMediaModel } from "#core/catalog/media-models.ts";
import { mediaCostPicoUsd } from "#core/catalog/media-prices.ts";
import type { RequestContext } from "#core/context.ts";
import type { Caller } from "#core/generation/caller.ts";
import { jobOpenMs } from "#core/jobs/job-times.ts";
import { type StartedJob, startJob } from "#core/jobs/start-job.ts";
import { MediaRun } from "#core/media/media-run.ts";
import { falVideos } from "#core/providers/media/fal/video.ts";
import { googleVideos } from "#core/providers/media/google/video.ts";
import type { VideoAdapter, VideoWork } from "#core/providers/media/video-adapter.ts";
import type { VideoGenerate } from "#core/schemas/video.ts";
import { checkVideo } from "./check-video.ts";

/** Videos from Google (the successor of Veo) and fal (Kling, Wan), as jobs. */

/** Includes the time to fetch an image before it is submitted. */
const timeoutMs = 90_000;

const adapters: Readonly<Record<string, VideoAdapter>> = { google: googleVideos, fal: falVideos };

const priceKey = ({ model, request, resolution }: VideoWork): string =>
  request.generate_audio === true ? `${model}/audio` : resolution === undefined ? model : `${model}/${resolution}`;

/** POST /api/v1/video/generate. @throws GatewayError */
export const startVideo = async (context: RequestContext, body: VideoGenerate, caller: Caller): Promise<StartedJob> => {
  const model = resolveMediaModel(body.model, "video");
  const adapter = adapters[model.provider];
  const traits = adapter?.traits(model.id);
  if (adapter === undefined || traits === undefined) throw new Error(`${model.id} has no traits`);
  checkVideo(model.id, body, traits);
  const { webhookUrl, model: _, ...request } = body;
  const seconds = request.duration ?? traits.seconds[0] ?? 5;
  const work: VideoWork = {
    model: model.id,
    request,
    seconds,
    resolution: request.resolution ?? traits.resolutions[0],
  };
  const run = new MediaRun({
    context,
    ...caller,
    model,
    quote: { unit: "seconds", units: seconds, costPicoUsd: mediaCostPicoUsd(priceKey(work), seconds) },
    timeoutMs,
    prompt: [request.prompt],
    openForMs: jobOpenMs,
  });
  return startJob(context, run, {
    kind: "video",
    webhookUrl,
    submit: (credential, signal) => adapter.submit(work, credential, signal),
  });
};

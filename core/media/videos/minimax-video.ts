import { mediaCostPicoUsd } from "#core/catalog/media-prices.ts";
import type { RequestContext } from "#core/context.ts";
import type { Caller } from "#core/generation/caller.ts";
import { jobOpenMs } from "#core/jobs/job-times.ts";
import { type StartedJob, startJob } from "#core/jobs/start-job.ts";
import { MediaRun } from "#core/media/media-run.ts";
import { submitMinimaxVideo } from "#core/providers/media/minimax/video.ts";
import type { MediaVideoRequest } from "#core/schemas/media.ts";
import { checkMinimaxVideo } from "./check-minimax-video.ts";

const timeoutMs = 60_000;

/** POST /api/v1/media/video. @throws GatewayError */
export const startMinimaxVideo = async (
  context: RequestContext,
  request: MediaVideoRequest,
  caller: Caller,
): Promise<StartedJob> => {
  const { model, resolution } = checkMinimaxVideo(request);
  const { webhookUrl, ...fields } = request;
  const { duration } = request;
  const run = new MediaRun({
    context,
    ...caller,
    model,
    quote: {
      unit: "seconds",
      units: duration,
      costPicoUsd: mediaCostPicoUsd(`${model.id}/${resolution}/${duration}`, 1),
    },
    timeoutMs,
    prompt: [request.prompt],
    openForMs: jobOpenMs,
  });
  return startJob(context, run, {
    kind: "clip",
    webhookUrl,
    submit: (credential, signal) => submitMinimaxVideo({ ...fields, model: model.id, resolution }, credential, signal),
  });
};

import type { KeyPrincipal } from "#core/auth/principal.ts";
import { resolveMediaModel } from "#core/catalog/media-models.ts";
import { mediaCostPicoUsd } from "#core/catalog/media-prices.ts";
import type { RequestContext } from "#core/context.ts";
import { GatewayError } from "#core/errors.ts";
import { jobOpenMs, type StartedJob, startJob } from "#core/jobs/start-job.ts";
import { MediaRun } from "#core/media/media-run.ts";
import type { VideoGenerate } from "#core/schemas/video.ts";
import { submitFalVideo } from "./fal-video.ts";
import { submitGoogleVideo } from "./google-video.ts";
import { type SubmitVideo, type VideoTraits, type VideoWork, videoTraits } from "./video-work.ts";

/** Videos over Google and fal: Veo's successor, Kling and Wan, as jobs. */

export interface VideoCaller {
  readonly principal: KeyPrincipal;
  readonly providerKeySlug: string | undefined;
}

/** An image may have to be fetched before it is handed over. */
const timeoutMs = 90_000;

const submitters: Readonly<Record<string, SubmitVideo>> = { google: submitGoogleVideo, fal: submitFalVideo };

const refuse = (param: string, message: string): GatewayError => new GatewayError("BAD_REQUEST", message, { param });

const optional = ["end_image_url", "negative_prompt", "seed", "generate_audio"] as const;

/** What the model cannot do. @throws GatewayError 400 with the field */
const check = (model: string, request: VideoGenerate, traits: VideoTraits): void => {
  const { duration, aspect_ratio: ratio, resolution, image_url: image, end_image_url: end } = request;
  for (const field of optional) {
    if (request[field] !== undefined && !traits.takes.has(field)) throw refuse(field, `${model} takes no ${field}.`);
  }
  if (end !== undefined && image === undefined) {
    throw new GatewayError("MISSING_REQUIRED_FIELD", "A last frame needs a first one.", { param: "image_url" });
  }
  if (request.prompt.length > traits.maxPromptCharacters) {
    throw refuse("prompt", `${model} takes ${traits.maxPromptCharacters} characters.`);
  }
  if (duration !== undefined && !traits.seconds.includes(duration)) {
    const lengths = [...traits.seconds].sort((left, right) => left - right);
    throw refuse("duration", `${model} makes ${lengths.join(", ")} seconds.`);
  }
  if (ratio !== undefined && image !== undefined && traits.ratioOfImage) {
    throw refuse("aspect_ratio", `With an image ${model} keeps the image's ratio.`);
  }
  if (ratio !== undefined && !traits.ratios.includes(ratio)) {
    throw refuse("aspect_ratio", `${model} makes ${traits.ratios.join(", ")}.`);
  }
  if (resolution !== undefined && !traits.resolutions.includes(resolution)) {
    const sizes = traits.resolutions.length === 0 ? "one size only" : traits.resolutions.join(", ");
    throw refuse("resolution", `${model} makes ${sizes}.`);
  }
};

const priceKey = ({ model, request, resolution }: VideoWork): string =>
  request.generate_audio === true ? `${model}/audio` : resolution === undefined ? model : `${model}/${resolution}`;

/** POST /api/v1/video/generate. @throws GatewayError */
export const startVideo = (context: RequestContext, body: VideoGenerate, caller: VideoCaller): Promise<StartedJob> => {
  const model = resolveMediaModel(body.model, "video");
  const traits = videoTraits[model.id];
  const submit = submitters[model.provider];
  if (traits === undefined || submit === undefined) throw new Error(`${model.id} has no traits`);
  check(model.id, body, traits);
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
    openForMs: jobOpenMs,
  });
  return startJob(context, run, {
    kind: "video",
    webhookUrl,
    submit: (credential, signal) => submit(work, credential, signal),
  });
};

import { type MediaModel, resolveMediaModel } from "#core/catalog/media-models.ts";
import { GatewayError } from "#core/errors.ts";
import {
  type MinimaxResolution,
  type MinimaxVideoTraits,
  minimaxVideoTraits,
} from "#core/providers/media/minimax/video.ts";
import type { MediaVideoRequest } from "#core/schemas/media.ts";

const refuse = (param: string, message: string): GatewayError => new GatewayError("BAD_REQUEST", message, { param });
const missing = (param: string, message: string): GatewayError =>
  new GatewayError("MISSING_REQUIRED_FIELD", message, { param });

const checkImages = (
  request: MediaVideoRequest,
  model: string,
  { firstFrame, lastFrame = false, subject = false }: MinimaxVideoTraits,
): void => {
  const { first_frame_image: first, last_frame_image: last, subject_reference: reference } = request;
  const unsupported = (param: string): GatewayError => refuse(param, `${model} does not support ${param}.`);
  const required = (param: string): GatewayError => missing(param, `${model} requires ${param}.`);
  if (firstFrame === "required" && first === undefined) throw required("first_frame_image");
  if (firstFrame === "unsupported" && first !== undefined) throw unsupported("first_frame_image");
  if (!lastFrame && last !== undefined) throw unsupported("last_frame_image");
  if (subject && reference === undefined) throw required("subject_reference");
  if (!subject && reference !== undefined) throw unsupported("subject_reference");
};

export interface CheckedVideo {
  readonly model: MediaModel;
  readonly resolution: MinimaxResolution;
}

/** Resolves the model, and refuses what it does not support. @throws GatewayError 400 that names the field */
export const checkMinimaxVideo = (request: MediaVideoRequest): CheckedVideo => {
  const model = resolveMediaModel(request.model, "minimax-video");
  const traits = minimaxVideoTraits[model.id];
  if (traits === undefined) throw new Error(`${model.id} has no traits`);
  checkImages(request, model.id, traits);
  const resolution = request.resolution ?? traits.resolutions[0] ?? "768P";
  if (!traits.resolutions.includes(resolution)) {
    throw refuse("resolution", `${model.id} supports these resolutions: ${traits.resolutions.join(", ")}.`);
  }
  if (!traits.durations.includes(request.duration)) {
    throw refuse("duration", `${model.id} supports a duration of ${traits.durations.join(" or ")} seconds.`);
  }
  if (request.duration === 10 && resolution !== "768P") {
    throw refuse("duration", "A duration of 10 seconds requires the resolution 768P.");
  }
  if (request.prompt === undefined && request.first_frame_image === undefined) {
    throw missing("prompt", "A video requires a prompt or first_frame_image.");
  }
  return { model, resolution };
};

import { GatewayError } from "#core/errors.ts";
import type { VideoTraits } from "#core/providers/media/video-adapter.ts";
import type { VideoGenerate } from "#core/schemas/video.ts";

const refuse = (param: string, message: string): GatewayError => new GatewayError("BAD_REQUEST", message, { param });

const optional = ["end_image_url", "negative_prompt", "seed", "generate_audio"] as const;

/** Refuses what the model does not support. @throws GatewayError 400 that names the field */
export const checkVideo = (model: string, request: VideoGenerate, traits: VideoTraits): void => {
  const { duration, aspect_ratio: ratio, resolution, image_url: image, end_image_url: end } = request;
  for (const field of optional) {
    if (request[field] !== undefined && !traits.takes.has(field)) {
      throw refuse(field, `${model} does not support ${field}.`);
    }
  }
  if (end !== undefined && image === undefined) {
    throw new GatewayError("MISSING_REQUIRED_FIELD", "end_image_url requires image_url.", { param: "image_url" });
  }
  if (request.prompt.length > traits.maxPromptCharacters) {
    throw refuse("prompt", `${model} accepts at most ${traits.maxPromptCharacters} characters.`);
  }
  if (duration !== undefined && !traits.seconds.includes(duration)) {
    const lengths = [...traits.seconds].sort((left, right) => left - right);
    throw refuse("duration", `${model} supports these durations in seconds: ${lengths.join(", ")}.`);
  }
  if (ratio !== undefined && image !== undefined && traits.ratioOfImage) {
    throw refuse("aspect_ratio", `${model} takes the aspect ratio from image_url.`);
  }
  if (ratio !== undefined && !traits.ratios.includes(ratio)) {
    throw refuse("aspect_ratio", `${model} supports these aspect ratios: ${traits.ratios.join(", ")}.`);
  }
  if (resolution !== undefined && !traits.resolutions.includes(resolution)) {
    throw refuse(
      "resolution",
      traits.resolutions.length === 0
        ? `${model} does not support resolution.`
        : `${model} supports these resolutions: ${traits.resolutions.join(", ")}.`,
    );
  }
};

import { GatewayError } from "#core/errors.ts";
import type { ImageField, ImageTraits, ImageWork } from "#core/providers/media/image-adapter.ts";

const refuse = (param: string, message: string): GatewayError => new GatewayError("BAD_REQUEST", message, { param });

const givenFields = (request: ImageWork["request"], mask: string | undefined): readonly ImageField[] => {
  const fields: [ImageField, unknown][] = [
    ["aspect_ratio", request.aspect_ratio],
    ["width", request.width],
    ["resolution", request.resolution],
    ["seed", request.seed],
    ["output_format", request.output_format],
    ["negative_prompt", request.negative_prompt],
    ["mask_url", mask],
  ];
  return fields.filter(([, value]) => value !== undefined).map(([name]) => name);
};

const checkSides = ({ width, height }: ImageWork["request"], { sideStep = 1, maxSide }: ImageTraits): void => {
  for (const [name, side] of [
    ["width", width],
    ["height", height],
  ] as const) {
    if (side === undefined) continue;
    if (side % sideStep !== 0) throw refuse(name, `${name} must be a multiple of ${sideStep}.`);
    if (maxSide !== undefined && side > maxSide) throw refuse(name, `${name} must be at most ${maxSide}.`);
  }
};

/** Refuses what the model does not support. @throws GatewayError 400 that names the field */
export const checkImage = ({ model, request, images, mask }: ImageWork, traits: ImageTraits): void => {
  for (const field of givenFields(request, mask)) {
    if (!traits.takes.has(field)) throw refuse(field, `${model} does not support ${field}.`);
  }
  const { aspect_ratio: ratio } = request;
  if (ratio !== undefined && traits.ratios !== undefined && !traits.ratios.includes(ratio)) {
    throw refuse("aspect_ratio", `${model} supports these aspect ratios: ${traits.ratios.join(", ")}.`);
  }
  checkSides(request, traits);
  const { maxImages } = traits;
  if (images.length > Math.max(1, maxImages)) {
    throw refuse("image_urls", `${model} accepts at most ${maxImages === 1 ? "one image" : `${maxImages} images`}.`);
  }
  if (images.length > 0 && traits.needsMask === true && mask === undefined) {
    throw new GatewayError("MISSING_REQUIRED_FIELD", `${model} requires a mask to edit an image.`, {
      param: "mask_url",
    });
  }
};

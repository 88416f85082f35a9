import {
  type SubmitVideo,
  secondsBetween,
  type VideoAdapter,
  type VideoTraits,
  type VideoWork,
} from "#core/providers/media/video-adapter.ts";
import { ownValue } from "#core/values/records.ts";
import { submitFal } from "./queue.ts";

/** Kling and Wan on fal. Text-to-video and image-to-video are two paths with different fields. */

type FalInput = readonly [path: string, input: Record<string, unknown>];

interface FalVideoModel {
  readonly traits: VideoTraits;
  readonly toInput: (work: VideoWork) => FalInput;
}

const kling = (tier: "pro" | "standard"): FalVideoModel => ({
  traits: {
    seconds: secondsBetween(3, 15, 5),
    ratios: ["16:9", "9:16", "1:1"],
    resolutions: [],
    maxPromptCharacters: 2_500,
    takes: new Set(["end_image_url", "negative_prompt", "generate_audio"]),
    ratioOfImage: true,
  },
  toInput: ({ request, seconds }) => {
    const { image_url: start, end_image_url: end, aspect_ratio: ratio, generate_audio: audio } = request;
    return [
      `fal-ai/kling-video/v3/${tier}/${start === undefined ? "text" : "image"}-to-video`,
      {
        prompt: request.prompt,
        duration: String(seconds),
        generate_audio: audio ?? false,
        ...(request.negative_prompt === undefined ? {} : { negative_prompt: request.negative_prompt }),
        ...(start === undefined ? { aspect_ratio: ratio ?? "16:9" } : { start_image_url: start }),
        ...(end === undefined ? {} : { end_image_url: end }),
      },
    ];
  },
});

const wan: FalVideoModel = {
  traits: {
    seconds: [5, 10, 15],
    ratios: ["16:9", "9:16", "1:1", "4:3", "3:4"],
    resolutions: ["1080p", "720p"],
    maxPromptCharacters: 800,
    takes: new Set(["negative_prompt", "seed"]),
    ratioOfImage: true,
  },
  toInput: ({ request, seconds, resolution }) => {
    const { image_url: start, aspect_ratio: ratio, negative_prompt: negative, seed } = request;
    return [
      // Unlike most paths of fal, this one does not start with `fal-ai/`.
      `wan/v2.6/${start === undefined ? "text" : "image"}-to-video`,
      {
        prompt: request.prompt,
        duration: String(seconds),
        resolution,
        ...(start === undefined ? { aspect_ratio: ratio ?? "16:9" } : { image_url: start }),
        ...(negative === undefined ? {} : { negative_prompt: negative }),
        ...(seed === undefined ? {} : { seed }),
      },
    ];
  },
};

/** Source: the types of @fal-ai/client 1.10.1. */
const models: Readonly<Record<string, FalVideoModel>> = {
  "kling-v3-pro": kling("pro"),
  "kling-v3-standard": kling("standard"),
  "wan-2.6": wan,
};

const submit: SubmitVideo = async (work, credential, signal) => {
  const model = ownValue(models, work.model);
  if (model === undefined) throw new Error(`fal has no video model ${work.model}`);
  const [path, input] = model.toInput(work);
  const { ticket, simulated } = await submitFal(credential, path, input, signal);
  return { ticket: { ...ticket }, simulated };
};

export const falVideos: VideoAdapter = { traits: (model) => ownValue(models, model)?.traits, submit };

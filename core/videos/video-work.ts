import type { Submission } from "#core/jobs/start-job.ts";
import type { MediaCredential } from "#core/media/credential.ts";
import type { VideoGenerate } from "#core/schemas/video.ts";

/** A checked request, resolved to its model, with the length and size that will be made. */
export interface VideoWork {
  readonly model: string;
  readonly request: Omit<VideoGenerate, "model" | "webhookUrl">;
  readonly seconds: number;
  /** Undefined for a model that has one size. */
  readonly resolution: string | undefined;
}

/** Hands a video to its provider. @throws ProviderFailure, GatewayError */
export type SubmitVideo = (work: VideoWork, credential: MediaCredential, signal: AbortSignal) => Promise<Submission>;

export interface VideoTraits {
  /** Lengths in seconds; the first is made unasked. */
  readonly seconds: readonly number[];
  readonly ratios: readonly string[];
  /** The first is made unasked; empty for a model that has one size. */
  readonly resolutions: readonly string[];
  readonly maxPromptCharacters: number;
  readonly takes: ReadonlySet<"end_image_url" | "negative_prompt" | "seed" | "generate_audio">;
  /** With a first frame the video has its ratio. */
  readonly ratioOfImage: boolean;
}

const range = (least: number, most: number, first: number): readonly number[] => [
  first,
  ...Array.from({ length: most - least + 1 }, (_, index) => least + index).filter((seconds) => seconds !== first),
];

const omni = {
  ratios: ["16:9", "9:16"],
  resolutions: ["720p", "360p", "1080p", "4k"],
  maxPromptCharacters: 5_000,
  takes: new Set<never>(),
  ratioOfImage: false,
} as const;

const kling: VideoTraits = {
  seconds: range(3, 15, 5),
  ratios: ["16:9", "9:16", "1:1"],
  resolutions: [],
  maxPromptCharacters: 2_500,
  takes: new Set(["end_image_url", "negative_prompt", "generate_audio"]),
  ratioOfImage: true,
};

/** What each model takes. Source: Google's Interactions API and the types of @fal-ai/client 1.10.1. */
export const videoTraits: Readonly<Record<string, VideoTraits>> = {
  "gemini-omni-1.1-flash": { ...omni, seconds: range(3, 10, 8) },
  "gemini-omni-1.2-flash": { ...omni, seconds: range(3, 15, 8) },
  "kling-v3-pro": kling,
  "kling-v3-standard": kling,
  "wan-2.6": {
    seconds: [5, 10, 15],
    ratios: ["16:9", "9:16", "1:1", "4:3", "3:4"],
    resolutions: ["1080p", "720p"],
    maxPromptCharacters: 800,
    takes: new Set(["negative_prompt", "seed"]),
    ratioOfImage: true,
  },
};

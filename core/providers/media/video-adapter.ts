import type { KeyCredential } from "#core/providers/provider.ts";
import type { VideoGenerate } from "#core/schemas/video.ts";
import type { Submission } from "./job-adapter.ts";

/** The interface of a provider of videos. */

/** A checked request, resolved to its model, with the length and resolution that will be made. */
export interface VideoWork {
  readonly model: string;
  readonly request: Omit<VideoGenerate, "model" | "webhookUrl">;
  readonly seconds: number;
  /** Undefined for a model with a single resolution. */
  readonly resolution: string | undefined;
}

export interface VideoTraits {
  /** Lengths in seconds; the first is the default. */
  readonly seconds: readonly number[];
  readonly ratios: readonly string[];
  /** The first is the default; empty for a model with a single resolution. */
  readonly resolutions: readonly string[];
  readonly maxPromptCharacters: number;
  readonly takes: ReadonlySet<"end_image_url" | "negative_prompt" | "seed" | "generate_audio">;
  /** With a first frame, the video has the frame's ratio. */
  readonly ratioOfImage: boolean;
}

/** Submits a video to its provider. @throws ProviderFailure, GatewayError */
export type SubmitVideo = (work: VideoWork, credential: KeyCredential, signal: AbortSignal) => Promise<Submission>;

/** One provider of videos. How it is asked about a job is apart, since other functions ask (core/jobs/ask-provider.ts). */
export interface VideoAdapter {
  /** Undefined for a model that the provider does not have. */
  readonly traits: (model: string) => VideoTraits | undefined;
  readonly submit: SubmitVideo;
}

/** The whole seconds from `least` to `most`, with the default first. */
export const secondsBetween = (least: number, most: number, preset: number): readonly number[] => [
  preset,
  ...Array.from({ length: most - least + 1 }, (_, index) => least + index).filter((seconds) => seconds !== preset),
];

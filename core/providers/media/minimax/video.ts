import * as z from "zod";
import type { Submission } from "#core/providers/media/job-adapter.ts";
import { readReply } from "#core/providers/media/upstream.ts";
import type { KeyCredential } from "#core/providers/provider.ts";
import type { MediaVideoRequest } from "#core/schemas/media.ts";
import { callMinimax } from "./client.ts";

/** MiniMax's videos: what each model supports, and how one is submitted. */

export type MinimaxResolution = NonNullable<MediaVideoRequest["resolution"]>;

export interface MinimaxVideoTraits {
  /** The first is the default. */
  readonly resolutions: readonly MinimaxResolution[];
  /** Seconds. */
  readonly durations: readonly number[];
  readonly firstFrame: "required" | "optional" | "unsupported";
  readonly lastFrame?: boolean;
  /** The video shows a subject, which the request has to name. */
  readonly subject?: boolean;
}

const hailuo = { resolutions: ["768P", "1080P"], durations: [6, 10], firstFrame: "optional" } as const;
const older = { resolutions: ["720P"], durations: [6] } as const;

/** By model. Source: platform.minimax.io, video generation. */
export const minimaxVideoTraits: Readonly<Record<string, MinimaxVideoTraits>> = {
  "MiniMax-Hailuo-2.3": hailuo,
  "MiniMax-Hailuo-2.3-Fast": { ...hailuo, firstFrame: "required" },
  "MiniMax-Hailuo-02": { ...hailuo, lastFrame: true },
  "S2V-01": { ...older, firstFrame: "unsupported", subject: true },
  "T2V-01": { ...older, firstFrame: "unsupported" },
  "T2V-01-Director": { ...older, firstFrame: "unsupported" },
  "I2V-01": { ...older, firstFrame: "required" },
  "I2V-01-Director": { ...older, firstFrame: "required" },
  "I2V-01-live": { ...older, firstFrame: "required" },
};

const submittedSchema = z.looseObject({ task_id: z.string().min(1) });

export type MinimaxVideoWork = Omit<MediaVideoRequest, "webhookUrl">;

/** Submits a video whose model and resolution are resolved. @throws ProviderFailure */
export const submitMinimaxVideo = async (
  body: MinimaxVideoWork,
  credential: KeyCredential,
  signal: AbortSignal,
): Promise<Submission> => {
  const { json, simulated } = await callMinimax({ credential, path: "/video_generation", body, signal });
  return { ticket: { taskId: readReply(submittedSchema, "minimax", json).task_id }, simulated };
};

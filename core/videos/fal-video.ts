import * as z from "zod";
import type { AskProvider } from "#core/jobs/job-state.ts";
import { falFile, falResult, falStatus, isModelFailure, submitFal } from "#core/media/fal.ts";
import { readReply } from "#core/media/upstream.ts";
import type { SubmitVideo, VideoWork } from "./video-work.ts";

/** Kling and Wan on fal. Their text and image forms are two paths with fields of their own names. */

const kling =
  (tier: "pro" | "standard") =>
  ({ request, seconds }: VideoWork): readonly [path: string, input: Record<string, unknown>] => {
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
  };

const wan = ({ request, seconds, resolution }: VideoWork): readonly [path: string, input: Record<string, unknown>] => {
  const { image_url: start, aspect_ratio: ratio, negative_prompt: negative, seed } = request;
  return [
    // Unlike most of fal's paths this one has no `fal-ai/` before it.
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
};

const inputs: Readonly<Record<string, (work: VideoWork) => readonly [path: string, input: Record<string, unknown>]>> = {
  "kling-v3-pro": kling("pro"),
  "kling-v3-standard": kling("standard"),
  "wan-2.6": wan,
};

export const submitFalVideo: SubmitVideo = async (work, credential, signal) => {
  const toInput = inputs[work.model];
  if (toInput === undefined) throw new Error(`fal has no video model ${work.model}`);
  const [path, input] = toInput(work);
  const { ticket, simulated } = await submitFal(credential, path, input, signal);
  return { ticket: { ...ticket }, simulated };
};

const resultSchema = z.looseObject({ video: falFile });

/** Where a request of fal is. @throws ProviderFailure */
export const askFalVideo: AskProvider = async ({ ticket }, credential, signal) => {
  const urls = { statusUrl: ticket.statusUrl ?? "", responseUrl: ticket.responseUrl ?? "" };
  const status = await falStatus(credential, urls, signal);
  if (status === "IN_QUEUE") return { status: "queued", detail: status };
  if (status !== "COMPLETED") return { status: "processing", detail: status };
  try {
    const { video } = readReply(resultSchema, "fal", await falResult(credential, urls, signal));
    return { status: "completed", output: [{ url: video.url, contentType: video.content_type ?? "video/mp4" }] };
  } catch (error) {
    if (!isModelFailure(error) || error.status === 404) throw error;
    const message = error.providerMessage ?? error.message;
    return { status: "failed", error: { name: error.providerCode ?? "GenerationFailed", message } };
  }
};

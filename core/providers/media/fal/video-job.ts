import * as z from "zod";
import type { AskProvider } from "#core/providers/media/job-adapter.ts";
import { readReply } from "#core/providers/media/upstream.ts";
import { falFile, falResult, falStatus, isModelFailure } from "./queue.ts";

const resultSchema = z.looseObject({ video: falFile });

/** The state of a video's request. @throws ProviderFailure */
export const askFalVideo: AskProvider = async ({ ticket }, credential, signal) => {
  const urls = { statusUrl: ticket.statusUrl ?? "", responseUrl: ticket.responseUrl ?? "" };
  const status = await falStatus(credential, urls, signal);
  if (status === "IN_QUEUE") return { status: "queued", detail: status };
  if (status !== "COMPLETED") return { status: "processing", detail: status };
  try {
    const { video } = readReply(resultSchema, "fal", await falResult(credential, urls, signal));
    return { status: "completed", output: [{ url: video.url, contentType: video.content_type ?? "video/mp4" }] };
  } catch (error) {
    // A 404 is not the model's: fal no longer knows the request.
    if (!isModelFailure(error) || error.status === 404) throw error;
    const message = error.providerMessage ?? error.message;
    return { status: "failed", error: { name: error.providerCode ?? "GenerationFailed", message } };
  }
};

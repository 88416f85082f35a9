import * as z from "zod";
import type { AskProvider } from "#core/providers/media/job-adapter.ts";
import { readReply } from "#core/providers/media/upstream.ts";
import { falFile, falOutcome, falStatus } from "./queue.ts";

const resultSchema = z.looseObject({ video: falFile });

/** The state of a video's request. @throws ProviderFailure */
export const askFalVideo: AskProvider = async ({ ticket }, credential, signal) => {
  const urls = { statusUrl: ticket.statusUrl ?? "", responseUrl: ticket.responseUrl ?? "" };
  const status = await falStatus(credential, urls, signal);
  if (status === "IN_QUEUE") return { status: "queued", detail: status };
  if (status !== "COMPLETED") return { status: "processing", detail: status };
  const result = await falOutcome(credential, urls, signal);
  if ("failure" in result) {
    const { providerCode: name = "GenerationFailed", providerMessage, message } = result.failure;
    return { status: "failed", error: { name, message: providerMessage ?? message } };
  }
  const { video } = readReply(resultSchema, "fal", result.json);
  return { status: "completed", output: [{ url: video.url, contentType: video.content_type ?? "video/mp4" }] };
};

import * as z from "zod";
import type { AskProvider } from "#core/providers/media/job-adapter.ts";
import { readReply } from "#core/providers/media/upstream.ts";
import { ProviderFailure } from "#core/providers/provider.ts";
import { ownValue } from "#core/values/records.ts";
import { callMinimax } from "./client.ts";

/** A video's task at MiniMax. When it is done, its file's URL is one more call. */

/** The shorter of its two public statements (1 hour, 9 hours). */
const urlLifetimeMs = 3_600_000;

const statusSchema = z.looseObject({ status: z.string(), file_id: z.union([z.string(), z.number()]).nullish() });
const fileSchema = z.looseObject({ file: z.looseObject({ download_url: z.string().min(1) }) });

const failureNames: Readonly<Record<string, string>> = { "1026": "InputSensitive", "1027": "OutputSensitive" };

const running: Readonly<Record<string, "queued" | "processing">> = {
  preparing: "queued",
  queueing: "queued",
  processing: "processing",
};

const query: AskProvider = async ({ ticket }, credential, signal) => {
  const get = async (path: string): Promise<unknown> => (await callMinimax({ credential, path, signal })).json;
  const taskId = encodeURIComponent(ticket.taskId ?? "");
  const { status, file_id: fileId } = readReply(
    statusSchema,
    "minimax",
    await get(`/query/video_generation?task_id=${taskId}`),
  );
  const runningStatus = ownValue(running, status.toLowerCase());
  if (runningStatus !== undefined) return { status: runningStatus, detail: status };
  if (status !== "Success" || fileId === undefined || fileId === null) {
    return {
      status: "failed",
      error: { name: "GenerationFailed", message: `MiniMax ended the task with status ${status}.` },
    };
  }
  const { file } = readReply(
    fileSchema,
    "minimax",
    await get(`/files/retrieve?file_id=${encodeURIComponent(String(fileId))}`),
  );
  const expiresAt = Date.now() + urlLifetimeMs;
  return { status: "completed", output: [{ url: file.download_url, contentType: "video/mp4", expiresAt }] };
};

/**
 * The state of a video's task. A judgement inside the response is the task's own end; any other refusal says nothing of what
 * was made. @throws ProviderFailure
 */
export const askMinimaxVideo: AskProvider = async (...asked) => {
  try {
    return await query(...asked);
  } catch (error) {
    if (!(error instanceof ProviderFailure) || error.kind !== "request") throw error;
    const judged = ownValue(failureNames, error.providerCode ?? "");
    const message = error.providerMessage ?? error.message;
    return judged === undefined
      ? { status: "failed", error: { name: "GenerationFailed", message }, mayBeBilled: true }
      : { status: "failed", error: { name: judged, message } };
  }
};

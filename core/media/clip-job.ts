import * as z from "zod";
import { resolveMediaModel } from "#core/catalog/media-models.ts";
import { mediaCostPicoUsd } from "#core/catalog/media-prices.ts";
import type { RequestContext } from "#core/context.ts";
import type { JobRow } from "#core/db/jobs.ts";
import { GatewayError } from "#core/errors.ts";
import type { AskProvider } from "#core/jobs/job-state.ts";
import { jobView } from "#core/jobs/job-view.ts";
import { jobOpenMs, type StartedJob, startJob } from "#core/jobs/start-job.ts";
import { ProviderFailure } from "#core/providers/provider.ts";
import type { MediaVideoRequest } from "#core/schemas/media.ts";
import { ownValue } from "#core/values/own-value.ts";
import type { ImageCaller } from "./make-image.ts";
import { MediaRun } from "./media-run.ts";
import { callMinimax } from "./minimax.ts";
import { readReply } from "./upstream.ts";

/** Videos of MiniMax: a task that is handed over, asked about, and whose file is then asked for. */

const timeoutMs = 60_000;
/** Of its two public statements (1 hour, 9 hours) the shorter. */
const urlLifetimeMs = 3_600_000;

interface Traits {
  readonly resolutions: readonly string[];
  readonly durations: readonly number[];
  readonly firstFrame: "needed" | "may" | "no";
  readonly lastFrame?: boolean;
  readonly subject?: boolean;
}

const hailuo = { resolutions: ["768P", "1080P"], durations: [6, 10], firstFrame: "may" } as const;
const older = { resolutions: ["720P"], durations: [6] } as const;

/** What each model takes. Source: platform.minimax.io, video generation. */
const traits: Readonly<Record<string, Traits>> = {
  "MiniMax-Hailuo-2.3": hailuo,
  "MiniMax-Hailuo-2.3-Fast": { ...hailuo, firstFrame: "needed" },
  "MiniMax-Hailuo-02": { ...hailuo, lastFrame: true },
  "S2V-01": { ...older, firstFrame: "no", subject: true },
  "T2V-01": { ...older, firstFrame: "no" },
  "T2V-01-Director": { ...older, firstFrame: "no" },
  "I2V-01": { ...older, firstFrame: "needed" },
  "I2V-01-Director": { ...older, firstFrame: "needed" },
  "I2V-01-live": { ...older, firstFrame: "needed" },
};

const refuse = (param: string, message: string): GatewayError => new GatewayError("BAD_REQUEST", message, { param });
const missing = (param: string, message: string): GatewayError =>
  new GatewayError("MISSING_REQUIRED_FIELD", message, { param });

const checkImages = (request: MediaVideoRequest, model: string, { firstFrame, lastFrame, subject }: Traits): void => {
  const { first_frame_image: first, last_frame_image: last, subject_reference: reference } = request;
  if (firstFrame === "needed" && first === undefined)
    throw missing("first_frame_image", `${model} starts from an image.`);
  if (firstFrame === "no" && first !== undefined) throw refuse("first_frame_image", `${model} takes no first frame.`);
  if (lastFrame !== true && last !== undefined) throw refuse("last_frame_image", `${model} takes no last frame.`);
  if (subject === true && reference === undefined) throw missing("subject_reference", `${model} shows a subject.`);
  if (subject !== true && reference !== undefined) throw refuse("subject_reference", `${model} takes no subject.`);
};

interface Checked {
  readonly model: ReturnType<typeof resolveMediaModel>;
  readonly resolution: string;
}

/** What the schema cannot say of each model. @throws GatewayError 400 with the field */
const check = (request: MediaVideoRequest): Checked => {
  const model = resolveMediaModel(request.model, "clip");
  const known = traits[model.id];
  if (known === undefined) throw new Error(`${model.id} has no traits`);
  checkImages(request, model.id, known);
  const resolution = request.resolution ?? known.resolutions[0] ?? "768P";
  if (!known.resolutions.includes(resolution)) {
    throw refuse("resolution", `${model.id} makes ${known.resolutions.join(" or ")}.`);
  }
  if (!known.durations.includes(request.duration)) throw refuse("duration", `${model.id} makes 6 seconds.`);
  if (request.duration === 10 && resolution !== "768P") throw refuse("duration", "10 seconds are made at 768P only.");
  if (request.prompt === undefined && request.first_frame_image === undefined) {
    throw missing("prompt", "A video needs a prompt or a first frame.");
  }
  return { model, resolution };
};

const submittedSchema = z.looseObject({ task_id: z.string().min(1) });

/** POST /api/v1/media/video. @throws GatewayError */
export const startClip = (
  context: RequestContext,
  request: MediaVideoRequest,
  caller: ImageCaller,
): Promise<StartedJob> => {
  const { model, resolution } = check(request);
  const { webhookUrl, ...fields } = request;
  const { duration } = request;
  const run = new MediaRun({
    context,
    ...caller,
    model,
    quote: {
      unit: "seconds",
      units: duration,
      costPicoUsd: mediaCostPicoUsd(`${model.id}/${resolution}/${duration}`, 1),
    },
    timeoutMs,
    openForMs: jobOpenMs,
  });
  return startJob(context, run, {
    kind: "clip",
    webhookUrl,
    submit: async (credential, signal) => {
      const body = { ...fields, model: model.id, resolution };
      const { json, simulated } = await callMinimax({ credential, path: "/video_generation", body, signal });
      return { ticket: { taskId: readReply(submittedSchema, "minimax", json).task_id }, simulated };
    },
  });
};

const statusSchema = z.looseObject({ status: z.string(), file_id: z.union([z.string(), z.number()]).nullish() });
const fileSchema = z.looseObject({ file: z.looseObject({ download_url: z.string().min(1) }) });

const failureNames: Readonly<Record<string, string>> = { "1026": "InputSensitive", "1027": "OutputSensitive" };

const running: Readonly<Record<string, "queued" | "processing">> = {
  preparing: "queued",
  queueing: "queued",
  processing: "processing",
};

const query = async (...[row, credential, signal]: Parameters<AskProvider>): ReturnType<AskProvider> => {
  const get = async (path: string): Promise<unknown> => (await callMinimax({ credential, path, signal })).json;
  const taskId = encodeURIComponent(row.ticket.taskId ?? "");
  const { status, file_id: fileId } = readReply(
    statusSchema,
    "minimax",
    await get(`/query/video_generation?task_id=${taskId}`),
  );
  const waiting = ownValue(running, status.toLowerCase());
  if (waiting !== undefined) return { status: waiting, detail: status };
  if (status !== "Success" || fileId === undefined || fileId === null) {
    return { status: "failed", error: { name: "GenerationFailed", message: `MiniMax ended the task as ${status}.` } };
  }
  const { file } = readReply(
    fileSchema,
    "minimax",
    await get(`/files/retrieve?file_id=${encodeURIComponent(String(fileId))}`),
  );
  const expiresAt = Date.now() + urlLifetimeMs;
  return { status: "completed", output: [{ url: file.download_url, contentType: "video/mp4", expiresAt }] };
};

/** Where a task of MiniMax is. A refusal inside the answer is the task's own end. @throws ProviderFailure */
export const askClip: AskProvider = async (...asked) => {
  try {
    return await query(...asked);
  } catch (error) {
    if (!(error instanceof ProviderFailure) || error.kind !== "request") throw error;
    const name = ownValue(failureNames, error.providerCode ?? "") ?? "GenerationFailed";
    return { status: "failed", error: { name, message: error.providerMessage ?? error.message } };
  }
};

/** A clip's job, with its id also under the name that MiniMax has for it. */
export const clipView = (row: JobRow, nowMs: number) => ({ taskId: row.id, ...jobView(row, nowMs) });

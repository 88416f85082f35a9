import { numberOf, objectsOf, stringOf } from "#infra/local/providers/json.ts";
import { failInstead, fileUrl, keyProblem, type MediaExchange, sendJson, type WordError } from "./media-exchange.ts";
import { plainPng } from "./media-files.ts";
import { simulateMusic, simulateSpeech, successful } from "./minimax-audio.ts";
import type { TaskStore } from "./task-store.ts";

/** MiniMax's native API but for its chat: errors come with HTTP 200, in `base_resp`. */

const word: WordError = (status, _code, message) => ({ base_resp: { status_code: status, status_msg: message } });

const refuse = (exchange: MediaExchange, code: number, message: string): void =>
  sendJson(exchange, 200, { base_resp: { status_code: code, status_msg: message } });

const voices = {
  system_voice: [
    { voice_id: "English_Graceful_Lady", voice_name: "Graceful Lady", description: ["A simulated voice."] },
    { voice_id: "English_Insightful_Speaker", voice_name: "Insightful Speaker", description: ["Another one."] },
  ],
  voice_cloning: [{ voice_id: "simulated-clone", description: [], created_time: "2026-01-01" }],
};

const listVoices = (exchange: MediaExchange): void => {
  const type = stringOf(exchange.body.voice_type);
  sendJson(exchange, 200, {
    ...(type === "system" || type === "all" ? { system_voice: voices.system_voice } : {}),
    ...(type === "voice_cloning" || type === "all" ? { voice_cloning: voices.voice_cloning } : {}),
    base_resp: successful,
  });
};

const makeImages = (exchange: MediaExchange): void => {
  const { body } = exchange;
  const n = numberOf(body.n) ?? 1;
  const names = Array.from({ length: n }, (_, index) => fileUrl(exchange, `image-${index}.png`));
  const data =
    body.response_format === "base64"
      ? { image_base64: names.map(() => plainPng(64, 64).toString("base64")) }
      : { image_urls: names };
  sendJson(exchange, 200, {
    id: "simulated-image",
    data,
    metadata: { success_count: String(n), failed_count: "0" },
    base_resp: successful,
  });
};

const startVideo = (exchange: MediaExchange, tasks: TaskStore) => {
  const { id } = tasks.add("video", exchange.body, exchange.directives);
  sendJson(exchange, 200, { task_id: id, base_resp: successful });
};

const queryVideo = (exchange: MediaExchange, tasks: TaskStore) => {
  const id = exchange.query.get("task_id") ?? "";
  const task = tasks.get(id);
  if (task === undefined) return refuse(exchange, 2013, "invalid params, task not found");
  const state = tasks.poll(task);
  if (state === "failed" && /^\d+$/.test(task.failure ?? "")) {
    return refuse(exchange, Number(task.failure), "the simulated task failed");
  }
  const status = { waiting: "Queueing", running: "Processing", done: "Success", failed: "Fail" }[state];
  sendJson(exchange, 200, {
    task_id: id,
    status,
    file_id: state === "done" ? `file-${id}` : "",
    video_width: 1_366,
    video_height: 768,
    base_resp: successful,
  });
};

const retrieveFile = (exchange: MediaExchange): void => {
  const fileId = exchange.query.get("file_id") ?? "";
  sendJson(exchange, 200, {
    file: {
      file_id: fileId,
      bytes: 1_024,
      created_at: Math.floor(Date.now() / 1_000),
      filename: "output.mp4",
      purpose: "video_generation",
      download_url: fileUrl(exchange, `${fileId}.mp4`),
    },
    base_resp: successful,
  });
};

type Answer = (exchange: MediaExchange, tasks: TaskStore) => Promise<void> | void;

const needs =
  (field: string, answer: Answer): Answer =>
  (exchange, tasks) =>
    stringOf(exchange.body[field]) === "" && objectsOf(exchange.body[field]).length === 0
      ? refuse(exchange, 2013, `invalid params, ${field} is empty`)
      : answer(exchange, tasks);

const endpoints: Readonly<Record<string, Answer>> = {
  "POST /v1/t2a_v2": needs("text", simulateSpeech),
  "POST /v1/music_generation": simulateMusic,
  "POST /v1/get_voice": needs("voice_type", listVoices),
  "POST /v1/image_generation": needs("prompt", makeImages),
  "POST /v1/video_generation": needs("model", startVideo),
  "GET /v1/query/video_generation": queryVideo,
  "GET /v1/files/retrieve": retrieveFile,
};

/** Whether a path is one of MiniMax's that are not chat. */
export const isMinimaxMedia = (path: string): boolean =>
  Object.keys(endpoints).some((endpoint) => endpoint.endsWith(` ${path}`));

/** Answers as MiniMax would. */
export const answerMinimax = async (exchange: MediaExchange, tasks: TaskStore): Promise<void> => {
  const { request, method, path, directives } = exchange;
  const problem = keyProblem(request);
  if (problem === "missing") return refuse(exchange, 1004, "login fail");
  if (problem === "invalid") return refuse(exchange, 2049, "invalid api key");
  if (directives.errorWithStatus200 === true) {
    return refuse(exchange, Number(directives.code ?? 1000), directives.message ?? "a scripted error");
  }
  if (method === "POST" && (await failInstead(exchange, word))) return;
  const answer = endpoints[`${method} ${path}`];
  if (answer === undefined) return sendJson(exchange, 404, { message: "404 Route Not Found" });
  await answer(exchange, tasks);
};

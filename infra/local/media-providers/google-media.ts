import { objectOf, stringOf } from "#infra/local/providers/json.ts";
import { failInstead, keyProblem, type MediaExchange, sendJson, type WordError } from "./media-exchange.ts";
import { plainPng, stillMp4 } from "./media-files.ts";
import type { Task, TaskStore } from "./task-store.ts";

/** Google's native API: images by generateContent, videos by interactions, whose files ask for the key. */

const statuses: Readonly<Record<number, string>> = {
  400: "INVALID_ARGUMENT",
  403: "PERMISSION_DENIED",
  404: "NOT_FOUND",
  429: "RESOURCE_EXHAUSTED",
  503: "UNAVAILABLE",
};

const word: WordError = (code, _code, message) => ({
  error: { code, message, status: statuses[code] ?? "INTERNAL" },
});

const refuse = (exchange: MediaExchange, status: number, message: string): void =>
  sendJson(exchange, status, word(status, undefined, message));

const imageModels = /^gemini-3(\.1)?-(flash|pro|flash-lite)-image$/;
const videoModels = /^gemini-omni-1\.[12]-flash$/;

const makeImage = (exchange: MediaExchange, model: string) => {
  if (!imageModels.test(model)) return refuse(exchange, 404, `models/${model} is not found`);
  const { failure } = exchange.directives;
  if (failure !== undefined) {
    return sendJson(exchange, 200, { candidates: [{ content: { parts: [] }, finishReason: failure, index: 0 }] });
  }
  const inlineData = { mimeType: "image/png", data: plainPng(64, 64).toString("base64") };
  sendJson(exchange, 200, {
    candidates: [{ content: { role: "model", parts: [{ inlineData }] }, finishReason: "STOP", index: 0 }],
    usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 1_120, totalTokenCount: 1_130 },
  });
};

const interaction = (exchange: MediaExchange, task: Task, status: string): Record<string, unknown> => ({
  id: task.id,
  object: "interaction",
  model: task.what,
  status,
  ...(status === "completed"
    ? {
        steps: [
          {
            content: [
              {
                type: "video",
                uri: `${exchange.origin}/google/v1beta/files/${task.id}:download?alt=media`,
                mime_type: "video/mp4",
              },
            ],
          },
        ],
      }
    : {}),
  ...(status === "failed" ? { error: { code: task.failure, message: "The simulated interaction failed." } } : {}),
});

const startVideo = (exchange: MediaExchange, tasks: TaskStore) => {
  const { body, directives } = exchange;
  const model = stringOf(body.model);
  if (!videoModels.test(model)) return refuse(exchange, 404, `models/${model} is no longer available`);
  if (!/^\d+s$/.test(stringOf(objectOf(body.response_format).duration))) {
    return refuse(exchange, 400, "response_format.duration must be a number of seconds such as 5s");
  }
  sendJson(exchange, 200, interaction(exchange, tasks.add(model, body, directives), "queued"));
};

const tell = (exchange: MediaExchange, tasks: TaskStore, id: string) => {
  const task = tasks.get(id);
  if (task === undefined) return refuse(exchange, 404, "Interaction not found");
  const status = { waiting: "queued", running: "in_progress", done: "completed", failed: "failed" }[tasks.poll(task)];
  sendJson(exchange, 200, interaction(exchange, task, status));
};

/** First and last byte of the part that a header asks for; undefined for the whole, null for one that is not there. */
const partOf = (range: string | undefined, length: number): readonly [number, number] | undefined | null => {
  const [, first = "", last = ""] = /^bytes=(\d*)-(\d*)$/.exec(range ?? "") ?? [];
  if (first === "" && last === "") return undefined;
  const start = first === "" ? Math.max(0, length - Number(last)) : Number(first);
  const end = first === "" || last === "" ? length - 1 : Math.min(Number(last), length - 1);
  return start <= end ? [start, end] : null;
};

const download = (exchange: MediaExchange, tasks: TaskStore, id: string) => {
  const { request, response, entry } = exchange;
  if (tasks.get(id) === undefined) return refuse(exchange, 404, "File not found");
  const video = stillMp4(5);
  const part = partOf(request.headers.range, video.length);
  const status = part === undefined ? 200 : part === null ? 416 : 206;
  entry.update({ status });
  if (part === null) {
    response.writeHead(status, { "content-range": `bytes */${video.length}` }).end();
    return;
  }
  const [start, end] = part ?? [0, video.length - 1];
  response
    .writeHead(status, {
      "content-type": "video/mp4",
      "accept-ranges": "bytes",
      ...(part === undefined ? {} : { "content-range": `bytes ${start}-${end}/${video.length}` }),
    })
    .end(video.subarray(start, end + 1));
};

const generatePath = /^\/v1beta\/models\/([\w.-]+):generateContent$/;
const interactionPath = /^\/v1beta\/interactions\/([\w-]+)$/;
const filePath = /^\/v1beta\/files\/([\w-]+):download$/;

/** Whether a path is Google's native one rather than that of chat. */
export const isGoogleMedia = (path: string): boolean =>
  path === "/v1beta/interactions" || [generatePath, interactionPath, filePath].some((pattern) => pattern.test(path));

/** Answers as Google would. */
export const answerGoogle = async (exchange: MediaExchange, tasks: TaskStore): Promise<void> => {
  const { request, method, path } = exchange;
  const problem = keyProblem(request);
  if (problem === "missing") return refuse(exchange, 403, "Method doesn't allow unregistered callers");
  if (problem === "invalid") return refuse(exchange, 400, "API key not valid. Please pass a valid API key.");
  if (method === "POST" && (await failInstead(exchange, word))) return;
  const model = generatePath.exec(path)?.[1];
  if (method === "POST" && model !== undefined) return makeImage(exchange, model);
  if (method === "POST" && path === "/v1beta/interactions") return startVideo(exchange, tasks);
  const id = interactionPath.exec(path)?.[1];
  if (method === "GET" && id !== undefined) return tell(exchange, tasks, id);
  const file = filePath.exec(path)?.[1];
  if (method === "GET" && file !== undefined) return download(exchange, tasks, file);
  refuse(exchange, 404, "Not found");
};

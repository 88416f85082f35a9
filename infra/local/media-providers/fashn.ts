import { numberOf, objectOf, stringOf } from "#infra/local/providers/json.ts";
import { failInstead, fileUrl, keyProblem, type MediaExchange, sendJson, type WordError } from "./media-exchange.ts";
import { plainPng } from "./media-files.ts";
import type { Task, TaskStore } from "./task-store.ts";

/** FASHN: run and status. Its refusals have a status and `{error, message}`, its failures HTTP 200 and a name. */

const names: Readonly<Record<number, string>> = {
  400: "BadRequest",
  401: "UnauthorizedAccess",
  404: "NotFound",
  429: "RateLimitExceeded",
  500: "InternalServerError",
};

const word: WordError = (status, code, message) => ({ error: code ?? names[status] ?? "InternalServerError", message });

const refuse = (exchange: MediaExchange, status: number, message: string): void =>
  sendJson(exchange, status, word(status, undefined, message));

/** What a run cannot do without, and its price. The gateway's own table is not used: it is what is being tested. */
const models: Readonly<Record<string, { readonly needs: readonly string[]; readonly credits: number }>> = {
  "tryon-v1.6": { needs: ["model_image", "garment_image"], credits: 3 },
  "product-to-model": { needs: ["product_image"], credits: 3 },
  "face-to-model": { needs: ["face_image"], credits: 3 },
  "model-create": { needs: ["prompt"], credits: 3 },
  "model-variation": { needs: ["model_image"], credits: 3 },
  "model-swap": { needs: ["model_image"], credits: 3 },
  reframe: { needs: ["image"], credits: 2 },
  "background-change": { needs: ["image", "prompt"], credits: 2 },
  "background-remove": { needs: ["image"], credits: 2 },
  "image-to-video": { needs: ["image"], credits: 5 },
};

const start = (exchange: MediaExchange, tasks: TaskStore) => {
  const { body, directives } = exchange;
  const name = stringOf(body.model_name);
  const inputs = objectOf(body.inputs);
  const model = models[name];
  if (model === undefined) return refuse(exchange, 400, `Unknown model_name ${name}`);
  const missing = model.needs.find((field) => stringOf(inputs[field]) === "");
  if (missing !== undefined) return refuse(exchange, 400, `Missing required input ${missing}`);
  sendJson(exchange, 200, { id: tasks.add(name, inputs, directives).id, error: null });
};

const outputOf = (exchange: MediaExchange, { id, what, input }: Task): readonly string[] => {
  if (what === "image-to-video") return [fileUrl(exchange, `${id}_0.mp4`)];
  const count = numberOf(input.num_samples) ?? numberOf(input.num_images) ?? 1;
  const format = stringOf(input.output_format) || "png";
  return Array.from({ length: count }, (_, index) =>
    input.return_base64 === true
      ? `data:image/png;base64,${plainPng(64, 64).toString("base64")}`
      : fileUrl(exchange, `${id}_${index}.${format}`),
  );
};

const status = (exchange: MediaExchange, tasks: TaskStore, id: string) => {
  const task = tasks.get(id);
  if (task === undefined) return refuse(exchange, 404, "Prediction not found");
  const state = tasks.poll(task);
  if (state === "waiting" || state === "running") {
    sendJson(exchange, 200, { id, status: state === "waiting" ? "in_queue" : "processing", output: null, error: null });
    return;
  }
  if (state === "failed") {
    const error = { name: task.failure, message: `The simulated run failed with ${task.failure}.` };
    sendJson(exchange, 200, { id, status: "failed", output: null, error });
    return;
  }
  sendJson(
    exchange,
    200,
    { id, status: "completed", output: outputOf(exchange, task), error: null },
    { "x-fashn-credits-used": String(models[task.what]?.credits ?? 1) },
  );
};

/** Answers as FASHN would. */
export const answerFashn = async (exchange: MediaExchange, tasks: TaskStore): Promise<void> => {
  const { request, method, path } = exchange;
  if (keyProblem(request) !== undefined) return refuse(exchange, 401, "Unauthorized: Invalid token");
  if (method === "POST" && path === "/v1/run") {
    if (await failInstead(exchange, word)) return;
    return start(exchange, tasks);
  }
  const id = /^\/v1\/status\/([^/]+)$/.exec(path)?.[1];
  if (method === "GET" && id !== undefined) return status(exchange, tasks, id);
  refuse(exchange, 404, "Resource not found");
};

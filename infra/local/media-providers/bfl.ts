import { numberOf, stringOf } from "#infra/local/providers/json.ts";
import { failInstead, fileUrl, keyProblem, type MediaExchange, sendJson, type WordError } from "./media-exchange.ts";
import type { Task, TaskStore } from "./task-store.ts";

/** Black Forest Labs: a task, and the URL at which it is asked about. */

const word: WordError = (_status, _code, message) => ({ detail: message });

/** Models with what each charges, in credits of a cent. */
const models: Readonly<Record<string, number>> = {
  "flux-2-pro": 3,
  "flux-2-max": 7,
  "flux-2-flex": 5,
  "flux-2-klein-4b": 1.4,
  "flux-2-klein-9b": 1.5,
  "flux-pro-1.1": 4,
  "flux-pro-1.1-ultra": 6,
  "flux-kontext-pro": 4,
  "flux-kontext-max": 8,
};

const submit = (exchange: MediaExchange, tasks: TaskStore, model: string) => {
  const { body, directives, origin } = exchange;
  if (stringOf(body.prompt) === "") {
    return sendJson(exchange, 422, {
      detail: [{ loc: ["body", "prompt"], msg: "Field required", type: "missing" }],
    });
  }
  const { id } = tasks.add(model, body, directives);
  sendJson(exchange, 200, {
    id,
    polling_url: `${origin}/bfl/v1/get_result?id=${id}`,
    cost: models[model] ?? null,
    input_mp: null,
    output_mp: 1,
  });
};

const resultOf = (exchange: MediaExchange, { id, input }: Task): unknown => ({
  sample: fileUrl(exchange, `${id}.${stringOf(input.output_format) || "jpeg"}`),
  seed: numberOf(input.seed) ?? 42,
  prompt: stringOf(input.prompt),
});

const tell = (exchange: MediaExchange, tasks: TaskStore) => {
  const id = exchange.query.get("id") ?? "";
  const task = tasks.get(id);
  if (task === undefined) return sendJson(exchange, 200, { id, status: "Task not found", result: null });
  const state = tasks.poll(task);
  if (state === "done") return sendJson(exchange, 200, { id, status: "Ready", result: resultOf(exchange, task) });
  sendJson(exchange, 200, { id, status: state === "failed" ? task.failure : "Pending", result: null });
};

/** Answers as BFL would. */
export const answerBfl = async (exchange: MediaExchange, tasks: TaskStore): Promise<void> => {
  const { request, method, path } = exchange;
  if (keyProblem(request) !== undefined) return sendJson(exchange, 403, { detail: "Not authenticated" });
  if (method === "GET" && path === "/v1/get_result") return tell(exchange, tasks);
  const model = /^\/v1\/([\w.-]+)$/.exec(path)?.[1] ?? "";
  if (method !== "POST" || models[model] === undefined) return sendJson(exchange, 404, { detail: "Not Found" });
  if (await failInstead(exchange, word)) return;
  submit(exchange, tasks, model);
};

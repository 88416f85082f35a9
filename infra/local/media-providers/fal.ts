import { numberOf, stringOf } from "#infra/local/providers/json.ts";
import { failInstead, fileUrl, keyProblem, type MediaExchange, sendJson, type WordError } from "./media-exchange.ts";
import type { Task, TaskStore } from "./task-store.ts";

/** fal's queue. A model's own failure is replayed by the result, not told by the status. */

const word: WordError = (status, code, message) => ({ detail: message, error_type: code ?? `status_${status}` });

const invalid = (exchange: MediaExchange, field: string, type: string, message: string): void =>
  sendJson(exchange, 422, { detail: [{ loc: ["body", field], msg: message, type }] }, { "x-fal-retryable": "false" });

/** The paths that the gateway may call, with the fields that each cannot do without. */
const needs: Readonly<Record<string, readonly string[]>> = {
  "fal-ai/recraft/v3/text-to-image": ["prompt"],
  "fal-ai/recraft/v3/image-to-image": ["prompt", "image_url"],
  "fal-ai/recraft/v4/text-to-image": ["prompt"],
  "fal-ai/ideogram/v3": ["prompt"],
  "fal-ai/ideogram/v3/edit": ["prompt", "image_url", "mask_url"],
  "fal-ai/stable-diffusion-v35-large": ["prompt"],
  "fal-ai/stable-diffusion-v35-medium": ["prompt"],
  "fal-ai/qwen-image": ["prompt"],
  "fal-ai/qwen-image-edit": ["prompt", "image_url"],
  "fal-ai/qwen-image-edit-plus": ["prompt", "image_urls"],
  "fal-ai/bytedance/seedream/v5/lite/text-to-image": ["prompt"],
  "fal-ai/bytedance/seedream/v5/lite/edit": ["prompt", "image_urls"],
  "fal-ai/kling-video/v3/pro/text-to-video": ["prompt"],
  "fal-ai/kling-video/v3/pro/image-to-video": ["prompt", "start_image_url"],
  "fal-ai/kling-video/v3/standard/text-to-video": ["prompt"],
  "fal-ai/kling-video/v3/standard/image-to-video": ["prompt", "start_image_url"],
  "wan/v2.6/text-to-video": ["prompt"],
  "wan/v2.6/image-to-video": ["prompt", "image_url"],
};

const isVideo = (path: string): boolean => path.endsWith("-to-video");

const submit = (exchange: MediaExchange, tasks: TaskStore, path: string) => {
  const { body, directives, origin } = exchange;
  const missing = needs[path]?.find((field) => body[field] === undefined || body[field] === "");
  if (missing !== undefined) return invalid(exchange, missing, "missing", "Field required");
  if (isVideo(path) && body.duration !== undefined && typeof body.duration !== "string") {
    return invalid(exchange, "duration", "string_type", "Input should be a valid string");
  }
  const { id } = tasks.add(path, body, directives);
  // Only owner and app of the path are kept, as fal does.
  const base = `${origin}/fal/${path.split("/").slice(0, 2).join("/")}/requests/${id}`;
  sendJson(exchange, 200, {
    status: "IN_QUEUE",
    request_id: id,
    response_url: base,
    status_url: `${base}/status`,
    cancel_url: `${base}/cancel`,
    queue_position: 0,
  });
};

const resultOf = (exchange: MediaExchange, { id, what, input }: Task): unknown => {
  if (isVideo(what))
    return { video: { url: fileUrl(exchange, `${id}.mp4`), content_type: "video/mp4", file_size: 900 } };
  const count = numberOf(input.num_images) ?? 1;
  const format = stringOf(input.output_format) || "png";
  const images = Array.from({ length: count }, (_, index) => ({
    url: fileUrl(exchange, `${id}-${index}.${format}`),
    content_type: `image/${format}`,
    width: 64,
    height: 64,
  }));
  return { images, seed: numberOf(input.seed) ?? 42, has_nsfw_concepts: images.map(() => false) };
};

const tell = (exchange: MediaExchange, tasks: TaskStore, task: Task, wantsStatus: boolean) => {
  if (wantsStatus) {
    const state = tasks.poll(task);
    const status = { waiting: "IN_QUEUE", running: "IN_PROGRESS", done: "COMPLETED", failed: "COMPLETED" }[state];
    sendJson(exchange, status === "COMPLETED" ? 200 : 202, { status, request_id: task.id, logs: null });
    return;
  }
  if (task.polls <= task.pollsNeeded) return sendJson(exchange, 400, { detail: "Request is still in progress" });
  if (task.failure !== undefined) {
    const type = task.failure.replaceAll(" ", "_");
    return invalid(exchange, "prompt", type, `The simulated model failed with ${type}.`);
  }
  sendJson(exchange, 200, resultOf(exchange, task));
};

/** Answers as fal would. */
export const answerFal = async (exchange: MediaExchange, tasks: TaskStore): Promise<void> => {
  const { request, method, path } = exchange;
  if (keyProblem(request) !== undefined) {
    return sendJson(exchange, 401, { detail: "No user found for Key ID and Secret" });
  }
  const asked = /^\/[\w.-]+\/[\w.-]+\/requests\/([\w-]+)(\/status)?$/.exec(path);
  if (method === "GET" && asked !== null) {
    const task = tasks.get(asked[1] ?? "");
    if (task === undefined) return sendJson(exchange, 404, { detail: "Request not found" });
    return tell(exchange, tasks, task, asked[2] !== undefined);
  }
  const model = path.slice(1);
  if (method !== "POST" || needs[model] === undefined) {
    return sendJson(exchange, 404, { detail: `Application '${model}' not found` });
  }
  if (await failInstead(exchange, word)) return;
  submit(exchange, tasks, model);
};

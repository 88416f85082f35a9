import "#adapter";
import { type MessageRules, plainRules } from "#core/providers/openai/messages.ts";
import { openAiShaped } from "#core/providers/openai/openai-shaped.ts";
import { nearestEffort } from "#core/providers/reasoning-effort.ts";
import { type RequestShape, shapeRequest } from "./shape-request.ts";

const rules: MessageRules = {
  ...plainRules,
  developerRole: false,
  refusedParts: {
    input_audio: "Grok models do not accept audio.",
    file: "Grok models do not accept files over Chat Completions. Send the pages as images, or as text.",
  },
};

const maxTopLogprobs = 8;

/**
 * The efforts of a model, weakest first; undefined for a model that is no Grok. From Grok 4.5 on reasoning is never off.
 * Sources: docs.x.ai, @ai-sdk/xai.
 */
const effortsOf = (model: string): readonly string[] | undefined => {
  if (!/^grok-/.test(model)) return undefined;
  if (/^grok-4\.3/.test(model)) return ["none", "low", "medium", "high"];
  if (/^grok-4\.[57](-|$)/.test(model)) return ["low", "medium", "high"];
  if (/^grok-(4\.[6-9](-|$)|[5-9])/.test(model)) return ["low", "medium", "high", "xhigh"];
  return /^grok-3-mini/.test(model) ? ["low", "high"] : [];
};

const shape: RequestShape = {
  provider: "x-ai",
  rules,
  conditions: ({ model }) => [
    ...(model.includes("non-reasoning") || effortsOf(model) === undefined ? [] : (["reasoning-model"] as const)),
    ...(effortsOf(model)?.length === 0 ? (["grok-no-effort"] as const) : []),
  ],
  write: (body, { open }, { model }, warnings) => {
    if (open.max_tokens !== undefined) body.max_completion_tokens ??= open.max_tokens;
    if (typeof open.top_logprobs === "number") {
      if (open.top_logprobs > maxTopLogprobs) warnings.add("top_logprobs");
      body.top_logprobs = Math.min(open.top_logprobs, maxTopLogprobs);
    }
    if (typeof open.reasoning_effort === "string") {
      const efforts = effortsOf(model);
      const effort = efforts === undefined ? open.reasoning_effort : nearestEffort(open.reasoning_effort, efforts);
      if (effort !== open.reasoning_effort) warnings.add("reasoning_effort");
      if (effort !== undefined) body.reasoning_effort = effort;
    }
  },
};

/** xAI's chat completions, which count reasoning in addition to `completion_tokens`. */
export const xaiProvider = openAiShaped({
  provider: "x-ai",
  reasoning: "added",
  toRequest: (call) => shapeRequest(shape, call),
});

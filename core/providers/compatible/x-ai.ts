import { applyFields } from "#core/providers/apply-fields.ts";
import type { Condition } from "#core/providers/field-table.ts";
import { withAllowedToolsOnly } from "#core/providers/function-tools.ts";
import type { ShapedRequest } from "#core/providers/openai/dialect.ts";
import { type MessageRules, plainRules, toMessages, toTools } from "#core/providers/openai/messages.ts";
import { openAiShaped } from "#core/providers/openai/openai-shaped.ts";
import { streamFields } from "#core/providers/openai/stream-options.ts";
import type { ProviderCall } from "#core/providers/provider.ts";
import { nearestEffort } from "#core/providers/reasoning-effort.ts";
import { warningNames } from "#core/providers/warnings.ts";

const rules: MessageRules = {
  ...plainRules,
  developerRole: false,
  refusedParts: {
    input_audio: "Grok models do not take audio.",
    file: "Grok models take no files over Chat Completions. Send pages as images, or their text.",
  },
};

const maxTopLogprobs = 8;

/** The efforts of a model, weakest first. From Grok 4.5 on reasoning is never off. Sources: docs.x.ai, @ai-sdk/xai. */
const effortsOf = (model: string): readonly string[] => {
  if (/^grok-4\.3/.test(model)) return ["none", "low", "medium", "high"];
  if (/^grok-4\.[57](-|$)/.test(model)) return ["low", "medium", "high"];
  if (/^grok-(4\.[6-9](-|$)|[5-9])/.test(model)) return ["low", "medium", "high", "xhigh"];
  return /^grok-3-mini/.test(model) ? ["low", "high"] : [];
};

const conditionsOf = ({ request, credential, model }: ProviderCall): ReadonlySet<Condition> => {
  const holds = new Set<Condition>();
  if (!credential.byok) holds.add("platform-key");
  if ((request.tools ?? []).length === 0) holds.add("no-tools");
  if (!model.includes("non-reasoning")) holds.add("reasoning-model");
  if (effortsOf(model).length === 0) holds.add("grok-no-effort");
  return holds;
};

/** The body for xAI. @throws GatewayError */
const toXaiRequest = (call: ProviderCall): ShapedRequest => {
  const { model } = call;
  const warnings = new Set<string>();
  const request = withAllowedToolsOnly(call.request, warnings);
  const { passed, open } = applyFields("x-ai", request, conditionsOf(call), warnings);
  const { tools, ...rest } = passed;
  const body: Record<string, unknown> = {
    ...rest,
    model,
    messages: toMessages(request.messages, rules, warnings),
    ...streamFields(request),
  };
  if (request.tools !== undefined && request.tools.length > 0) body.tools = toTools(request.tools, rules, warnings);
  if (open.max_tokens !== undefined) body.max_completion_tokens ??= open.max_tokens;
  if (typeof open.top_logprobs === "number") {
    if (open.top_logprobs > maxTopLogprobs) warnings.add("top_logprobs");
    body.top_logprobs = Math.min(open.top_logprobs, maxTopLogprobs);
  }
  if (typeof open.reasoning_effort === "string") {
    const effort = nearestEffort(open.reasoning_effort, effortsOf(model));
    if (effort !== open.reasoning_effort) warnings.add("reasoning_effort");
    if (effort !== undefined) body.reasoning_effort = effort;
  }
  return { body, warnings: warningNames(warnings) };
};

/** xAI's chat completions, which count reasoning beside `completion_tokens`. */
export const xaiProvider = openAiShaped({ provider: "x-ai", reasoning: "added", toRequest: toXaiRequest });

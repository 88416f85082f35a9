import { createHash } from "node:crypto";
import { applyFields } from "#core/providers/apply-fields.ts";
import type { Condition } from "#core/providers/field-table.ts";
import type { ProviderCall } from "#core/providers/provider.ts";
import { warningNames } from "#core/providers/warnings.ts";
import type { ShapedRequest } from "./dialect.ts";
import { type MessageRules, plainRules, toMessages, toTools } from "./messages.ts";
import { type ModelTraits, traitsOf } from "./model-traits.ts";
import { type EffortPlan, planEffort } from "./plan-effort.ts";
import { streamFields } from "./stream-options.ts";

/** OpenAI refuses longer ids; `call_` and a UUID are 41. */
const maxToolCallIdLength = 40;
const digestLength = 32;

/** The same short id for a call and its result, whichever provider made the long one. */
const toOpenAiToolCallId = (id: string): string =>
  id.length <= maxToolCallIdLength
    ? id
    : `call_${createHash("sha256").update(id).digest("base64url").slice(0, digestLength)}`;

export const openAiRules: MessageRules = {
  ...plainRules,
  refusals: true,
  customTools: true,
  brokenArguments: true,
  toolCallId: toOpenAiToolCallId,
};

/** What holds of a request, as the field table asks it. */
export const openAiConditions = (
  call: Pick<ProviderCall, "request" | "credential">,
  traits: ModelTraits,
  { effort, responses }: EffortPlan,
): ReadonlySet<Condition> => {
  const holds = new Set<Condition>();
  if (!call.credential.byok) holds.add("platform-key");
  if ((call.request.tools ?? []).length === 0) holds.add("no-tools");
  if (!traits.reasons && !traits.unknown) holds.add("not-reasoning");
  if (traits.reasons) holds.add("reasoning-model");
  if (traits.reasons && effort !== "none") holds.add("thinking");
  if (traits.refusesStop) holds.add("stop-refused");
  if (responses) holds.add("responses");
  return holds;
};

export interface OpenAiPlan extends EffortPlan {
  readonly traits: ModelTraits;
  readonly warnings: Set<string>;
}

/** Decides the effort and the API of a request. */
export const planRequest = (call: Pick<ProviderCall, "request" | "model">): OpenAiPlan => {
  const warnings = new Set<string>();
  const traits = traitsOf(call.model);
  return { ...planEffort(call.request, traits, warnings), traits, warnings };
};

/**
 * The body of POST /chat/completions at OpenAI.
 * @throws GatewayError
 */
export const toChatRequest = (call: ProviderCall, plan: OpenAiPlan): ShapedRequest => {
  const { request } = call;
  const { traits, warnings, effort } = plan;
  const { passed, open } = applyFields("openai", request, openAiConditions(call, traits, plan), warnings);
  const { tools, ...rest } = passed;
  const body: Record<string, unknown> = {
    ...rest,
    model: call.model,
    messages: toMessages(request.messages, { ...openAiRules, toolParts: traits.unknown }, warnings),
    ...streamFields(request),
  };
  if (request.tools !== undefined && request.tools.length > 0)
    body.tools = toTools(request.tools, openAiRules, warnings);
  if (effort !== undefined) body.reasoning_effort = effort;
  // Both given: the newer field wins.
  if (open.max_tokens !== undefined) body.max_completion_tokens ??= open.max_tokens;
  return { body, warnings: warningNames(warnings) };
};

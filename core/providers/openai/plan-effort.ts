import { asksNothing } from "#core/providers/apply-fields.ts";
import { nearestEffort } from "#core/providers/reasoning-effort.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";
import type { ModelTraits } from "./model-traits.ts";

export interface EffortPlan {
  readonly effort: string | undefined;
  /** Over the Responses API instead of Chat Completions. */
  readonly responses: boolean;
}

/** Fields that a model takes only while it does not reason. */
const samplingFields = ["temperature", "top_p", "frequency_penalty", "presence_penalty", "logprobs", "logit_bias"];

const asksForSampling = (request: ChatRequest): boolean =>
  samplingFields.some((name) => !asksNothing(name, (request as Readonly<Record<string, unknown>>)[name]));

/** Whether a tool's result is more than text, which only the Responses API takes. */
const hasToolParts = ({ messages }: ChatRequest): boolean =>
  messages.some(
    ({ role, content }) =>
      role === "tool" && Array.isArray(content) && content.some((part: { type: string }) => part.type !== "text"),
  );

/**
 * The effort that a request leaves with, and by which API. Chat Completions refuses tools beside reasoning on newer models:
 * an effort that the caller named is honoured over the Responses API; one that nobody named is left out, or `none` where
 * the model insists. A model that rests by default is told so when that lets a temperature through.
 */
export const planEffort = (request: ChatRequest, traits: ModelTraits, warnings: Set<string>): EffortPlan => {
  const hasTools = (request.tools ?? []).length > 0;
  const wanted = request.reasoning_effort ?? undefined;
  const responses =
    traits.responsesOnly || (hasTools && traits.tools === "responses") || (!traits.unknown && hasToolParts(request));
  if (traits.unknown) return { effort: wanted, responses };
  if (!traits.reasons) return { effort: undefined, responses };
  if (wanted === undefined) {
    if (responses) return { effort: undefined, responses };
    if (hasTools && traits.tools === "effort-none") {
      warnings.add("reasoning_effort");
      return { effort: "none", responses };
    }
    return { effort: traits.restsByDefault && asksForSampling(request) ? "none" : undefined, responses };
  }
  const effort = nearestEffort(wanted, traits.efforts);
  if (effort !== wanted) warnings.add("reasoning_effort");
  const clashes = hasTools && traits.tools !== "any-effort" && effort !== undefined && effort !== "none";
  if (effort === undefined && hasTools && traits.tools === "effort-none" && !responses)
    return { effort: "none", responses };
  return { effort, responses: responses || clashes };
};

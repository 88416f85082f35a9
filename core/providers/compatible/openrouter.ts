import { applyFields } from "#core/providers/apply-fields.ts";
import type { Condition } from "#core/providers/field-table.ts";
import { withAllowedToolsOnly } from "#core/providers/function-tools.ts";
import type { ShapedRequest } from "#core/providers/openai/dialect.ts";
import { type MessageRules, plainRules, toMessages, toTools } from "#core/providers/openai/messages.ts";
import { openAiShaped } from "#core/providers/openai/openai-shaped.ts";
import { streamFields } from "#core/providers/openai/stream-options.ts";
import type { ProviderCall } from "#core/providers/provider.ts";
import { warningNames } from "#core/providers/warnings.ts";
import { isRecord } from "#core/values/is-record.ts";

const rules: MessageRules = {
  ...plainRules,
  cacheMarks: true,
  refusals: true,
  ownFields: ["annotations", "reasoning", "reasoning_details"],
};

const conditionsOf = ({ request, credential }: ProviderCall): ReadonlySet<Condition> => {
  const holds = new Set<Condition>();
  if (!credential.byok) holds.add("platform-key");
  if ((request.tools ?? []).length === 0) holds.add("no-tools");
  return holds;
};

/**
 * The body for OpenRouter. It ignores what a model's host does not take; a JSON schema must not be ignored, so then only
 * hosts that take every parameter may answer.
 * @throws GatewayError
 */
const toOpenrouterRequest = (call: ProviderCall): ShapedRequest => {
  const { model } = call;
  const warnings = new Set<string>();
  const request = withAllowedToolsOnly(call.request, warnings);
  const { passed, open } = applyFields("openrouter", request, conditionsOf(call), warnings);
  const { tools, ...rest } = passed;
  const body: Record<string, unknown> = {
    ...rest,
    model,
    messages: toMessages(request.messages, rules, warnings),
    ...streamFields(request),
  };
  if (request.tools !== undefined && request.tools.length > 0) body.tools = toTools(request.tools, rules, warnings);
  if (open.response_format !== undefined) body.response_format = open.response_format;
  if (open.response_format?.type === "json_schema") {
    body.provider = { require_parameters: true, ...(isRecord(passed.provider) ? passed.provider : {}) };
  }
  return { body, warnings: warningNames(warnings) };
};

/** OpenRouter: its comments, its errors inside a 200 and its usage at the end of every stream are read by the tap. */
export const openrouterProvider = openAiShaped({
  provider: "openrouter",
  reasoning: "included",
  headers: { "x-openrouter-title": "Concurred" },
  toRequest: toOpenrouterRequest,
});

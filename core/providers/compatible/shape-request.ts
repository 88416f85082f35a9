import { applyFields } from "#core/providers/apply-fields.ts";
import type { Condition } from "#core/providers/field-table.ts";
import { withAllowedToolsOnly } from "#core/providers/function-tools.ts";
import type { ShapedRequest } from "#core/providers/openai/dialect.ts";
import { type MessageRules, toMessages, toTools } from "#core/providers/openai/messages.ts";
import { streamFields } from "#core/providers/openai/stream-options.ts";
import type { ProviderCall } from "#core/providers/provider.ts";
import { warningNames } from "#core/providers/warnings.ts";

type Applied = ReturnType<typeof applyFields>;

/** What a provider of this shape does differently from the others. */
export interface RequestShape {
  readonly provider: "x-ai" | "openrouter" | "custom";
  readonly rules: MessageRules;
  /** Other rules for some calls. */
  readonly rulesFor?: (call: ProviderCall) => MessageRules;
  /** Conditions of the field table, in addition to those that every provider has. */
  readonly conditions?: (call: ProviderCall) => readonly Condition[];
  /** Writes the fields that the table leaves to the provider. */
  readonly write: (body: Record<string, unknown>, applied: Applied, call: ProviderCall, warnings: Set<string>) => void;
}

const conditionsOf = ({ request, credential }: ProviderCall): Condition[] => [
  ...(credential.byok ? [] : (["platform-key"] as const)),
  ...((request.tools ?? []).length === 0 ? (["no-tools"] as const) : []),
];

/** The body for a provider whose request is OpenAI's with a few differences. @throws GatewayError */
export const shapeRequest = (shape: RequestShape, call: ProviderCall): ShapedRequest => {
  const rules = shape.rulesFor?.(call) ?? shape.rules;
  const warnings = new Set<string>();
  const request = withAllowedToolsOnly(call.request, warnings);
  const conditions = new Set([...conditionsOf(call), ...(shape.conditions?.(call) ?? [])]);
  const applied = applyFields(shape.provider, request, conditions, warnings);
  const { tools, ...passed } = applied.passed;
  const body: Record<string, unknown> = {
    ...passed,
    model: call.model,
    messages: toMessages(request.messages, rules, warnings),
    ...streamFields(request),
  };
  if (request.tools !== undefined && request.tools.length > 0) body.tools = toTools(request.tools, rules, warnings);
  shape.write(body, applied, call, warnings);
  return { body, warnings: warningNames(warnings) };
};

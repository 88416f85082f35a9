import { applyFields } from "#core/providers/apply-fields.ts";
import type { Condition } from "#core/providers/field-table.ts";
import { withAllowedToolsOnly } from "#core/providers/function-tools.ts";
import type { ShapedRequest } from "#core/providers/openai/dialect.ts";
import { type MessageRules, plainRules, toMessages, toTools } from "#core/providers/openai/messages.ts";
import { streamFields } from "#core/providers/openai/stream-options.ts";
import type { ProviderCall } from "#core/providers/provider.ts";
import { nearestEffort } from "#core/providers/reasoning-effort.ts";
import { warningNames } from "#core/providers/warnings.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";
import { isRecord, type JsonRecord } from "#core/values/records.ts";

const rules: MessageRules = {
  ...plainRules,
  developerRole: false,
  ownFields: ["reasoning_content", "reasoning_details"],
  refusedParts: {
    input_audio: "MiniMax models do not accept audio.",
    file: "MiniMax models do not accept files. Send pages as images, or their text.",
  },
};

/** The endpoint takes temperatures above 0 and up to 1. */
const minTemperature = 0.01;
const maxTemperature = 1;

const flashEfforts = ["low", "medium", "high", "xhigh", "max"];

const isAlwaysThinking = (model: string): boolean => /^MiniMax-M3\.1-Flash/i.test(model);

const textOf = (content: unknown): string =>
  typeof content === "string"
    ? content
    : (Array.isArray(content) ? content.filter(isRecord) : []).map((part) => String(part.text ?? "")).join("\n");

/** All instructions as one system message at the start: the endpoint refuses a second one. */
const withOneSystem = (messages: readonly JsonRecord[], instruction: string | undefined): readonly JsonRecord[] => {
  const systems = messages.filter(({ role }) => role === "system");
  if (systems.length === 0 && instruction === undefined) return messages;
  if (systems.length === 1 && instruction === undefined && messages[0] === systems[0]) return messages;
  const texts = [...systems.map(({ content }) => textOf(content)), ...(instruction === undefined ? [] : [instruction])];
  return [{ role: "system", content: texts.join("\n\n") }, ...messages.filter(({ role }) => role !== "system")];
};

const jsonOnly =
  "Answer with one valid JSON object and nothing else: no Markdown fence, no text before it or after it.";

/** There is no field for a format: it is asked for in words, with a warning, since nothing enforces it. */
const toInstruction = (format: ChatRequest["response_format"], warnings: Set<string>): string | undefined => {
  if (format === null || format === undefined || format.type === "text") return undefined;
  warnings.add("response_format");
  const schema = format.type === "json_schema" ? format.json_schema.schema : undefined;
  return schema === undefined ? jsonOnly : `${jsonOnly}\nIt must match this JSON Schema:\n${JSON.stringify(schema)}`;
};

const toTemperature = (wanted: number | null | undefined, warnings: Set<string>): Record<string, unknown> => {
  if (typeof wanted !== "number") return {};
  const temperature = Math.min(Math.max(wanted, minTemperature), maxTemperature);
  if (temperature !== wanted) warnings.add("temperature");
  return { temperature };
};

/** Thinking is on or off on M3, and an effort on M3.1-Flash, which has no off. */
const toThinking = (wanted: string | null | undefined, model: string, warnings: Set<string>): JsonRecord => {
  if (typeof wanted !== "string") return {};
  // None of the models that we know: its effort is its own.
  if (!/^MiniMax-M[123]/i.test(model)) return { reasoning_effort: wanted };
  if (isAlwaysThinking(model)) {
    const effort = nearestEffort(wanted, flashEfforts);
    if (effort !== wanted) warnings.add("reasoning_effort");
    return effort === undefined ? {} : { reasoning_effort: effort };
  }
  if (nearestEffort(wanted, ["none", "max"]) === undefined) {
    warnings.add("reasoning_effort");
    return {};
  }
  if (wanted === "none") return { thinking: { type: "disabled" } };
  // It thinks as much as it likes: the wish for more or less is lost.
  warnings.add("reasoning_effort");
  return { thinking: { type: "adaptive" } };
};

const withoutStrict = (tool: JsonRecord, warnings: Set<string>): JsonRecord => {
  if (!isRecord(tool.function) || !("strict" in tool.function)) return tool;
  const { strict, ...definition } = tool.function;
  if (strict === true) warnings.add("tools.strict");
  return { ...tool, function: definition };
};

const conditionsOf = ({ request, credential, model }: ProviderCall): ReadonlySet<Condition> => {
  const holds = new Set<Condition>();
  if (!credential.byok) holds.add("platform-key");
  if ((request.tools ?? []).length === 0) holds.add("no-tools");
  if (/^MiniMax-M[12]/i.test(model)) holds.add("minimax-m2");
  return holds;
};

/**
 * The body for MiniMax's OpenAI-compatible endpoint. Thoughts always come apart from the text (`reasoning_split`).
 * @throws GatewayError
 */
export const toMinimaxRequest = (call: ProviderCall): ShapedRequest => {
  const { model } = call;
  const warnings = new Set<string>();
  const request = withAllowedToolsOnly(call.request, warnings);
  const { passed, open } = applyFields("minimax", request, conditionsOf(call), warnings);
  const instruction = toInstruction(open.response_format, warnings);
  const body: Record<string, unknown> = {
    ...toThinking(open.reasoning_effort, model, warnings),
    ...passed,
    model,
    messages: withOneSystem(toMessages(request.messages, rules, warnings), instruction),
    reasoning_split: true,
    ...toTemperature(open.temperature, warnings),
    ...streamFields(request),
  };
  if (open.tools !== undefined && open.tools.length > 0) {
    body.tools = toTools(open.tools, rules, warnings).map((tool) => withoutStrict(tool, warnings));
  }
  if (open.max_tokens !== undefined) body.max_completion_tokens ??= open.max_tokens;
  return { body, warnings: warningNames(warnings) };
};

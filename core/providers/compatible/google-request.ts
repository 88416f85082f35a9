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
import { embedImages } from "./embed-images.ts";
import { toGoogleMessages } from "./google-messages.ts";
import { onlyReviewedBody, onlyReviewedContent } from "./google-reviewed.ts";
import { toGeminiSchema } from "./google-schema.ts";
import { toGoogleValues } from "./google-values.ts";

const rules: MessageRules = {
  ...plainRules,
  developerRole: false,
  names: false,
  imageDetail: false,
  ownFields: ["extra_content"],
  extraContent: true,
  refusedParts: {
    file: "Gemini does not accept files over its OpenAI-compatible endpoint. Send the pages as images, or as text.",
  },
};

/** Google's documented stand-in for a thought signature that was lost: the turn is taken, at some cost in quality. */
const signatureSentinel = "skip_thought_signature_validator";

const hasSignature = (call: JsonRecord): boolean =>
  isRecord(call.extra_content) &&
  isRecord(call.extra_content.google) &&
  typeof call.extra_content.google.thought_signature === "string";

/**
 * Gemini 3 refuses a past tool call without its thought signature. It travels on the call as
 * `extra_content.google.thought_signature`; clients that lose it, and calls of other providers, get Google's sentinel. Of
 * parallel calls only the first carries one.
 */
const withSignature = (message: JsonRecord): JsonRecord => {
  if (!Array.isArray(message.tool_calls)) return message;
  const [first, ...others] = (message.tool_calls as readonly unknown[]).filter(isRecord);
  if (first === undefined || hasSignature(first)) return message;
  const signed = { ...first, extra_content: { google: { thought_signature: signatureSentinel } } };
  return { ...message, tool_calls: [signed, ...others] };
};

const isGemini2 = (model: string): boolean => /^(models\/)?gemini-[12]\b/.test(model);

/** The efforts that a model's thinking levels have; undefined for a model that is none of Google's own names. */
const effortsOf = (model: string): readonly string[] | undefined => {
  if (!/^(models\/)?(gemini|gemma|learnlm)/.test(model)) return undefined;
  if (/gemini-2\.5-pro/.test(model)) return ["low", "medium", "high"];
  if (/gemini-2\.5/.test(model)) return ["none", "low", "medium", "high"];
  if (/gemini-[12]|gemma|learnlm/.test(model)) return [];
  // The lowest level is refused by these; none of the family can be off.
  if (/3(\.\d)?-pro|3\.[78]-flash|gemini-([4-9]|\d{2,})/.test(model)) return ["low", "medium", "high"];
  return ["minimal", "low", "medium", "high"];
};

const toEffort = (
  request: ChatRequest,
  extraBody: unknown,
  model: string,
  warnings: Set<string>,
): Record<string, unknown> => {
  const wanted = request.reasoning_effort;
  if (wanted === null || wanted === undefined) return {};
  const google = isRecord(extraBody) && isRecord(extraBody.google) ? extraBody.google : {};
  const efforts = effortsOf(model);
  const nearest = efforts === undefined ? wanted : nearestEffort(wanted, efforts);
  // Only one of the two may be sent, and Google's own is the more precise.
  const effort = google.thinking_config === undefined ? nearest : undefined;
  if (effort !== wanted) warnings.add("reasoning_effort");
  return effort === undefined ? {} : { reasoning_effort: effort };
};

const toGeminiTool = (tool: JsonRecord, warnings: Set<string>): JsonRecord => {
  const { strict, parameters, ...definition } = isRecord(tool.function) ? tool.function : {};
  if (strict === true) warnings.add("tools.strict");
  const schema = isRecord(parameters) ? parameters : undefined;
  const rewritten = schema && toGeminiSchema(schema, (keyword) => warnings.add(`tools.parameters.${keyword}`));
  // An object without properties is refused: such a tool is declared without parameters.
  const bare = rewritten === undefined || (rewritten.properties === undefined && rewritten.anyOf === undefined);
  return { ...tool, function: { ...definition, ...(bare ? {} : { parameters: rewritten }) } };
};

const toResponseFormat = (format: unknown, warnings: Set<string>): unknown => {
  if (!isRecord(format) || format.type !== "json_schema" || !isRecord(format.json_schema)) return format;
  // Gemini is held to the schema in any case.
  const { schema, strict: _, ...named } = format.json_schema;
  if (!isRecord(schema)) return { ...format, json_schema: named };
  const rewritten = toGeminiSchema(schema, (keyword) => {
    // Gemini answers with the named properties only, so a closed object asks for nothing more.
    if (keyword !== "additionalProperties") warnings.add(`response_format.${keyword}`);
  });
  return { ...format, json_schema: { ...named, schema: rewritten } };
};

const conditionsOf = ({ request, credential, model }: ProviderCall): ReadonlySet<Condition> => {
  const holds = new Set<Condition>();
  if (!credential.byok) holds.add("platform-key");
  if ((request.tools ?? []).length === 0) holds.add("no-tools");
  else holds.add("tools-present");
  if (isGemini2(model)) holds.add("gemini-2");
  return holds;
};

/**
 * The body for Gemini's OpenAI-compatible endpoint, which refuses every name that it does not know.
 * @throws GatewayError
 */
export const toGoogleRequest = async (call: ProviderCall): Promise<ShapedRequest> => {
  const { model, signal } = call;
  const warnings = new Set<string>();
  const request = withAllowedToolsOnly(call.request, warnings);
  const { passed: given, open } = applyFields("google", request, conditionsOf(call), warnings);
  const { stop: _stop, extra_body: ofCaller, ...passed } = given;
  const extraBody = open.extra_body === undefined ? ofCaller : onlyReviewedBody(open.extra_body, warnings);
  const messages = toMessages(request.messages, rules, warnings);
  const reviewed = call.credential.byok ? messages : messages.map((each) => onlyReviewedContent(each, warnings));
  const cleaned = toGoogleMessages(await embedImages(reviewed, signal));
  const body: Record<string, unknown> = {
    ...passed,
    model,
    messages: isGemini2(model) ? cleaned : cleaned.map(withSignature),
    ...toEffort(request, extraBody, model, warnings),
    ...streamFields(request),
  };
  if (extraBody !== undefined) body.extra_body = extraBody;
  if (request.stream === true) body.stream_options = { include_usage: true };
  Object.assign(body, toGoogleValues(request, warnings));
  if (open.tools !== undefined && open.tools.length > 0) {
    body.tools = toTools(open.tools, rules, warnings).map((tool) => toGeminiTool(tool, warnings));
  }
  if (open.response_format !== undefined) body.response_format = toResponseFormat(open.response_format, warnings);
  return { body, warnings: warningNames(warnings) };
};

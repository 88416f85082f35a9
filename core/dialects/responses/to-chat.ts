import type { TranslatedRequest } from "#core/dialects/dialect.ts";
import { GatewayError } from "#core/errors.ts";
import { warningNames } from "#core/providers/warnings.ts";
import type { ChatMessage, ChatRequest } from "#core/schemas/chat.ts";
import type { ResponsesRequest } from "#core/schemas/responses.ts";
import { toChatMessages } from "./conversation.ts";
import { refuseStored } from "./refuse.ts";
import { toChatToolChoice, toChatTools } from "./tools.ts";

/** Fields that are read here, or that say nothing to another model. None of them deserves a warning. */
const known: ReadonlySet<string> = new Set([
  "model",
  "input",
  "instructions",
  "tools",
  "tool_choice",
  "parallel_tool_calls",
  "reasoning",
  "text",
  "include",
  "max_output_tokens",
  "temperature",
  "top_p",
  "top_logprobs",
  "prompt_cache_key",
  "prompt_cache_retention",
  "safety_identifier",
  "user",
  "metadata",
  "client_metadata",
  "service_tier",
  "stream",
  "stream_options",
  "store",
  "background",
  "previous_response_id",
  "conversation",
  "prompt",
  "fallback",
  "retries",
  "timeout",
  "load_balance",
  "guardrails",
]);

/** Values that ask for nothing but the default. */
const neutral: Readonly<Record<string, unknown>> = { truncation: "disabled" };

const noteUnknown = (body: ResponsesRequest, warnings: Set<string>): void => {
  for (const [name, value] of Object.entries(body)) {
    if (known.has(name) || value === undefined || value === null || neutral[name] === value) continue;
    warnings.add(name);
  }
};

const responseFormat = ({ text }: ResponsesRequest): Pick<ChatRequest, "response_format"> => {
  const format = text?.format;
  if (format === undefined || format.type === "text") return {};
  if (format.type === "json_object") return { response_format: { type: "json_object" } };
  const { name, schema, strict, description } = format;
  return {
    response_format: {
      type: "json_schema",
      json_schema: {
        name,
        ...(schema === undefined ? {} : { schema }),
        ...(typeof strict === "boolean" ? { strict } : {}),
        ...(description === undefined ? {} : { description }),
      },
    },
  };
};

const messagesOf = ({ instructions, input }: ResponsesRequest, warnings: Set<string>): ChatMessage[] => {
  const items = typeof input === "string" ? [{ role: "user", content: input }] : (input ?? []);
  if (items.length === 0 || input === "") {
    throw new GatewayError("MISSING_REQUIRED_FIELD", "The field input is missing.", { param: "input" });
  }
  const messages = toChatMessages(items, warnings);
  if (messages.length === 0) {
    throw new GatewayError("BAD_REQUEST", "The input has no message that a model could answer.", { param: "input" });
  }
  return instructions === undefined ? [...messages] : [{ role: "system", content: instructions }, ...messages];
};

/** Fields that mean the same in a chat completion. */
const sameFields = [
  "temperature",
  "top_p",
  "prompt_cache_key",
  "prompt_cache_retention",
  "safety_identifier",
  "user",
  "service_tier",
  "fallback",
  "retries",
  "timeout",
  "load_balance",
  "guardrails",
] as const satisfies readonly (keyof ResponsesRequest & keyof ChatRequest)[];

const wantsLogprobs = ({ include, top_logprobs: top }: ResponsesRequest): boolean =>
  (top ?? 0) > 0 || (include ?? []).includes("message.output_text.logprobs");

const otherFields = (body: ResponsesRequest): Partial<ChatRequest> => {
  const { reasoning, text, max_output_tokens: maxTokens, stream } = body;
  return {
    ...Object.fromEntries(sameFields.flatMap((name) => (body[name] === undefined ? [] : [[name, body[name]]]))),
    ...responseFormat(body),
    ...(maxTokens === undefined ? {} : { max_completion_tokens: maxTokens }),
    ...(reasoning?.effort === undefined ? {} : { reasoning_effort: reasoning.effort }),
    ...(text?.verbosity === undefined ? {} : { verbosity: text.verbosity }),
    ...(wantsLogprobs(body) ? { logprobs: true, top_logprobs: body.top_logprobs ?? 0 } : {}),
    ...(stream === true ? { stream: true, stream_options: { include_usage: true } } : {}),
  };
};

/**
 * A request of this dialect as a chat completion.
 * @throws GatewayError 400 for what would be answered wrongly
 */
export const responsesToChat = (body: ResponsesRequest): TranslatedRequest => {
  refuseStored(body);
  const warnings = new Set<string>();
  noteUnknown(body, warnings);
  const messages = messagesOf(body, warnings);
  const tools = toChatTools(body.tools ?? [], warnings);
  const choice = toChatToolChoice(body.tool_choice, tools.length);
  const request: ChatRequest = {
    ...otherFields(body),
    model: body.model,
    messages,
    ...(tools.length === 0 ? {} : { tools }),
    ...(choice === undefined ? {} : { tool_choice: choice }),
    ...(tools.length === 0 || body.parallel_tool_calls === undefined
      ? {}
      : { parallel_tool_calls: body.parallel_tool_calls }),
  };
  return { request, warnings: warningNames(warnings) };
};

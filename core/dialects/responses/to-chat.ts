import type { TranslatedRequest } from "#core/dialects/dialect.ts";
import { GatewayError } from "#core/errors.ts";
import { warningNames } from "#core/providers/warnings.ts";
import type { ChatMessage, ChatRequest } from "#core/schemas/chat.ts";
import type { ResponsesRequest } from "#core/schemas/responses.ts";
import { toChatMessages } from "./conversation.ts";
import { badRequest, Refusals, refuseBackground, refuseStored } from "./refuse.ts";
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

const missingInput = (): GatewayError =>
  new GatewayError("MISSING_REQUIRED_FIELD", "The field input is missing.", { param: "input" });

const messagesOf = (
  { instructions, input }: ResponsesRequest,
  warnings: Set<string>,
  refusals: Refusals,
): readonly ChatMessage[] => {
  const items = typeof input === "string" ? [{ role: "user", content: input }] : (input ?? []);
  const messages = toChatMessages(items, warnings, refusals);
  refusals.try(() => {
    if (items.length === 0 || input === "") throw missingInput();
    if (messages.length > 0 || refusals.untranslatable !== undefined) return;
    throw badRequest("The input has no message that a model could answer.", "input");
  }, undefined);
  return instructions === undefined ? messages : [{ role: "system", content: instructions }, ...messages];
};

/** Without results whose calls only the provider has: what is read of the request must hold together. */
const withoutOrphans = (messages: readonly ChatMessage[]): ChatMessage[] => {
  const calls = new Set<string>();
  return messages.filter((message) => {
    if (message.role === "assistant") for (const { id } of message.tool_calls ?? []) calls.add(id);
    return message.role !== "tool" || calls.has(message.tool_call_id);
  });
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
 * A request of this dialect as a chat completion. What cannot be translated is its `refusal`, since OpenAI itself may take it
 * with the caller's key.
 * @throws GatewayError 400 for what nobody can answer here
 */
export const responsesToChat = (body: ResponsesRequest): TranslatedRequest => {
  refuseBackground(body);
  const warnings = new Set<string>();
  const refusals = new Refusals();
  refusals.try(() => refuseStored(body), undefined);
  noteUnknown(body, warnings);
  const messages = messagesOf(body, warnings, refusals);
  const tools = refusals.try(() => toChatTools(body.tools ?? [], warnings), []);
  const choice =
    refusals.first === undefined
      ? refusals.try(() => toChatToolChoice(body.tool_choice, tools.length), undefined)
      : undefined;
  const request: ChatRequest = {
    ...otherFields(body),
    model: body.model,
    messages: refusals.first === undefined ? [...messages] : withoutOrphans(messages),
    ...(tools.length === 0 ? {} : { tools }),
    ...(choice === undefined ? {} : { tool_choice: choice }),
    ...(tools.length === 0 || body.parallel_tool_calls === undefined
      ? {}
      : { parallel_tool_calls: body.parallel_tool_calls }),
  };
  return {
    request,
    warnings: warningNames(warnings),
    refusal: refusals.first,
    untranslatable: refusals.untranslatable,
  };
};

import type { Answer } from "./answer.ts";
import { type JsonObject, objectOf, objectsOf, stringOf } from "./json.ts";
import type { StreamPart } from "./stream-part.ts";
import { piecesOf } from "./text-pieces.ts";
import type { WireEvent } from "./wire-engine.ts";

export interface ResponsesOptions {
  readonly request: JsonObject;
  readonly answer: Answer;
  readonly chunks: number | undefined;
}

/** How OpenAI's encrypted reasoning begins, and so ours. */
export const encryptedPrefix = "gAAAA-simulated-";

const usageOf = ({ usage }: Answer): JsonObject => ({
  input_tokens: usage.input,
  input_tokens_details: { cached_tokens: usage.cached, cache_write_tokens: usage.cacheWrite },
  output_tokens: usage.output,
  output_tokens_details: { reasoning_tokens: usage.reasoning },
  total_tokens: usage.input + usage.output,
});

const partOf = (part: JsonObject, refusal: boolean): JsonObject => {
  if (part.type !== "output_text") return part;
  return refusal ? { type: "refusal", refusal: part.text } : { ...part, logprobs: [] };
};

const isCustom = (name: unknown, { toolCalls }: Answer): boolean =>
  toolCalls.some((call) => call.custom && call.name === name);

/** By the name of a tool, the namespace that it stands in. */
const namespacesOf = (request: JsonObject): ReadonlyMap<string, string> =>
  new Map(
    objectsOf(request.tools)
      .filter(({ type }) => type === "namespace")
      .flatMap((space) => objectsOf(space.tools).map((tool) => [stringOf(tool.name), stringOf(space.name)] as const)),
  );

const encrypted = "reasoning.encrypted_content";

/** Reasoning comes encrypted for a caller who asks for it. */
const reasoningOf = (item: JsonObject, { request }: ResponsesOptions): JsonObject => {
  const asks = Array.isArray(request.include) && request.include.includes(encrypted);
  return asks ? { ...item, encrypted_content: `${encryptedPrefix}${stringOf(item.id)}` } : item;
};

const namespaced = (item: JsonObject, { request }: ResponsesOptions): JsonObject => {
  const namespace = namespacesOf(request).get(stringOf(item.name));
  return namespace === undefined ? item : { ...item, namespace };
};

const itemOf = (item: JsonObject, options: ResponsesOptions): JsonObject => {
  const { answer } = options;
  if (item.type === "reasoning") return reasoningOf(item, options);
  if (item.type === "message") {
    return { ...item, content: objectsOf(item.content).map((part) => partOf(part, answer.refused)) };
  }
  if (item.type !== "function_call") return item;
  if (!isCustom(item.name, answer)) return namespaced(item, options);
  const { arguments: input, status: _, ...call } = item;
  return namespaced({ ...call, type: "custom_tool_call", input }, options);
};

/** The events of a call's text, where the tool is a custom one. Its items are told apart by their names. */
const inForm = (data: JsonObject, customItems: ReadonlySet<string>): JsonObject => {
  const type = stringOf(data.type);
  if (!type.startsWith("response.function_call_arguments") || !customItems.has(stringOf(data.item_id))) return data;
  const { arguments: input, ...rest } = data;
  return {
    ...rest,
    type: type.replace("function_call_arguments", "custom_tool_call_input"),
    ...(input === undefined ? {} : { input }),
  };
};

const idNames = new Set(["id", "item_id"]);

/** OpenAI's ids have an underscore behind their kind. */
const withOpenAiIds = (body: JsonObject): JsonObject =>
  JSON.parse(JSON.stringify(body), (name, value: unknown) =>
    idNames.has(name) && typeof value === "string" ? value.replace(/^(resp|msg|fc|rs)-/, "$1_") : value,
  ) as JsonObject;

/** Completes aimock's Responses body. */
export const responsesBody = (body: JsonObject, options: ResponsesOptions): JsonObject =>
  withOpenAiIds(completed(body, options));

const completed = (body: JsonObject, options: ResponsesOptions): JsonObject => {
  const { request, answer } = options;
  const begun = body.status === "in_progress";
  const incomplete = !begun && (answer.finish === "length" || answer.finish === "content_filter");
  return {
    ...body,
    status: begun ? "in_progress" : incomplete ? "incomplete" : "completed",
    output: objectsOf(body.output).map((item) => itemOf(item, options)),
    error: null,
    incomplete_details: incomplete
      ? { reason: answer.finish === "length" ? "max_output_tokens" : "content_filter" }
      : null,
    instructions: request.instructions ?? null,
    max_output_tokens: request.max_output_tokens ?? null,
    metadata: request.metadata ?? {},
    parallel_tool_calls: request.parallel_tool_calls ?? true,
    previous_response_id: null,
    reasoning: { effort: objectOf(request.reasoning).effort ?? null, summary: null },
    service_tier: "default",
    store: request.store ?? true,
    temperature: request.temperature ?? 1,
    text: request.text ?? { format: { type: "text" } },
    tool_choice: request.tool_choice ?? "auto",
    tools: request.tools ?? [],
    top_p: request.top_p ?? 1,
    truncation: "disabled",
    ...(begun ? {} : { usage: usageOf(answer) }),
  };
};

const splitDelta = (data: JsonObject, chunks: number | undefined): readonly JsonObject[] =>
  stringOf(data.type).endsWith(".delta")
    ? piecesOf(stringOf(data.delta), chunks).map((delta) => ({ ...data, delta }))
    : [data];

const named = (data: JsonObject, options: ResponsesOptions): JsonObject => {
  const { answer } = options;
  const type = stringOf(data.type);
  if (type === "response.completed" && (answer.finish === "length" || answer.finish === "content_filter"))
    return { ...data, type: "response.incomplete" };
  if (type.startsWith("response.output_text")) {
    if (!answer.refused) return { ...data, logprobs: [] };
    const { text, ...rest } = data;
    return { ...rest, type: type.replace("output_text", "refusal"), ...(text === undefined ? {} : { refusal: text }) };
  }
  if (type.startsWith("response.content_part")) return { ...data, part: partOf(objectOf(data.part), answer.refused) };
  if (type === "response.function_call_arguments.done") {
    const name = answer.toolCalls.find((call) => call.arguments === data.arguments)?.name;
    return name === undefined ? data : { ...data, name };
  }
  return data.item === undefined ? data : { ...data, item: itemOf(objectOf(data.item), options) };
};

const kindOf = (type: string): StreamPart["kind"] => {
  if (type.endsWith(".delta")) return "content";
  return type === "response.completed" || type === "response.incomplete" ? "end" : "structure";
};

/** Cuts aimock's Responses events into many, numbers and completes them. */
export const responsesParts = (events: readonly WireEvent[], options: ResponsesOptions): readonly StreamPart[] => {
  const customItems = new Set(
    events
      .map(({ data }) => (data === "[DONE]" ? {} : objectOf(data.item)))
      .filter(({ name }) => isCustom(name, options.answer))
      .map(({ id }) => stringOf(id)),
  );
  return events
    .flatMap(({ data }) => (data === "[DONE]" ? [] : splitDelta(data, options.chunks)))
    .map((event, sequence): StreamPart => {
      const data = inForm(named(event, options), customItems);
      const type = stringOf(data.type);
      const response = data.response === undefined ? {} : { response: responsesBody(objectOf(data.response), options) };
      const whole = withOpenAiIds({ ...data, ...response, sequence_number: sequence });
      return { event: type, data: whole, kind: kindOf(type) };
    });
};

import type { ResponseOutputItem, ResponseUsage } from "openai/resources/responses/responses";
import type { AnswerFacts } from "#core/dialects/dialect.ts";
import type { ResponsesRequest } from "#core/schemas/responses.ts";
import { isRecord } from "#core/values/records.ts";
import { ItemIds } from "./item-ids.ts";

/** The object that an answer is, whole or at a moment of its stream. */

export interface ResponseState {
  readonly status: "in_progress" | "completed" | "incomplete" | "failed";
  /** The model as its provider names it; undefined until that is known. */
  readonly model: string | undefined;
  readonly output: readonly ResponseOutputItem[];
  readonly usage?: ResponseUsage | undefined;
  readonly error?: unknown;
  readonly incompleteReason?: "max_output_tokens" | "content_filter" | undefined;
}

/** Functions as OpenAI's answers show them: with every member of theirs. */
const shownTool = (tool: Readonly<Record<string, unknown>>): unknown =>
  tool.type === "function" ? { parameters: null, strict: null, ...tool } : tool;

/** What an answer repeats of its request. What is undefined does not appear. */
const asked = (body: ResponsesRequest) => ({
  instructions: body.instructions ?? null,
  max_output_tokens: body.max_output_tokens ?? null,
  max_tool_calls: body.max_tool_calls ?? null,
  metadata: body.metadata ?? {},
  parallel_tool_calls: body.parallel_tool_calls ?? true,
  prompt_cache_key: body.prompt_cache_key,
  reasoning: { effort: body.reasoning?.effort ?? null, summary: body.reasoning?.summary ?? null },
  safety_identifier: body.safety_identifier,
  temperature: body.temperature ?? 1,
  text: { ...body.text, format: body.text?.format ?? { type: "text" } },
  tool_choice: body.tool_choice ?? "auto",
  tools: (body.tools ?? []).map(shownTool),
  top_logprobs: body.top_logprobs ?? 0,
  top_p: body.top_p ?? 1,
  truncation: "disabled",
  user: body.user,
});

/** Makes the answers of one request: what they repeat of it is put together once. */
export const responseMaker = (facts: AnswerFacts<ResponsesRequest>) => {
  const repeated = asked(facts.body);
  const id = new ItemIds(facts.requestId).response;
  const createdAt = Math.floor(facts.startedAtMs / 1_000);
  return (state: ResponseState): Readonly<Record<string, unknown>> => ({
    id,
    object: "response",
    created_at: createdAt,
    status: state.status,
    background: false,
    completed_at: state.status === "completed" ? Math.floor(Date.now() / 1_000) : null,
    error: state.error ?? null,
    incomplete_details: state.incompleteReason === undefined ? null : { reason: state.incompleteReason },
    model: state.model ?? facts.body.model,
    output: state.output,
    previous_response_id: null,
    service_tier: "default",
    // Nothing is stored, whatever was asked.
    store: false,
    ...repeated,
    usage: state.usage,
  });
};

const count = (source: unknown, name: string): number => {
  const value = isRecord(source) ? source[name] : undefined;
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : 0;
};

/** Usage of a chat completion in this dialect's words. */
export const toResponseUsage = (usage: unknown): ResponseUsage | undefined => {
  if (!isRecord(usage)) return undefined;
  const input = count(usage, "prompt_tokens");
  const output = count(usage, "completion_tokens");
  return {
    input_tokens: input,
    input_tokens_details: {
      cached_tokens: count(usage.prompt_tokens_details, "cached_tokens"),
      cache_write_tokens: count(usage.prompt_tokens_details, "cache_write_tokens"),
    },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: count(usage.completion_tokens_details, "reasoning_tokens") },
    total_tokens: input + output,
    // What a council says of itself, beside the counts.
    ...(usage.council === undefined ? {} : { council: usage.council }),
  };
};

/** How an answer ended, by the core's finish reason. */
export const endOf = (finishReason: string | null | undefined): Pick<ResponseState, "status" | "incompleteReason"> => {
  if (finishReason === "length") return { status: "incomplete", incompleteReason: "max_output_tokens" };
  if (finishReason === "content_filter") return { status: "incomplete", incompleteReason: "content_filter" };
  return { status: "completed" };
};

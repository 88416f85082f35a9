import type { ChatCompletion, ChatCompletionMessageToolCall } from "openai/resources/chat/completions";
import type { Response, ResponseUsage } from "openai/resources/responses/responses";
import type { TokenUsage } from "#core/catalog/token-usage.ts";
import { type FinishReason, ProviderFailure, type ProviderOutcome } from "#core/providers/provider.ts";
import { calledWith } from "#core/providers/tool-forms.ts";
import { isRecord, type JsonRecord } from "#core/values/records.ts";
import { isFilled } from "./answer-facts.ts";
import { failureFromBody } from "./errors.ts";
import { type EncryptedReasoning, reasoningFormat } from "./responses-input.ts";
import { toOpenAiUsage, toTokenUsage } from "./usage.ts";
import { wholeCalls } from "./whole-calls.ts";

export interface ResponsesAnswerOptions {
  readonly completionId: string;
  /** The model that was asked for, in case that the answer does not name it. */
  readonly model: string;
  readonly createdSeconds: number;
  /** Filled with what the answer tells. */
  readonly outcome: ProviderOutcome;
}

export const malformed = (what: string): ProviderFailure =>
  new ProviderFailure("openai", "malformed", `openai: ${what}`);

/** Usage of the Responses API in our one meaning: reasoning is part of its output there too. */
export const toResponsesUsage = (usage: ResponseUsage | null | undefined): TokenUsage | undefined =>
  isRecord(usage)
    ? toTokenUsage({
        prompt_tokens: usage.input_tokens,
        completion_tokens: usage.output_tokens,
        prompt_tokens_details: usage.input_tokens_details,
        completion_tokens_details: usage.output_tokens_details,
      })
    : undefined;

/**
 * How an answer ended, in the contract's words.
 * @throws ProviderFailure for one that failed, or has not ended.
 */
export const toResponsesFinish = (response: Response, toolCalls: number): FinishReason => {
  if (!isRecord(response)) throw malformed("the last event has no response");
  if (response.status === "failed") {
    throw failureFromBody("openai", { error: response.error }) ?? malformed("the answer failed without a reason");
  }
  if (response.status === "incomplete") {
    return response.incomplete_details?.reason === "content_filter" ? "content_filter" : "length";
  }
  if (response.status !== "completed") throw malformed(`the answer ended as ${String(response.status).slice(0, 40)}`);
  return toolCalls > 0 ? "tool_calls" : "stop";
};

/** Encrypted reasoning of an output item in the form that a tool turn brings back; undefined when the item has none. */
export const toReasoningDetail = (item: unknown): EncryptedReasoning | undefined =>
  isRecord(item) && item.type === "reasoning" && typeof item.encrypted_content === "string"
    ? { type: "reasoning.encrypted", id: String(item.id), data: item.encrypted_content, format: reasoningFormat }
    : undefined;

/** The body of an answer, or of what has the same form. @throws ProviderFailure */
export const parseResponse = (text: string): Response => {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw malformed("the answer is not JSON");
  }
  // `error` is null on a good answer, and on a failed one it comes with its status.
  if (isRecord(body) && body.status === undefined) {
    const failure = failureFromBody("openai", body);
    if (failure !== undefined) throw failure;
  }
  if (!isRecord(body) || !Array.isArray(body.output)) throw malformed("the answer has no output");
  return body as unknown as Response;
};

interface MessageText {
  text: string;
  refusal: string;
  reasoning: string;
  readonly details: EncryptedReasoning[];
  readonly calls: ChatCompletionMessageToolCall[];
}

const textOf = (value: unknown): string => {
  if (typeof value !== "string") throw malformed("the answer has a part whose text is not text");
  return value;
};

/** Calls as chat completions have them: an id each, a name, text. */
const toCalls = (calls: readonly JsonRecord[]): ChatCompletionMessageToolCall[] => {
  const whole = wholeCalls(calls);
  if (whole === undefined) throw malformed("a tool call has no name");
  return whole as unknown as ChatCompletionMessageToolCall[];
};

const readItems = (response: Response): MessageText => {
  const calls: JsonRecord[] = [];
  const said: MessageText = { text: "", refusal: "", reasoning: "", details: [], calls: [] };
  for (const item of response.output) {
    if (!isRecord(item)) continue;
    if (item.type === "message") {
      for (const part of Array.isArray(item.content) ? item.content : []) {
        if (part?.type === "output_text") said.text += textOf(part.text);
        else if (part?.type === "refusal") said.refusal += textOf(part.refusal);
      }
    } else if (item.type === "function_call") {
      const { call_id: id, name, arguments: text } = item;
      calls.push({ id, type: "function", function: { name, arguments: text } });
    } else if (item.type === "custom_tool_call") {
      const { call_id: id, name, input } = item;
      calls.push({ id, type: "custom", custom: { name, input } });
    } else if (item.type === "reasoning") {
      said.reasoning += summaryOf(item.summary);
      const detail = toReasoningDetail(item);
      if (detail !== undefined) said.details.push(detail);
    }
  }
  return { ...said, calls: toCalls(calls) };
};

const summaryOf = (summary: unknown): string =>
  (Array.isArray(summary) ? summary.filter(isRecord) : [])
    .map(({ text }) => text)
    .filter((text) => typeof text === "string")
    .join("\n");

/**
 * A whole answer of POST /responses as a chat completion.
 * @throws ProviderFailure
 */
export const fromResponsesAnswer = (text: string, options: ResponsesAnswerOptions): ChatCompletion =>
  toCompletion(parseResponse(text), options);

/** The same of an answer that has been parsed. @throws ProviderFailure */
export const toCompletion = (response: Response, options: ResponsesAnswerOptions): ChatCompletion => {
  const { outcome } = options;
  const usage = toResponsesUsage(response.usage);
  // Noted first: an answer that cannot be used may have to be paid all the same.
  outcome.usage = usage;
  const said = readItems(response);
  const finishReason = toResponsesFinish(response, said.calls.length);
  outcome.finishReason = finishReason;
  outcome.responseModel = isFilled(response.model) ? response.model : undefined;
  outcome.contentStarted = true;
  outcome.outputCharacters =
    said.text.length + said.refusal.length + said.calls.reduce((sum, call) => sum + calledWith(call).text.length, 0);
  const message = {
    role: "assistant" as const,
    content: said.text === "" && (said.calls.length > 0 || said.refusal !== "") ? null : said.text,
    refusal: said.refusal === "" ? null : said.refusal,
    ...(said.calls.length === 0 ? {} : { tool_calls: said.calls }),
    ...(said.reasoning === "" ? {} : { reasoning_content: said.reasoning }),
    ...(said.details.length === 0 ? {} : { reasoning_details: said.details }),
  };
  return {
    id: options.completionId,
    object: "chat.completion",
    created: options.createdSeconds,
    model: isFilled(response.model) ? response.model : options.model,
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishReason }],
    ...(usage === undefined ? {} : { usage: toOpenAiUsage(usage) }),
  };
};

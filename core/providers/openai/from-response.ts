import type { ChatCompletion } from "openai/resources/chat/completions";
import type { ChatProviderId } from "#core/catalog/provider-ids.ts";
import { type FinishReason, ProviderFailure, type ProviderOutcome } from "#core/providers/provider.ts";
import { isRecord, type JsonRecord } from "#core/values/records.ts";
import { type AnswerFacts, isFilled, withFacts } from "./answer-facts.ts";
import type { AnswerRewriter, Completion } from "./dialect.ts";
import { failureFromBody } from "./errors.ts";
import { toFinishReason } from "./finish-reason.ts";
import { toLogprobs } from "./logprobs.ts";
import { toText } from "./message-text.ts";
import { callsOf } from "./tool-call-facts.ts";
import { noteUsage, type ReasoningCount, toReportedUsage } from "./usage.ts";
import { wholeCalls } from "./whole-calls.ts";

export interface AnswerOptions {
  readonly provider: ChatProviderId;
  /** Filled with what the answer tells. */
  readonly outcome: ProviderOutcome;
  readonly reasoning: ReasoningCount;
  readonly facts: AnswerFacts;
  /** How many choices were asked for. */
  readonly choices: number;
  /** Absent where the provider's answers need no more than those of all. */
  readonly rewriter?: AnswerRewriter | undefined;
}

type Fault = (what: string) => ProviderFailure;

interface CallBody {
  readonly function?: { readonly arguments?: string };
  readonly custom?: { readonly input?: string };
}

const charactersOf = (choice: ChatCompletion.Choice): number =>
  (choice.message.content?.length ?? 0) +
  (choice.message.tool_calls ?? []).reduce(
    (sum, { function: called, custom }: CallBody) => sum + (called?.arguments?.length ?? custom?.input?.length ?? 0),
    0,
  );

const isAnnotation = (value: unknown): boolean => {
  if (!isRecord(value) || value.type !== "url_citation" || !isRecord(value.url_citation)) return false;
  const { url, title, start_index: start, end_index: end } = value.url_citation;
  return typeof url === "string" && typeof title === "string" && Number.isInteger(start) && Number.isInteger(end);
};

const textOf = (name: string, value: unknown, fault: Fault): string | null => {
  const text = toText(value);
  if (text === undefined) throw fault(`the ${name} of the message is not text`);
  return text;
};

/** The message of a choice as OpenAI's schema has it. What only its provider has stays. */
const toMessage = (given: JsonRecord, fault: Fault): JsonRecord => {
  const {
    tool_calls: _,
    function_call: __,
    annotations,
    audio,
    reasoning_content: thoughts,
    reasoning,
    ...rest
  } = given;
  const calls = callsOf(given);
  const whole = calls === undefined ? undefined : wholeCalls(calls);
  if (whole === undefined)
    throw fault(calls === undefined ? "the tool calls are not a list" : "a tool call has no name");
  const content = textOf("content", given.content, fault);
  return {
    ...rest,
    role: "assistant",
    content: content ?? (whole.length > 0 ? null : ""),
    refusal: textOf("refusal", given.refusal, fault),
    ...(whole.length === 0 ? {} : { tool_calls: whole }),
    ...(Array.isArray(annotations) ? { annotations: annotations.filter(isAnnotation) } : {}),
    ...(isRecord(audio) ? { audio } : {}),
    ...(typeof thoughts === "string" ? { reasoning_content: thoughts } : {}),
    ...(typeof reasoning === "string" ? { reasoning } : {}),
  };
};

const reasonOf = (said: unknown, hasCalls: boolean, fault: Fault): FinishReason => {
  if (!isFilled(said)) throw fault("the answer has no finish reason");
  const reason = toFinishReason(said);
  if (reason === undefined) throw fault("the answer ended in an error");
  if (reason === "stop" && hasCalls) return "tool_calls";
  return reason === "tool_calls" && !hasCalls ? "stop" : reason;
};

const toChoice = (given: JsonRecord, index: number, fault: Fault): JsonRecord => {
  const { message, logprobs, finish_reason: said } = given;
  const isFiltered = isFilled(said) && toFinishReason(said) === "content_filter";
  if (!isRecord(message) && !isFiltered) throw fault("the answer has a choice without a message");
  const whole = toMessage(isRecord(message) ? message : {}, fault);
  const reason = reasonOf(said, whole.tool_calls !== undefined, fault);
  return { ...given, index, message: whole, logprobs: toLogprobs(logprobs), finish_reason: reason };
};

/** Choices with the numbers 0, 1, …: the provider's where they are these. */
const toChoices = (completion: Completion, fault: Fault): readonly JsonRecord[] => {
  const given = (Array.isArray(completion.choices) ? (completion.choices as readonly unknown[]) : []).filter(isRecord);
  const numbers = new Set(given.map(({ index }) => index));
  const isCounted = given.every((_, position) => numbers.has(position));
  return given
    .map((choice, position) => toChoice(choice, isCounted ? (choice.index as number) : position, fault))
    .sort((left, right) => (left.index as number) - (right.index as number));
};

/** An answer's text as JSON. @throws ProviderFailure */
const parse = (text: string, fault: Fault): JsonRecord => {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw fault("the answer is not JSON");
  }
  if (typeof body !== "object" || body === null) throw fault("the answer is not an object");
  return body as JsonRecord;
};

/**
 * Reads a whole OpenAI-shaped answer, makes it OpenAI's, and notes what it tells.
 * @throws ProviderFailure also for an error that came with status 200.
 */
export const readCompletion = (text: string, options: AnswerOptions): ChatCompletion => {
  const { provider, outcome, reasoning, rewriter, facts } = options;
  const fault = (what: string) => new ProviderFailure(provider, "malformed", `${provider}: ${what}`);
  const body = parse(text, fault);
  // Noted first: an answer that cannot be used may have to be paid all the same.
  noteUsage(outcome, body.usage, reasoning);
  const failure = failureFromBody(provider, body);
  if (failure !== undefined) throw failure;
  const read = { ...body, choices: toChoices(body, fault) } as unknown as Completion;
  if ((read.choices ?? []).length === 0) throw fault("the answer has no choices");
  const { usage: _, ...completion } = withFacts(rewriter?.completion(read) ?? read, "chat.completion", facts);
  const choices = completion.choices ?? [];
  for (const choice of choices) outcome.outputCharacters += charactersOf(choice);
  outcome.finishReason = choices[0]?.finish_reason as FinishReason;
  outcome.contentStarted = true;
  if (isFilled(body.model)) outcome.responseModel = body.model;
  if (isFilled(body.id)) outcome.responseId = body.id;
  const counted = outcome.usage === undefined ? {} : { usage: toReportedUsage(outcome.reportedUsage, outcome.usage) };
  return { ...completion, ...counted } as ChatCompletion;
};

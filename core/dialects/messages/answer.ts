import type { ChatCompletion } from "openai/resources/chat/completions";
import type { AnswerFacts } from "#core/dialects/dialect.ts";
import { parseExactJson } from "#core/providers/anthropic/exact-json.ts";
import type { MessagesRequest } from "#core/schemas/messages.ts";
import { isRecord } from "#core/values/records.ts";
import { type Carried, toSignature } from "./carried.ts";
import { displayOf, type ThinkingDisplay } from "./display.ts";
import { toStop } from "./stop.ts";
import { toMessagesToolId } from "./tool-id.ts";
import { ToolNames } from "./tool-names.ts";
import { toMessagesUsage } from "./usage.ts";

type Loose = Readonly<Record<string, unknown>>;
type Block = { readonly type: string } & Loose;

const messageId = (requestId: string): string => `msg_${requestId.replace(/^req_/, "")}`;

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

/** What a provider shows of its reasoning, under either of its names. */
export const reasoningText = (source: Loose): string => textOf(source.reasoning_content) || textOf(source.reasoning);

/** A block of thinking of another provider than Anthropic. */
export const thinkingBlock = (reasoning: string, carried: Carried, display: ThinkingDisplay): Block => ({
  type: "thinking",
  thinking: display.text ? reasoning : "",
  signature: toSignature(display.text || reasoning === "" ? carried : { ...carried, reasoning }),
});

/** A block as Anthropic gave it, without the place that we noted on it. */
export const ownThinking = ({ tool_calls_before: _, ...block }: Loose): Block => block as Block;

interface Parts {
  readonly thinking: readonly Loose[];
  readonly calls: readonly Loose[];
  readonly message: Loose;
}

const listOf = (value: unknown): readonly Loose[] => (Array.isArray(value) ? value.filter(isRecord) : []);

const leadingThinking = ({ thinking, message }: Parts, display: ThinkingDisplay): Block[] => {
  if (thinking.length > 0) return thinking.filter(({ tool_calls_before: before }) => !before).map(ownThinking);
  const reasoning = reasoningText(message);
  const details = listOf(message.reasoning_details);
  if (reasoning === "" && details.length === 0) return [];
  return [thinkingBlock(reasoning, details.length === 0 ? {} : { details }, display)];
};

/** The arguments of a call. What is not a JSON object is handed on under a name that no tool has, so that the tool refuses it. */
export const toInput = (text: string): Readonly<Record<string, unknown>> => {
  if (text.trim() === "") return {};
  try {
    const input: unknown = parseExactJson(text);
    if (isRecord(input)) return input;
  } catch {
    // Cut off, or never JSON.
  }
  return { INVALID_JSON: text };
};

const callBlocks = (parts: Parts, requestId: string, names: ToolNames, display: ThinkingDisplay): Block[] =>
  parts.calls.flatMap((call, index) => {
    const called = isRecord(call.function) ? call.function : {};
    const before = parts.thinking.filter(({ tool_calls_before: place }) => index > 0 && place === index);
    return [
      ...before.map(ownThinking),
      ...(call.extra_content === undefined ? [] : [thinkingBlock("", { extra: call.extra_content }, display)]),
      {
        type: "tool_use",
        id: toMessagesToolId(textOf(call.id), requestId),
        name: names.fromChat(textOf(called.name)),
        input: toInput(textOf(called.arguments)),
      },
    ];
  });

const blocksOf = (message: Loose, body: MessagesRequest, requestId: string): Block[] => {
  const display = displayOf(body);
  const parts: Parts = { message, thinking: listOf(message.thinking_blocks), calls: listOf(message.tool_calls) };
  const text = textOf(message.content) || textOf(message.refusal);
  return [
    // Without a call there is nothing to think on about.
    ...(display.blocks || parts.calls.length > 0 ? leadingThinking(parts, display) : []),
    ...(text === "" ? [] : [{ type: "text", text, citations: null }]),
    ...callBlocks(parts, requestId, new ToolNames(body), display),
  ];
};

/** A message that has only begun. */
export const emptyMessage = (requestId: string, model: string) => ({
  id: messageId(requestId),
  type: "message" as const,
  role: "assistant" as const,
  model,
  content: [] as readonly Block[],
  stop_reason: null,
  stop_sequence: null,
  stop_details: null,
  container: null,
  diagnostics: null,
  usage: toMessagesUsage(undefined),
});

/** A chat completion as Anthropic's message. */
export const toMessage = (
  { model, choices, usage }: ChatCompletion,
  { body, requestId }: AnswerFacts<MessagesRequest>,
) => {
  const [choice] = choices;
  const message = (choice?.message ?? {}) as unknown as Loose;
  return {
    ...emptyMessage(requestId, model),
    content: blocksOf(message, body, requestId),
    ...toStop(choice?.finish_reason, textOf(message.refusal)),
    usage: toMessagesUsage(usage),
  };
};

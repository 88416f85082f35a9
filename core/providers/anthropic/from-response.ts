import type { ContentBlock, Message } from "@anthropic-ai/sdk/resources/messages";
import type { ChatCompletionMessage, ChatCompletionMessageToolCall } from "openai/resources/chat/completions";
import { isFilled } from "#core/providers/openai/answer-facts.ts";
import { newCallId } from "#core/providers/openai/tool-call-facts.ts";
import type { ChatCompletion, ProviderOutcome } from "#core/providers/provider.ts";
import { isRecord } from "#core/values/records.ts";
import { failureFromError, malformed } from "./errors.ts";
import { parseExactJson } from "./exact-json.ts";
import { toFinishReason } from "./stop-reason.ts";
import { type ThinkingBlockFields, toThinkingFields } from "./thinking-blocks.ts";
import { toGatewayToolId } from "./tool-ids.ts";
import { toCompletionUsage, toTokenUsage } from "./usage.ts";

export interface ResponseOptions {
  readonly completionId: string;
  /** The model that was asked for, in case that the answer does not name it. */
  readonly model: string;
  readonly createdSeconds: number;
  /** Filled with what the answer says. */
  readonly outcome: ProviderOutcome;
}

/** An assistant message with the two fields that carry thinking. */
interface AnswerMessage extends ChatCompletionMessage {
  reasoning_content?: string;
  thinking_blocks?: ThinkingBlockFields[];
}

/** Reads the body. @throws ProviderFailure when it is not a finished message, or an error inside a 200. */
const parseMessage = (text: string): Message & { stop_reason: string } => {
  let body: unknown;
  try {
    body = parseExactJson(text);
  } catch {
    throw malformed("Anthropic's answer is not JSON");
  }
  if (isRecord(body) && body.type === "error") throw failureFromError(body.error);
  if (!isRecord(body) || !Array.isArray(body.content) || !body.content.every(isRecord)) {
    throw malformed("Anthropic's answer is not a message");
  }
  if (typeof body.stop_reason !== "string") throw malformed("Anthropic's answer has no stop reason");
  return body as unknown as Message & { stop_reason: string };
};

interface Answer {
  text: string;
  reasoning: string;
  readonly thinkingBlocks: ThinkingBlockFields[];
  readonly toolCalls: ChatCompletionMessageToolCall[];
}

/** The gateway's id of a call. A call without one, or with another's, gets its own. */
const uniqueId = (id: unknown, calls: readonly { readonly id: string }[]): string => {
  const own = isFilled(id) ? toGatewayToolId(id) : newCallId();
  return calls.some((call) => call.id === own) ? newCallId() : own;
};

const addBlock = (answer: Answer, block: ContentBlock): void => {
  switch (block.type) {
    case "text":
      if (typeof block.text !== "string") throw malformed("Anthropic's answer has a text block without text");
      answer.text += block.text;
      break;
    case "thinking":
      if (typeof block.thinking === "string") answer.reasoning += block.thinking;
      // Without its signature a block could never be sent back.
      if (!block.signature) break;
      answer.thinkingBlocks.push(
        toThinkingFields(
          { type: "thinking", thinking: block.thinking, signature: block.signature },
          answer.toolCalls.length,
        ),
      );
      break;
    case "redacted_thinking":
      answer.thinkingBlocks.push(
        toThinkingFields({ type: "redacted_thinking", data: block.data }, answer.toolCalls.length),
      );
      break;
    case "tool_use":
      if (!isFilled(block.name)) throw malformed("Anthropic's answer has a tool call without a name");
      answer.toolCalls.push({
        id: uniqueId(block.id, answer.toolCalls),
        type: "function",
        function: { name: block.name, arguments: JSON.stringify(block.input ?? {}) },
      });
      break;
    default:
    // Blocks of server tools, and those that are yet to come, have no place in a chat completion.
  }
};

const toAnswerMessage = ({ text, reasoning, thinkingBlocks, toolCalls }: Answer, refusal: string | null) => {
  const message: AnswerMessage = {
    role: "assistant",
    content: text === "" && toolCalls.length > 0 ? null : text,
    refusal,
  };
  if (toolCalls.length > 0) message.tool_calls = toolCalls;
  if (reasoning !== "") message.reasoning_content = reasoning;
  if (thinkingBlocks.length > 0) message.thinking_blocks = thinkingBlocks;
  return message;
};

const argumentCharacters = (calls: readonly ChatCompletionMessageToolCall[]): number =>
  calls.reduce((sum, call) => sum + (call.type === "function" ? call.function.arguments.length : 0), 0);

/**
 * A whole answer of POST /v1/messages as an OpenAI chat completion.
 * @throws ProviderFailure
 */
export const fromResponse = (text: string, options: ResponseOptions): ChatCompletion => {
  const message = parseMessage(text);
  const { outcome } = options;
  const usage = isRecord(message.usage) ? toTokenUsage(message.usage) : undefined;
  // Noted first: an answer that cannot be used may have to be paid all the same.
  outcome.usage = usage;
  const answer: Answer = { text: "", reasoning: "", thinkingBlocks: [], toolCalls: [] };
  for (const block of message.content) addBlock(answer, block);
  const finishReason = toFinishReason(message.stop_reason, answer.toolCalls.length);
  const explanation: unknown = message.stop_details?.explanation;
  const refusal = typeof explanation === "string" ? explanation : null;
  outcome.finishReason = finishReason;
  outcome.responseModel = isFilled(message.model) ? message.model : undefined;
  outcome.contentStarted = true;
  outcome.outputCharacters = answer.text.length + answer.reasoning.length + argumentCharacters(answer.toolCalls);
  return {
    id: options.completionId,
    object: "chat.completion",
    created: options.createdSeconds,
    model: isFilled(message.model) ? message.model : options.model,
    choices: [{ index: 0, message: toAnswerMessage(answer, refusal), logprobs: null, finish_reason: finishReason }],
    ...(usage === undefined ? {} : { usage: toCompletionUsage(usage) }),
  };
};

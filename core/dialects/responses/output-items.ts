import type {
  ResponseCustomToolCall,
  ResponseFunctionToolCall,
  ResponseOutputMessage,
  ResponseOutputRefusal,
  ResponseOutputText,
  ResponseReasoningItem,
} from "openai/resources/responses/responses";
import { type Carried, toEncryptedContent } from "./carried.ts";
import { inputOfArguments } from "./custom-input.ts";
import type { ToolName } from "./tool-names.ts";

/** Items of an answer. */

export type ItemStatus = "in_progress" | "completed" | "incomplete";

export const textPart = (text: string, logprobs: ResponseOutputText["logprobs"] = []): ResponseOutputText => ({
  type: "output_text",
  text,
  annotations: [],
  logprobs: logprobs ?? [],
});

export const refusalPart = (refusal: string): ResponseOutputRefusal => ({ type: "refusal", refusal });

export const messageItem = (
  id: string,
  status: ItemStatus,
  content: ResponseOutputMessage["content"],
): ResponseOutputMessage => ({ id, type: "message", status, role: "assistant", content });

/** `encrypted_content` is there in any case: nothing else brings reasoning back, since no answer is stored. */
export const reasoningItem = (id: string, summary: string, carried: Carried | undefined): ResponseReasoningItem => ({
  id,
  type: "reasoning",
  summary: summary === "" ? [] : [{ type: "summary_text", text: summary }],
  encrypted_content: carried === undefined ? "" : toEncryptedContent(carried),
});

export type CallItem = ResponseFunctionToolCall | ResponseCustomToolCall;

export interface CallFacts {
  readonly id: string;
  readonly callId: string;
  readonly tool: ToolName;
  readonly status: ItemStatus;
  /** Arguments as the core has them. */
  readonly text: string;
}

export const callItem = ({ id, callId, tool, status, text }: CallFacts): CallItem => {
  const { name, namespace, type } = tool;
  const named = { id, call_id: callId, name, ...(namespace === undefined ? {} : { namespace }) };
  if (type === "custom") {
    return { type: "custom_tool_call", ...named, input: text === "" ? "" : inputOfArguments(text) };
  }
  return { type: "function_call", ...named, arguments: text, status };
};

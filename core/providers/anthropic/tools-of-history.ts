import { calledWith } from "#core/providers/tool-forms.ts";
import type { ChatMessage, FunctionTool } from "#core/schemas/chat.ts";

/**
 * Stand-ins for the tools that a conversation called, for a request that offers none: OpenAI takes such a history as it is,
 * Anthropic refuses tool blocks in a request without tools. They go with a `tool_choice` of none, so nobody calls them.
 */
export const toolsOfHistory = (messages: readonly ChatMessage[]): readonly FunctionTool[] => {
  const names = new Set<string>();
  for (const message of messages) {
    if (message.role !== "assistant") continue;
    for (const call of message.tool_calls ?? []) names.add(calledWith(call).name);
  }
  return Array.from(names, (name) => ({ type: "function", function: { name } }));
};

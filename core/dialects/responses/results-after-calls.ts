import type { ChatMessage } from "#core/schemas/chat.ts";

type ToolMessage = Extract<ChatMessage, { role: "tool" }>;

/**
 * Messages in the order that a chat completion needs: the results of a turn's calls right after the turn. Items may come in
 * any order here. Where each turn counts its ids anew, a result belongs to the first call that has none yet.
 */
export const resultsAfterCalls = (messages: readonly ChatMessage[]): readonly ChatMessage[] => {
  const results = new Map<string, ToolMessage[]>();
  for (const message of messages) {
    if (message.role !== "tool") continue;
    const known = results.get(message.tool_call_id);
    if (known === undefined) results.set(message.tool_call_id, [message]);
    else known.push(message);
  }
  const placed = new Set<ToolMessage>();
  const ordered: ChatMessage[] = [];
  for (const message of messages) {
    if (message.role === "tool") {
      // One whose call has not come, or has its result already: the core says what is wrong with it.
      if (!placed.has(message)) ordered.push(message);
      continue;
    }
    ordered.push(message);
    for (const { id } of (message.role === "assistant" ? message.tool_calls : undefined) ?? []) {
      const result = results.get(id)?.shift();
      if (result === undefined) continue;
      placed.add(result);
      ordered.push(result);
    }
  }
  return ordered;
};

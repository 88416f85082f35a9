import { GatewayError } from "#core/errors.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";

const mismatch = (message: string, param: string): GatewayError =>
  new GatewayError("tool_call_id_mismatch", message, { param });

/** @throws GatewayError for the first call that is still open */
const checkAnswered = (open: ReadonlyMap<string, string>): void => {
  for (const path of open.values()) {
    throw mismatch("No tool message with the result of this tool call follows the assistant message.", `${path}.id`);
  }
};

/**
 * Every tool result answers a call of the assistant's turn before it, and every call has one: all providers refuse a
 * conversation in which one is missing. Instructions may stand in between.
 * @throws GatewayError that names the call or the result
 */
export const checkToolTurns = ({ messages }: Pick<ChatRequest, "messages">): void => {
  const open = new Map<string, string>();
  for (const [index, message] of messages.entries()) {
    if (message.role === "tool") {
      if (open.delete(message.tool_call_id)) continue;
      throw mismatch(
        "No tool call in the preceding assistant message has this id, or it already has its result.",
        `messages[${index}].tool_call_id`,
      );
    }
    if (message.role === "system" || message.role === "developer") continue;
    checkAnswered(open);
    if (message.role !== "assistant") continue;
    for (const [place, call] of (message.tool_calls ?? []).entries()) {
      open.set(call.id, `messages[${index}].tool_calls[${place}]`);
    }
  }
  checkAnswered(open);
};

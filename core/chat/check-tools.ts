import { GatewayError } from "#core/errors.ts";
import { toolName } from "#core/providers/tool-forms.ts";
import type { ChatRequest, ChatToolChoice } from "#core/schemas/chat.ts";

/** Checks of a request's tools and of their calls. Requests without any do not load them. */

/** The types of the request's tools by their names. */
type ToolTypes = ReadonlyMap<string, "function" | "custom">;

/** A chosen tool is among the tools, with its own type. */
const checkChosen = (choice: Exclude<ChatToolChoice, string>, types: ToolTypes, path: string): void => {
  if (choice.type === "allowed_tools") {
    for (const [index, tool] of choice.allowed_tools.tools.entries()) {
      checkChosen(tool, types, `${path}.allowed_tools.tools[${index}]`);
    }
    return;
  }
  const name = toolName(choice);
  if (types.get(name) === choice.type) return;
  throw new GatewayError(
    "tool_choice_invalid",
    `tool_choice names ${name}, but no ${choice.type} tool has that name.`,
    {
      param: `${path}.${choice.type}.name`,
    },
  );
};

const checkDefinitions = ({ tools, tool_choice: choice }: ChatRequest): void => {
  const types = new Map<string, "function" | "custom">();
  for (const [index, tool] of (tools ?? []).entries()) {
    const name = toolName(tool);
    if (types.has(name)) {
      throw new GatewayError("tool_schema_invalid", `Two tools are named ${name}.`, {
        param: `tools[${index}].${tool.type}.name`,
      });
    }
    types.set(name, tool.type);
    if (tool.type === "custom") continue;
    const { parameters } = tool.function;
    if (parameters !== undefined && Object.keys(parameters).length > 0 && parameters.type !== "object") {
      throw new GatewayError("tool_schema_invalid", "The root of the parameters must have type object.", {
        param: `tools[${index}].function.parameters`,
      });
    }
  }
  if (choice === undefined || choice === "none") return;
  if (types.size === 0) {
    throw new GatewayError("tool_choice_invalid", "tool_choice requires tools.", { param: "tool_choice" });
  }
  if (typeof choice === "object") checkChosen(choice, types, "tool_choice");
};

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
const checkToolTurns = ({ messages }: Pick<ChatRequest, "messages">): void => {
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

/** @throws GatewayError 400 for tools, a choice of them or calls that no provider takes */
export const checkTools = (request: ChatRequest): void => {
  checkDefinitions(request);
  checkToolTurns(request);
};

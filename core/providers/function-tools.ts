import { GatewayError } from "#core/errors.ts";
import type { ChatRequest, ChatTool, FunctionTool } from "#core/schemas/chat.ts";
import { toolName } from "./tool-forms.ts";

/** What a provider that knows functions only makes of OpenAI's newer tool forms. Apart from them: OpenAI needs none of it. */

/** A 400 before any call, so another target may take the request. @param param of the custom tool or call */
export const refusedCustom = (param: string): GatewayError =>
  new GatewayError(
    "tool_unsupported_for_model",
    "Custom tools are an OpenAI feature. This provider supports only functions.",
    {
      param,
    },
  );

/** @throws GatewayError for a custom tool */
export const functionTools = (tools: readonly ChatTool[]): readonly FunctionTool[] =>
  tools.map((tool, index) => {
    if (tool.type === "custom") throw refusedCustom(`tools[${index}].custom`);
    return tool;
  });

/**
 * A request whose choice of `allowed_tools` is made without it: the others are not offered, and the mode is the choice. What
 * the model may call is the same; a prompt cache of the whole list is not, so a warning says so. Any other request comes back as
 * it is.
 */
export const withAllowedToolsOnly = (request: ChatRequest, warnings: Set<string>): ChatRequest => {
  const { tools = [], tool_choice: choice } = request;
  if (typeof choice !== "object" || choice.type !== "allowed_tools") return request;
  const names = new Set(choice.allowed_tools.tools.map(toolName));
  const allowed = tools.filter((tool) => names.has(toolName(tool)));
  if (allowed.length < tools.length) warnings.add("tool_choice.allowed_tools");
  return { ...request, tools: allowed, tool_choice: choice.allowed_tools.mode };
};

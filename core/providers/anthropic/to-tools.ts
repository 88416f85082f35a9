import type { Tool, ToolChoice } from "@anthropic-ai/sdk/resources/messages";
import { GatewayError } from "#core/errors.ts";
import type { ChatRequest, FunctionTool } from "#core/schemas/chat.ts";
import { cacheMark } from "./cache-mark.ts";
import type { ModelTraits } from "./model-traits.ts";
import { toSchemaSubset } from "./schema-subset.ts";

const inputSchema = (parameters: Readonly<Record<string, unknown>> | undefined, strict: boolean): Tool.InputSchema => {
  const schema = { type: "object" as const, ...parameters };
  const withType = parameters === undefined ? { ...schema, properties: {} } : schema;
  return (strict ? toSchemaSubset(withType) : withType) as Tool.InputSchema;
};

const toTool = (tool: FunctionTool, traits: ModelTraits, warnings: Set<string>): Tool => {
  const { name, description, parameters, strict } = tool.function;
  if (strict === true && !traits.structuredOutput) warnings.add("tools.strict");
  const enforced = strict === true && traits.structuredOutput;
  return {
    name,
    ...(description === undefined ? {} : { description }),
    input_schema: inputSchema(parameters, enforced),
    ...(enforced ? { strict: true } : {}),
    ...cacheMark(tool.function),
    ...cacheMark(tool),
  };
};

/** The request's tools, or undefined when it has none. Adds to `warnings` what this model cannot hold. */
export const toTools = (
  tools: readonly FunctionTool[] | undefined,
  traits: ModelTraits,
  warnings: Set<string>,
): Tool[] | undefined =>
  tools === undefined || tools.length === 0 ? undefined : tools.map((tool) => toTool(tool, traits, warnings));

/** Whether the caller insists on a tool call. */
export const forcesTool = ({ tool_choice: choice }: Pick<ChatRequest, "tool_choice">): boolean =>
  choice === "required" || typeof choice === "object";

/**
 * The request's tool_choice, with parallel_tool_calls folded in; undefined leaves Anthropic's default (auto).
 * Only for requests with tools: Anthropic refuses a choice without them.
 * @throws GatewayError when the model takes no forced choice.
 */
export const toToolChoice = (
  request: Pick<ChatRequest, "model" | "tool_choice" | "parallel_tool_calls">,
  traits: ModelTraits,
): ToolChoice | undefined => {
  const { tool_choice: choice } = request;
  const single = request.parallel_tool_calls === false ? { disable_parallel_tool_use: true } : {};
  if (choice === "none") return { type: "none" };
  if (forcesTool(request) && !traits.forcedToolChoice) {
    throw new GatewayError(
      "tool_choice_invalid",
      'This model always thinks, and Anthropic refuses a forced tool_choice then: use "auto" and ask for the tool in the prompt, or another model.',
      { param: "tool_choice" },
    );
  }
  if (choice === "required") return { type: "any", ...single };
  // Custom tools were refused with the tools, and a choice of allowed ones was made before.
  if (typeof choice === "object" && choice.type === "function") {
    return { type: "tool", name: choice.function.name, ...single };
  }
  return choice === "auto" || request.parallel_tool_calls === false ? { type: "auto", ...single } : undefined;
};

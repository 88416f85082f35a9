import type { Tool, ToolChoice } from "@anthropic-ai/sdk/resources/messages";
import { GatewayError } from "#core/errors.ts";
import { toModernSchema } from "#core/providers/schema/modern-schema.ts";
import { toPlainObject } from "#core/providers/schema/plain-object.ts";
import { isRecursive } from "#core/providers/schema/references.ts";
import type { ChatRequest, FunctionTool } from "#core/schemas/chat.ts";
import type { JsonRecord } from "#core/values/records.ts";
import { cacheMark } from "./cache-mark.ts";
import type { ModelTraits } from "./model-traits.ts";
import { toSchemaSubset } from "./schema-subset.ts";

interface Input {
  readonly schema: Tool.InputSchema;
  /** What the schema cannot say, for the tool's description. */
  readonly words: readonly string[];
}

const noArguments: JsonRecord = { type: "object", properties: {} };

/**
 * A tool's schema as Anthropic takes it: of draft 2020-12, and a plain object at its root, where a choice would refuse every
 * request that offers the tool. The choice is described to the model in words.
 */
const toInput = (parameters: JsonRecord | undefined, strict: boolean, warnings: Set<string>): Input => {
  const modern = toModernSchema(parameters ?? noArguments, (keyword) => warnings.add(`tools.parameters.${keyword}`));
  const { schema, words, lost } = toPlainObject(modern);
  for (const keyword of lost) warnings.add(`tools.parameters.${keyword}`);
  // It names the draft that the schema was written for.
  const { $schema: _, ...plain } = schema;
  return { schema: { ...(strict ? toSchemaSubset(plain) : plain), type: "object" }, words };
};

const describe = (description: string | undefined, words: readonly string[]): Pick<Tool, "description"> => {
  if (words.length === 0) return description === undefined ? {} : { description };
  return { description: [description, ...words].filter((text) => text !== undefined && text !== "").join("\n\n") };
};

const toTool = (tool: FunctionTool, traits: ModelTraits, warnings: Set<string>): Tool => {
  const { name, description, parameters, strict } = tool.function;
  // Of a schema that holds itself no grammar can be made. Calls are held to their schemas by the gateway in any case.
  const enforced = strict === true && traits.structuredOutput && !(parameters !== undefined && isRecursive(parameters));
  if (strict === true && !enforced) warnings.add("tools.strict");
  const { schema, words } = toInput(parameters, enforced, warnings);
  return {
    name,
    ...describe(description, words),
    input_schema: schema,
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

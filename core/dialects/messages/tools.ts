import { GatewayError } from "#core/errors.ts";
import type { ChatRequest, FunctionTool } from "#core/schemas/chat.ts";
import { isOwnTool, type MessagesRequest, type OwnTool } from "#core/schemas/messages.ts";
import type { ToolNames } from "./tool-names.ts";
import type { Translation } from "./translation.ts";
import { marked } from "./user-parts.ts";

/** Anthropic's tools and choice of them as chat's. */

/** Fields of a tool that change how Claude is offered it, and nothing where a model reads all of them. */
const offerFields = ["defer_loading", "input_examples", "allowed_callers"] as const;

const isDirectOnly = (value: unknown): boolean => Array.isArray(value) && value.every((caller) => caller === "direct");

const functionTool = (tool: OwnTool, names: ToolNames, translation: Translation): FunctionTool => {
  for (const name of offerFields) {
    const value = tool[name];
    if (value === undefined || value === null || value === false || isDirectOnly(value)) continue;
    translation.drop(`tools.${name}`);
  }
  const { description, input_schema: schema, strict } = tool;
  return {
    type: "function",
    function: {
      name: names.toChat(tool.name),
      ...(typeof description === "string" ? { description } : {}),
      // OpenAI refuses an object that names no properties.
      parameters: schema.properties === undefined ? { ...schema, properties: {} } : schema,
      ...(strict === true ? { strict } : {}),
    },
    ...marked(tool),
  };
};

const checkNames = (tools: readonly OwnTool[]): void => {
  const known = new Set<string>();
  for (const { name } of tools) {
    if (known.has(name)) {
      throw new GatewayError("tool_schema_invalid", `Two tools are named ${name}.`, { param: "tools" });
    }
    known.add(name);
  }
};

/** The client's own tools; those that Anthropic defines are dropped and named. @throws GatewayError for two of one name */
export const toChatTools = (
  { tools }: Pick<MessagesRequest, "tools">,
  names: ToolNames,
  translation: Translation,
): FunctionTool[] => {
  const own: OwnTool[] = [];
  for (const tool of tools ?? []) {
    if (isOwnTool(tool)) own.push(tool);
    else translation.drop(`tools.${String(tool.type)}`);
  }
  checkNames(own);
  return own.map((tool) => functionTool(tool, names, translation));
};

const refused = (message: string): GatewayError =>
  new GatewayError("tool_choice_invalid", message, { param: "tool_choice" });

const namesTool = ({ tools }: Pick<MessagesRequest, "tools">, name: string): boolean =>
  (tools ?? []).some((tool) => "name" in tool && tool.name === name);

/**
 * The choice of a tool. @throws GatewayError for a choice of a tool that is not there
 */
export const toChatChoice = (
  body: Pick<MessagesRequest, "tools" | "tool_choice">,
  offered: readonly FunctionTool[],
  names: ToolNames,
  translation: Translation,
): Pick<ChatRequest, "tool_choice" | "parallel_tool_calls"> => {
  const choice = body.tool_choice ?? undefined;
  if (choice === undefined) return {};
  const { type, name = "" } = choice;
  if (type === "tool" && !namesTool(body, name)) {
    throw refused(`tool_choice names the tool ${JSON.stringify(name.slice(0, 128))}, but no tool has that name.`);
  }
  if ((type === "any" || type === "tool") && (body.tools ?? []).length === 0) {
    throw refused("tool_choice requires tools.");
  }
  const target = type === "tool" ? names.toChat(name) : undefined;
  const canServe = target === undefined ? offered.length > 0 : offered.some((tool) => tool.function.name === target);
  if (!canServe && (type === "any" || type === "tool")) {
    translation.refuse(refused("tool_choice forces a tool that only Claude models have."));
    return {};
  }
  if (offered.length === 0) return {};
  const parallel = choice.disable_parallel_tool_use === true ? { parallel_tool_calls: false } : {};
  switch (type) {
    case "auto":
      return { tool_choice: "auto", ...parallel };
    case "any":
      return { tool_choice: "required", ...parallel };
    case "none":
      return { tool_choice: "none" };
    case "tool":
      return { tool_choice: { type: "function", function: { name: target ?? "" } }, ...parallel };
  }
};

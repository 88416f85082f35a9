import type { ChatTool, ChatToolChoice } from "#core/schemas/chat.ts";
import type { ResponsesRequest } from "#core/schemas/responses.ts";
import { isRecord, type JsonRecord } from "#core/values/records.ts";
import { customDescription, customParameters } from "./custom-input.ts";
import { filledMember, recordsIn, textOf } from "./read.ts";
import { badRequest } from "./refuse.ts";
import { flatNameOf, type NamedTool, namedTools } from "./tool-names.ts";

/** Tools and the choice among them as the core has them. */

const parametersOf = ({ definition, path }: NamedTool): JsonRecord | undefined => {
  const { parameters } = definition;
  if (parameters === undefined || parameters === null) return undefined;
  if (!isRecord(parameters)) throw badRequest(`${path}.parameters must be a JSON Schema.`, `${path}.parameters`);
  if (Object.keys(parameters).length === 0) return { type: "object", properties: {} };
  return parameters.type === "object" && parameters.properties === undefined
    ? { ...parameters, properties: {} }
    : parameters;
};

const toChatTool = (tool: NamedTool): ChatTool => {
  const { definition, flat } = tool;
  if (tool.type === "custom") {
    // Most models know functions only: the text of a custom tool is the one argument of a function.
    const description = customDescription(definition);
    return { type: "function", function: { name: flat, description, parameters: customParameters } };
  }
  const parameters = parametersOf(tool);
  return {
    type: "function",
    function: {
      name: flat,
      ...(typeof definition.description === "string" ? { description: definition.description } : {}),
      ...(parameters === undefined ? {} : { parameters }),
      ...(typeof definition.strict === "boolean" ? { strict: definition.strict } : {}),
    },
  };
};

const checkTool = (tool: JsonRecord, path: string): void => {
  filledMember(tool, "type", path);
  if (tool.type === "function" || tool.type === "custom") filledMember(tool, "name", path);
  if (tool.type !== "namespace") return;
  filledMember(tool, "name", path);
  for (const [index, member] of recordsIn(tool.tools, `${path}.tools`).entries()) {
    checkTool(member, `${path}.tools[${index}]`);
  }
};

/** Tools with those of namespaces. */
const maxNamedTools = 256;

/** The tools, without those that only their own provider could run. @throws GatewayError BAD_REQUEST */
export const toChatTools = (tools: readonly JsonRecord[], warnings: Set<string>): ChatTool[] => {
  for (const [index, tool] of tools.entries()) {
    checkTool(tool, `tools[${index}]`);
    const type = String(tool.type);
    if (type === "function" || type === "custom" || type === "namespace") continue;
    warnings.add(`tools.${type}`);
  }
  const named = namedTools(tools);
  if (named.length > maxNamedTools) throw badRequest(`There may be up to ${maxNamedTools} tools.`, "tools");
  const seen = new Set<string>();
  for (const { flat, name, path } of named) {
    if (seen.has(flat)) throw badRequest(`Two tools are named ${name}.`, `${path}.name`);
    seen.add(flat);
  }
  return named.map(toChatTool);
};

const modes = ["auto", "none", "required"] as const;
type Mode = (typeof modes)[number];

const modeOf = (value: unknown): Mode | undefined => modes.find((mode) => mode === value);

const named = (choice: JsonRecord): { readonly type: "function"; readonly function: { readonly name: string } } => ({
  type: "function",
  function: { name: flatNameOf(choice, textOf(choice.name) ?? "") },
});

const isNamed = ({ type }: JsonRecord): boolean => type === "function" || type === "custom";

const notHere = "is a tool that only its own provider runs, so no other model can be made to call it.";

const allowedTools = (choice: JsonRecord): ChatToolChoice => {
  const path = "tool_choice.tools";
  const tools = recordsIn(choice.tools, path);
  const mode = choice.mode === "required" ? "required" : "auto";
  const able = tools.filter(isNamed).map(named);
  if (able.length > 0) return { type: "allowed_tools", allowed_tools: { mode, tools: able } };
  if (mode === "required") throw badRequest(`${path} names no function or custom tool.`, path);
  return "none";
};

/**
 * The choice, or undefined where the model is free. A choice of a tool that was left out would be answered wrongly.
 * @param offered how many tools are left.
 * @throws GatewayError BAD_REQUEST
 */
export const toChatToolChoice = (
  choice: ResponsesRequest["tool_choice"],
  offered: number,
): ChatToolChoice | undefined => {
  if (choice === undefined) return undefined;
  const mode = modeOf(choice);
  if (mode === "auto" || mode === "none") return offered === 0 ? undefined : mode;
  if (mode === "required") {
    if (offered > 0) return mode;
    throw badRequest("tool_choice is required, but no function or custom tool is left to call.", "tool_choice");
  }
  if (!isRecord(choice)) throw badRequest("tool_choice must be auto, none, required or an object.", "tool_choice");
  if (choice.type === "allowed_tools") return allowedTools(choice);
  if (isNamed(choice)) {
    filledMember(choice, "name", "tool_choice");
    return named(choice);
  }
  throw badRequest(`${String(textOf(choice.type) ?? "tool_choice").slice(0, 40)} ${notHere}`, "tool_choice");
};

import { isJsonObject, type JsonObject, numberOf, objectOf, objectsOf, stringOf } from "./json.ts";
import { draftFault } from "./json-schema-draft.ts";
import { ProviderRefusal } from "./refusal.ts";

/** The fields of a Chat Completions request at OpenAI. Source: the vendor's OpenAPI document and SDK 7.57. */
export const chatFields: ReadonlySet<string> = new Set(
  `messages model service_tier modalities verbosity reasoning_effort max_completion_tokens frequency_penalty
   presence_penalty web_search_options top_logprobs response_format audio store moderation stream stop logit_bias
   logprobs max_tokens n prediction seed stream_options tools tool_choice parallel_tool_calls function_call functions
   metadata temperature top_p user safety_identifier prompt_cache_key prompt_cache_retention prompt_cache_options`.split(
    /\s+/,
  ),
);

const roles = ["system", "assistant", "user", "function", "tool", "developer"];
const toolNamePattern = /^[a-zA-Z0-9_-]+$/;

const refusal = (message: string, param?: string, code?: string): ProviderRefusal =>
  new ProviderRefusal(400, message, { param, code });

const checkRange = (body: JsonObject, name: string, least: number, most: number): void => {
  const value = body[name];
  if (value === undefined || value === null) return;
  if (typeof value !== "number")
    throw refusal(
      `Invalid type for '${name}': expected a decimal, but got ${typeof value} instead.`,
      name,
      "invalid_type",
    );
  if (value < least)
    throw refusal(
      `Invalid '${name}': decimal below minimum value. Expected a value >= ${least}, but got ${value} instead.`,
      name,
      "decimal_below_min_value",
    );
  if (value > most)
    throw refusal(
      `Invalid '${name}': decimal above maximum value. Expected a value <= ${most}, but got ${value} instead.`,
      name,
      "decimal_above_max_value",
    );
};

const checkContent = (message: JsonObject, at: string): void => {
  const { role, content } = message;
  if (typeof content === "string" || (Array.isArray(content) && content.length > 0)) return;
  const maybeEmpty = role === "assistant" && (Array.isArray(message.tool_calls) || typeof message.refusal === "string");
  if (maybeEmpty && (content === undefined || content === null)) return;
  throw refusal(
    `Invalid value for 'content': expected a string, got ${content === undefined ? "nothing" : "null"}.`,
    `${at}.content`,
  );
};

/** Every call is answered by a tool message right after it, and every tool message answers a call. */
const checkToolTurns = (messages: readonly JsonObject[]): void => {
  let open = new Set<string>();
  messages.forEach((message, index) => {
    if (message.role === "tool") {
      if (!open.delete(stringOf(message.tool_call_id)))
        throw refusal(
          "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.",
          `messages.[${index}].role`,
        );
      return;
    }
    checkAnswered(open, index);
    open = new Set(objectsOf(message.tool_calls).map((call) => stringOf(call.id)));
  });
  checkAnswered(open, messages.length);
};

const checkAnswered = (open: ReadonlySet<string>, index: number): void => {
  if (open.size === 0) return;
  throw refusal(
    `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: ${[...open].join(", ")}`,
    `messages.[${index}].role`,
  );
};

const checkMessages = (body: JsonObject, customTools: boolean): void => {
  const { messages } = body;
  if (messages === undefined)
    throw refusal("Missing required parameter: 'messages'.", "messages", "missing_required_parameter");
  if (!Array.isArray(messages))
    throw refusal("Invalid type for 'messages': expected an array of objects.", "messages", "invalid_type");
  if (messages.length === 0)
    throw refusal(
      "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.",
      "messages",
      "empty_array",
    );
  messages.forEach((message, index) => {
    const at = `messages[${index}]`;
    if (!isJsonObject(message)) throw refusal(`Invalid type for '${at}': expected an object.`, at, "invalid_type");
    if (!roles.includes(stringOf(message.role)))
      throw refusal(
        `Invalid value: '${String(message.role)}'. Supported values are: 'system', 'assistant', 'user', 'function', 'tool', and 'developer'.`,
        `${at}.role`,
        "invalid_value",
      );
    checkContent(message, at);
    objectsOf(message.tool_calls).forEach((call, callIndex) => {
      if (customTools && call.type === "custom") {
        if (typeof objectOf(call.custom).input === "string") return;
        throw refusal(
          `Missing required parameter: '${at}.tool_calls[${callIndex}].custom.input'.`,
          `${at}.tool_calls[${callIndex}].custom.input`,
          "missing_required_parameter",
        );
      }
      if (typeof objectOf(call.function).arguments !== "string")
        throw refusal(
          `Missing required parameter: '${at}.tool_calls[${callIndex}].function.arguments'.`,
          `${at}.tool_calls[${callIndex}].function.arguments`,
          "missing_required_parameter",
        );
    });
  });
  checkToolTurns(objectsOf(messages));
};

/** A custom tool has its own member, and a format of text or of a grammar. */
const checkCustomTool = (tool: JsonObject, at: string): void => {
  const format = objectOf(objectOf(tool.custom).format);
  const grammar = objectOf(format.grammar);
  if (format.type === undefined || format.type === "text") return;
  if (format.type !== "grammar")
    throw refusal(
      `Invalid value: '${String(format.type)}'. Supported values are: 'text' and 'grammar'.`,
      `${at}.format.type`,
      "invalid_value",
    );
  for (const name of ["definition", "syntax"])
    if (stringOf(grammar[name]) === "")
      throw refusal(
        `Missing required parameter: '${at}.format.grammar.${name}'.`,
        `${at}.format.grammar.${name}`,
        "missing_required_parameter",
      );
};

/** Chosen tools, one by one. */
const chosenTools = (choice: JsonObject, customTools: boolean): readonly JsonObject[] => {
  if (choice.type !== "allowed_tools") return choice.type === undefined ? [] : [choice];
  const { mode, tools } = objectOf(choice.allowed_tools);
  if (!customTools || (mode !== "auto" && mode !== "required"))
    throw refusal(`Invalid value for 'tool_choice': ${JSON.stringify(choice.type)}.`, "tool_choice", "invalid_value");
  return objectsOf(tools);
};

const checkTools = (body: JsonObject, customTools: boolean): void => {
  const { tools } = body;
  if (tools === undefined || tools === null) {
    for (const name of ["tool_choice", "parallel_tool_calls"])
      if (body[name] !== undefined && body[name] !== null && body[name] !== "none")
        throw refusal(`Invalid value for '${name}': '${name}' is only allowed when 'tools' are specified.`, name);
    return;
  }
  if (!Array.isArray(tools) || tools.length === 0)
    throw refusal(
      "Invalid 'tools': empty array. Expected an array with minimum length 1, but got an empty array instead.",
      "tools",
      "empty_array",
    );
  tools.forEach((tool, index) => {
    const custom = customTools && objectOf(tool).type === "custom";
    const definition = objectOf(custom ? objectOf(tool).custom : objectOf(tool).function);
    const at = `tools[${index}].${custom ? "custom" : "function"}`;
    if (custom) checkCustomTool(objectOf(tool), at);
    const name = stringOf(definition.name);
    if (name === "")
      throw refusal(`Missing required parameter: '${at}.name'.`, `${at}.name`, "missing_required_parameter");
    if (name.length > 64 || !toolNamePattern.test(name))
      throw refusal(
        `Invalid '${at}.name': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.`,
        `${at}.name`,
        "invalid_value",
      );
    const fault = isJsonObject(definition.parameters) ? draftFault(definition.parameters) : undefined;
    if (fault !== undefined)
      throw refusal(
        `Invalid schema for function '${name}': ${fault} is not valid under any of the given schemas.`,
        `${at}.parameters`,
        "invalid_function_parameters",
      );
    if (definition.parameters !== undefined && objectOf(definition.parameters).type !== "object")
      throw refusal(
        `Invalid schema for function '${name}': schema must be a JSON Schema of 'type: "object"', got 'type: "${String(objectOf(definition.parameters).type)}"'.`,
        `${at}.parameters`,
        "invalid_function_parameters",
      );
  });
  for (const choice of chosenTools(objectOf(body.tool_choice), customTools)) {
    const type = choice.type === "custom" && customTools ? "custom" : "function";
    const chosen = stringOf(objectOf(choice[type]).name);
    if (!tools.some((tool) => chosen !== "" && objectOf(objectOf(tool)[type]).name === chosen))
      throw refusal(`Tool choice '${type}' not found in 'tools' parameter.`, "tool_choice");
  }
};

const checkResponseFormat = (body: JsonObject): void => {
  const format = objectOf(body.response_format);
  const named = objectOf(format.json_schema);
  if (format.type === "json_schema" && stringOf(named.name) === "")
    throw refusal(
      "Missing required parameter: 'response_format.json_schema.name'.",
      "response_format.json_schema.name",
      "missing_required_parameter",
    );
};

/**
 * What every OpenAI-shaped Chat Completions endpoint refuses. Throws `ProviderRefusal`.
 * @param customTools it takes OpenAI's newer forms: tools of the type custom, a choice of `allowed_tools`.
 */
export const validateChatShape = (body: JsonObject, customTools = false): void => {
  if (stringOf(body.model) === "") throw refusal("you must provide a model parameter");
  checkMessages(body, customTools);
  checkRange(body, "temperature", 0, 2);
  checkRange(body, "top_p", 0, 1);
  checkRange(body, "frequency_penalty", -2, 2);
  checkRange(body, "presence_penalty", -2, 2);
  const count = numberOf(body.n);
  if (count !== undefined && (count < 1 || count > 128))
    throw refusal("Invalid 'n': expected a value between 1 and 128.", "n", "integer_out_of_range");
  if (body.stream_options !== undefined && body.stream_options !== null && body.stream !== true)
    throw refusal("The 'stream_options' parameter is only allowed when 'stream' is enabled.", "stream_options");
  checkTools(body, customTools);
  checkResponseFormat(body);
};

/** Names of the body that are not in the list. */
export const unknownNames = (body: JsonObject, known: ReadonlySet<string>): readonly string[] =>
  Object.keys(body).filter((name) => !known.has(name));

import { type JsonObject, objectOf, objectsOf, stringOf } from "./json.ts";
import { effortsOf, isReasoningModel, refusesStop, refusesToolsWith } from "./openai-models.ts";
import { ProviderRefusal } from "./refusal.ts";
import { chatFields, unknownNames, validateChatShape } from "./validate-chat.ts";

const isGiven = (value: unknown): boolean => value !== undefined && value !== null;

const unsupportedParameter = (name: string, hint = ""): ProviderRefusal =>
  new ProviderRefusal(400, `Unsupported parameter: '${name}' is not supported with this model.${hint}`, {
    param: name,
    code: "unsupported_parameter",
  });

const unsupportedValue = (name: string, message: string): ProviderRefusal =>
  new ProviderRefusal(400, `Unsupported value: '${name}' ${message}`, { param: name, code: "unsupported_value" });

const checkSampling = (body: JsonObject): void => {
  for (const name of ["temperature", "top_p"])
    if (isGiven(body[name]) && body[name] !== 1)
      throw unsupportedValue(
        name,
        `does not support ${String(body[name])} with this model. Only the default (1) value is supported.`,
      );
  for (const name of ["frequency_penalty", "presence_penalty"])
    if (isGiven(body[name]) && body[name] !== 0) throw unsupportedParameter(name);
  for (const name of ["logit_bias", "top_logprobs"]) if (isGiven(body[name])) throw unsupportedParameter(name);
  if (body.logprobs === true) throw unsupportedParameter("logprobs");
};

const checkReasoningModel = (body: JsonObject, model: string): void => {
  const effort = body.reasoning_effort;
  if (isGiven(body.max_tokens)) throw unsupportedParameter("max_tokens", " Use 'max_completion_tokens' instead.");
  if (effort !== "none") checkSampling(body);
  if (isGiven(body.stop) && refusesStop(model)) throw unsupportedParameter("stop");
  const efforts = effortsOf(model);
  if (isGiven(effort) && !efforts.includes(String(effort)))
    throw unsupportedValue(
      "reasoning_effort",
      `does not support '${String(effort)}' with this model. Supported values are: ${efforts.map((each) => `'${each}'`).join(", ")}.`,
    );
  if (isGiven(body.tools) && refusesToolsWith(model, effort))
    throw new ProviderRefusal(
      400,
      `Function tools with reasoning_effort are not supported for ${model} in /v1/chat/completions. Please use /v1/responses instead.`,
      { param: "reasoning_effort" },
    );
};

const checkToolSchemas = (body: JsonObject): void => {
  objectsOf(body.tools).forEach(({ function: definition }, index) => {
    const { name, parameters } = objectOf(definition);
    if (parameters !== undefined && objectOf(parameters).properties === undefined)
      throw new ProviderRefusal(
        400,
        `Invalid schema for function '${String(name)}': In context=(), object schema missing properties.`,
        { param: `tools[${index}].function.parameters`, code: "invalid_function_parameters" },
      );
  });
};

const checkFormat = (body: JsonObject): void => {
  const format = objectOf(body.response_format);
  const named = objectOf(format.json_schema);
  if (format.type === "json_object" && !/json/i.test(JSON.stringify(body.messages)))
    throw new ProviderRefusal(
      400,
      "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.",
      { param: "messages" },
    );
  if (named.strict === true && objectOf(named.schema).additionalProperties !== false)
    throw new ProviderRefusal(
      400,
      `Invalid schema for response_format '${stringOf(named.name)}': In context=(), 'additionalProperties' is required to be supplied and to be false.`,
      { param: "response_format" },
    );
};

/** What OpenAI refuses on Chat Completions. Throws `ProviderRefusal`. */
export const validateOpenaiChat = (body: JsonObject): void => {
  const unknown = unknownNames(body, chatFields);
  if (unknown.length > 0)
    throw new ProviderRefusal(
      400,
      `Unrecognized request argument${unknown.length > 1 ? "s" : ""} supplied: ${unknown.join(", ")}`,
    );
  validateChatShape(body, true);
  checkToolSchemas(body);
  checkFormat(body);
  const model = String(body.model);
  if (isReasoningModel(model)) checkReasoningModel(body, model);
  else if (isGiven(body.reasoning_effort))
    throw new ProviderRefusal(400, "Unrecognized request argument supplied: reasoning_effort");
};

/** What OpenAI refuses on Embeddings, Moderations and Responses, as far as a gateway may get it wrong. */
export const validateOpenaiInput = (body: JsonObject, needsModel: boolean): void => {
  if (needsModel && typeof body.model !== "string")
    throw new ProviderRefusal(400, "you must provide a model parameter");
  const { input } = body;
  if (!isGiven(input))
    throw new ProviderRefusal(400, "Missing required parameter: 'input'.", {
      param: "input",
      code: "missing_required_parameter",
    });
  if (input === "" || (Array.isArray(input) && input.length === 0))
    throw new ProviderRefusal(
      400,
      "'$.input' is invalid. Please check the API reference: https://platform.openai.com/docs/api-reference.",
    );
};

/** The call items of the Responses API, and what answers each. */
const outputTypes: Readonly<Record<string, string>> = {
  function_call: "function_call_output",
  custom_tool_call: "custom_tool_call_output",
};

/** Types of tools that have no name. */
const unnamedTools = new Set(["web_search", "file_search", "code_interpreter", "image_generation", "mcp", "shell"]);

const validateStored = ({ previous_response_id: previous, input }: JsonObject): void => {
  const references = objectsOf(input).filter(({ type }) => type === "item_reference");
  const missing = typeof previous === "string" ? previous : references[0]?.id;
  if (missing !== undefined) {
    const message = `Item with id '${String(missing)}' not found. Items are not persisted when \`store\` is set to false.`;
    throw new ProviderRefusal(404, message, { param: "input" });
  }
};

/** What has to do with reasoning: models that do not reason refuse it, and OpenAI cannot read what we have wrapped. */
const validateReasoning = (body: JsonObject): void => {
  if (
    Array.isArray(body.include) &&
    body.include.includes("reasoning.encrypted_content") &&
    !isReasoningModel(stringOf(body.model))
  ) {
    throw new ProviderRefusal(400, "Encrypted content is not supported with this model.", { param: "include" });
  }
  const effort = stringOf(objectOf(body.reasoning).effort);
  if (effort !== "" && !isReasoningModel(stringOf(body.model))) {
    const message = "Unsupported parameter: 'reasoning.effort' is not supported with this model.";
    throw new ProviderRefusal(400, message, { param: "reasoning.effort", code: "unsupported_parameter" });
  }
  for (const item of objectsOf(body.input)) {
    const content = stringOf(item.encrypted_content);
    if (item.type === "reasoning" && content.startsWith("ck1.")) {
      const message =
        "The encrypted content for item could not be verified. Reason: Encrypted content could not be parsed.";
      throw new ProviderRefusal(400, message, { param: "input", code: "invalid_encrypted_content" });
    }
  }
};

/** What OpenAI refuses on Responses, as far as a gateway may get it wrong. */
export const validateResponses = (body: JsonObject): void => {
  validateOpenaiInput(body, true);
  validateStored(body);
  validateReasoning(body);
  objectsOf(body.tools).forEach((tool, index) => {
    if (unnamedTools.has(stringOf(tool.type))) return;
    if (stringOf(tool.name) === "")
      throw new ProviderRefusal(400, `Missing required parameter: 'tools[${index}].name'.`, {
        param: `tools[${index}].name`,
        code: "missing_required_parameter",
      });
    const format = objectOf(tool.format);
    if (format.type === "grammar" && stringOf(format.definition) === "")
      throw new ProviderRefusal(400, `Missing required parameter: 'tools[${index}].format.definition'.`, {
        param: `tools[${index}].format.definition`,
        code: "missing_required_parameter",
      });
  });
  const open = new Map<string, string>();
  for (const item of objectsOf(body.input)) {
    const type = stringOf(item.type);
    const answeredBy = outputTypes[type];
    if (answeredBy !== undefined) open.set(stringOf(item.call_id), answeredBy);
    if (type.endsWith("_call_output") && open.get(stringOf(item.call_id)) !== type)
      throw new ProviderRefusal(
        400,
        `No tool call found for ${type.replaceAll("_", " ")} with call_id ${stringOf(item.call_id)}.`,
        { param: "input" },
      );
  }
};

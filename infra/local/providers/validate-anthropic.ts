import type { IncomingHttpHeaders } from "node:http";
import {
  allowsPrefill,
  allowsSystemMessages,
  alwaysThinks,
  outputTokenLimitOf,
  refusesEffort,
  refusesForcedTools,
  refusesSampling,
  refusesTemperatureWithTopP,
  refusesThinkingBudget,
} from "./anthropic-models.ts";
import { isJsonObject, type JsonObject, numberOf, objectOf, objectsOf, stringOf } from "./json.ts";
import { ProviderRefusal } from "./refusal.ts";
import { validateAnthropicMessages } from "./validate-anthropic-messages.ts";
import { checkConstrainedSchema, checkInputSchema } from "./validate-anthropic-schema.ts";

const fields: ReadonlySet<string> = new Set(
  `cache_control container diagnostics inference_geo max_tokens messages metadata model output_config service_tier speed
   stop_sequences stream system temperature thinking tool_choice tools top_k top_p user_profile_id workspace_id`.split(
    /\s+/,
  ),
);
const toolFields = [
  "name",
  "description",
  "input_schema",
  "type",
  "strict",
  "cache_control",
  "eager_input_streaming",
  "input_examples",
  "defer_loading",
  "allowed_callers",
];
/** 2026-10-21 took temperature, top_p and top_k away. */
const versions = ["2023-06-01", "2026-10-21"];
const newestVersion = "2026-10-21";
const maximumCacheBreakpoints = 4;

const refusal = (message: string): ProviderRefusal => new ProviderRefusal(400, message);

const checkUserId = (id: unknown): void => {
  const text = stringOf(id);
  if (text.length > 256) throw refusal("metadata.user_id: String should have at most 256 characters");
  if (text.includes("@")) throw refusal("metadata.user_id: user_id appears to contain an email address");
  if (/^[\d\s()+.-]{7,}$/.test(text)) throw refusal("metadata.user_id: user_id appears to contain a phone number");
};

/** Fields that a beta brings, by the beginning of its name. */
const betaFields: Readonly<Record<string, string>> = { context_management: "context-management-" };

const enabledBy = (name: string, betas: readonly string[]): boolean => {
  const beta = Object.hasOwn(betaFields, name) ? betaFields[name] : undefined;
  return beta !== undefined && betas.some((given) => given.startsWith(beta));
};

const checkFields = (body: JsonObject, required: readonly string[], betas: readonly string[]): void => {
  for (const name of required) if (body[name] === undefined) throw refusal(`${name}: Field required`);
  const extra = Object.keys(body).find((name) => !fields.has(name) && !enabledBy(name, betas));
  if (extra !== undefined) throw refusal(`${extra}: Extra inputs are not permitted`);
};

const checkRequired = (body: JsonObject, betas: readonly string[]): void => {
  checkFields(body, ["model", "max_tokens", "messages"], betas);
  const metadata = Object.keys(objectOf(body.metadata)).find((name) => name !== "user_id");
  if (metadata !== undefined) throw refusal(`metadata.${metadata}: Extra inputs are not permitted`);
  checkUserId(objectOf(body.metadata).user_id);
  if (typeof body.model !== "string") throw refusal("model: Input should be a valid string");
  const maxTokens = numberOf(body.max_tokens);
  if (maxTokens === undefined || !Number.isInteger(maxTokens))
    throw refusal("max_tokens: Input should be a valid integer");
  if (maxTokens < 0) throw refusal("max_tokens: Input should be greater than or equal to 0");
  const limit = outputTokenLimitOf(stringOf(body.model));
  if (maxTokens > limit)
    throw refusal(
      `max_tokens: ${maxTokens} > ${limit}, which is the maximum allowed number of output tokens for ${stringOf(body.model)}`,
    );
};

const checkSampling = (body: JsonObject, version: string): void => {
  const model = stringOf(body.model);
  const given = ["temperature", "top_p", "top_k"].filter((name) => body[name] !== undefined);
  for (const name of given) {
    if (version === newestVersion) throw refusal(`${name}: Extra inputs are not permitted`);
    if (refusesSampling(model) && !(name === "temperature" && body[name] === 1))
      throw refusal(`\`${name}\` is deprecated for this model.`);
  }
  const temperature = numberOf(body.temperature);
  if (temperature !== undefined && (temperature < 0 || temperature > 1)) throw refusal("temperature: range: 0..1");
  if (temperature !== undefined && body.top_p !== undefined && refusesTemperatureWithTopP(model))
    throw refusal("`temperature` and `top_p` cannot both be specified for this model. Please use only one.");
};

const checkThinking = (body: JsonObject): void => {
  const model = stringOf(body.model);
  const thinking = objectOf(body.thinking);
  const forced = ["any", "tool"].includes(stringOf(objectOf(body.tool_choice).type));
  if (forced && refusesForcedTools(model))
    throw refusal("tool_choice: forced tool use is not supported for this model");
  if (thinking.type === "disabled" && alwaysThinks(model))
    throw refusal("thinking.type: thinking cannot be disabled for this model");
  const on = thinking.type === "enabled" || thinking.type === "adaptive";
  if (on && forced) throw refusal("Thinking may not be enabled when tool_choice forces tool use.");
  if (on && body.temperature !== undefined && body.temperature !== 1)
    throw refusal("`temperature` may only be set to 1 when thinking is enabled.");
  if (thinking.type !== "enabled") return;
  if (refusesThinkingBudget(model))
    throw refusal('thinking.type: "enabled" is not supported for this model. Use "adaptive" instead.');
  const budget = numberOf(thinking.budget_tokens);
  if (budget === undefined) throw refusal("thinking.enabled.budget_tokens: Field required");
  if (budget < 1_024) throw refusal("thinking.enabled.budget_tokens: Input should be greater than or equal to 1024");
  if (budget >= Number(body.max_tokens)) throw refusal("`max_tokens` must be greater than `thinking.budget_tokens`.");
};

const checkTools = (body: JsonObject): void => {
  const tools = objectsOf(body.tools);
  if (body.tool_choice !== undefined && tools.length === 0)
    throw refusal("tool_choice: may only be specified while providing `tools`.");
  tools.forEach((tool, index) => {
    if (!/^[a-zA-Z0-9_-]{1,128}$/.test(stringOf(tool.name)))
      throw refusal(`tools.${index}.custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'`);
    // Server tools have a dated type and no schema.
    const own = tool.type === undefined || tool.type === "custom";
    const extra = Object.keys(tool).find((name) => own && !toolFields.includes(name));
    if (extra !== undefined) throw refusal(`tools.${index}.custom.${extra}: Extra inputs are not permitted`);
    if (own) checkInputSchema(tool.input_schema, tool.strict === true, `tools.${index}.custom.input_schema`);
  });
  if (new Set(tools.map((tool) => tool.name)).size < tools.length) throw refusal("tools: Tool names must be unique.");
  const choice = objectOf(body.tool_choice);
  if (body.tool_choice !== undefined && !["auto", "any", "tool", "none"].includes(stringOf(choice.type)))
    throw refusal("tool_choice: Input tag does not match any of the expected tags: 'auto', 'any', 'tool', 'none'");
  if (choice.type === "tool" && !tools.some((tool) => tool.name === choice.name))
    throw refusal(`Tool '${stringOf(choice.name)}' not found in provided tools`);
};

const checkOutput = (body: JsonObject): void => {
  const output = objectOf(body.output_config);
  if (output.effort !== undefined && refusesEffort(stringOf(body.model)))
    throw refusal("output_config.effort: This model does not support the effort parameter.");
  const { schema } = objectOf(output.format);
  if (isJsonObject(schema)) checkConstrainedSchema(schema, "output_config.format.schema");
};

const countCacheBreakpoints = (value: unknown): number => {
  if (Array.isArray(value)) return value.reduce<number>((sum, each) => sum + countCacheBreakpoints(each), 0);
  if (!isJsonObject(value)) return 0;
  return Object.entries(value).reduce(
    (sum, [name, each]) => sum + (name === "cache_control" && isJsonObject(each) ? 1 : countCacheBreakpoints(each)),
    0,
  );
};

const betasOf = ({ "anthropic-beta": beta }: IncomingHttpHeaders): readonly string[] =>
  [beta ?? []].flat().flatMap((list) => list.split(",").map((name) => name.trim()));

const checkVersion = ({ "anthropic-version": version }: IncomingHttpHeaders): string => {
  if (typeof version !== "string") throw refusal("anthropic-version: header is required");
  if (!versions.includes(version)) throw refusal(`anthropic-version: "${version}" is not a valid version`);
  return version;
};

/** What Anthropic refuses to count. Throws `ProviderRefusal`. */
export const validateTokenCount = (body: JsonObject, headers: IncomingHttpHeaders): void => {
  checkVersion(headers);
  if (body.max_tokens !== undefined) throw refusal("max_tokens: Extra inputs are not permitted");
  checkFields(body, ["model", "messages"], betasOf(headers));
};

/** What Anthropic refuses on POST /v1/messages. Throws `ProviderRefusal`. */
export const validateMessages = (body: JsonObject, headers: IncomingHttpHeaders): void => {
  const version = checkVersion(headers);
  const betas = betasOf(headers);
  checkRequired(body, betas);
  validateAnthropicMessages(body, {
    systemRole: allowsSystemMessages(stringOf(body.model)),
    prefill: allowsPrefill(stringOf(body.model)),
    turnControl: betas.some((name) => name.startsWith("per-turn-control-")),
  });
  checkSampling(body, version);
  checkTools(body);
  checkThinking(body);
  checkOutput(body);
  const breakpoints = countCacheBreakpoints([body.tools, body.system, body.messages]);
  if (breakpoints > maximumCacheBreakpoints)
    throw refusal(`A maximum of 4 blocks with cache_control may be provided. Found ${breakpoints}.`);
};

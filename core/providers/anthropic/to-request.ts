import type {
  MessageCreateParams,
  MessageParam,
  OutputConfig,
  TextBlockParam,
  ThinkingConfigParam,
  Tool,
  ToolChoice,
} from "@anthropic-ai/sdk/resources/messages";
import { functionTools, withAllowedToolsOnly } from "#core/providers/function-tools.ts";
import { warningNames } from "#core/providers/warnings.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";
import { isRecord } from "#core/values/records.ts";
import { cacheMark, limitMarks } from "./cache-mark.ts";
import { toMetadata } from "./metadata.ts";
import { type ModelTraits, traitsOf } from "./model-traits.ts";
import { otherFields } from "./other-fields.ts";
import { toOutputFormat } from "./response-format.ts";
import { toSampling } from "./sampling.ts";
import { planThinking, type ThinkingPlan } from "./thinking.ts";
import { endWithUser, toMessages } from "./to-messages.ts";
import { forcesTool, toToolChoice, toTools } from "./to-tools.ts";
import { toolsOfHistory } from "./tools-of-history.ts";
import { hasText } from "./user-blocks.ts";

export interface RequestOptions {
  /** Anthropic's id of the model. */
  readonly model: string;
  /** The caller's own key: fields that we do not know may pass. */
  readonly byok: boolean;
  /** Whose column of the field table holds; Anthropic's own by default. */
  readonly provider?: "anthropic" | "bedrock";
}

export interface AnthropicRequest {
  readonly body: MessageCreateParams;
  /** Names of the fields that were dropped or clamped. */
  readonly warnings: readonly string[];
}

/** Anthropic's SDK refuses more than this unstreamed: at its pace, more could not come within ten minutes. */
const maxUnstreamedDefault = 21_333;

const toMaxTokens = (request: ChatRequest, traits: ModelTraits, warnings: Set<string>): number => {
  const { maxOutputTokens: limit, knownLimit } = traits;
  const name = typeof request.max_completion_tokens === "number" ? "max_completion_tokens" : "max_tokens";
  const wanted = request[name];
  if (typeof wanted !== "number") return request.stream === true ? limit : Math.min(limit, maxUnstreamedDefault);
  if (!knownLimit || wanted <= limit) return wanted;
  warnings.add(name);
  return limit;
};

const toStopSequences = (stop: ChatRequest["stop"], warnings: Set<string>): string[] => {
  const wanted = typeof stop === "string" ? [stop] : (stop ?? []);
  const sequences = wanted.filter(hasText);
  if (sequences.length < wanted.length) warnings.add("stop");
  return sequences;
};

/** Anthropic's own `thinking` object, which the caller may send instead of reasoning_effort. */
const ownThinking = ({ thinking }: ChatRequest): ThinkingConfigParam | undefined =>
  isRecord(thinking) && typeof thinking.type === "string" ? (thinking as unknown as ThinkingConfigParam) : undefined;

const chooseThinking = (
  request: ChatRequest,
  traits: ModelTraits,
  maxTokens: number,
  messages: readonly MessageParam[],
  warnings: Set<string>,
): ThinkingPlan => {
  const own = ownThinking(request);
  if (own !== undefined) return { thinking: own };
  const forcedTool = (request.tools ?? []).length > 0 && forcesTool(request);
  return planThinking({ effort: request.reasoning_effort, maxTokens, forcedTool, messages }, traits, warnings);
};

/** Of what the caller offers, the caller's choice; of what only its history calls, none. */
const toChoice = (
  request: ChatRequest,
  offered: readonly Tool[] | undefined,
  tools: readonly Tool[] | undefined,
  traits: ModelTraits,
): ToolChoice | undefined => {
  if (offered !== undefined) return toToolChoice(request, traits);
  return tools === undefined ? undefined : { type: "none" };
};

const toOutputConfig = (request: ChatRequest, wanted: OutputConfig): Pick<MessageCreateParams, "output_config"> => {
  const config = { ...(isRecord(request.output_config) ? request.output_config : {}), ...wanted };
  return Object.keys(config).length === 0 ? {} : { output_config: config };
};

/**
 * An OpenAI chat request as the body of Anthropic's POST /v1/messages.
 * @throws GatewayError for what the caller must change, before any call.
 */
export const toRequest = (given: ChatRequest, { model, byok, provider }: RequestOptions): AnthropicRequest => {
  const warnings = new Set<string>();
  const request = withAllowedToolsOnly(given, warnings);
  const traits = traitsOf(model);
  const rest = otherFields(request, byok, warnings, provider);
  const { system, messages } = toMessages(request.messages, warnings);
  if (!traits.prefill) endWithUser(messages, warnings);
  const maxTokens = toMaxTokens(request, traits, warnings);
  const offered = toTools(functionTools(request.tools ?? []), traits, warnings);
  const tools = offered ?? toTools(toolsOfHistory(request.messages), traits, warnings);
  const toolChoice = toChoice(request, offered, tools, traits);
  const { thinking, effort } = chooseThinking(request, traits, maxTokens, messages, warnings);
  const thinks = thinking !== undefined && thinking.type !== "disabled";
  const { format, instruction } = toOutputFormat(request.response_format, traits, warnings);
  const instructions: TextBlockParam[] =
    instruction === undefined ? system : [...system, { type: "text", text: instruction }];
  limitMarks({ cache_control: request.cache_control, tools, system: instructions, messages }, warnings);
  const stopSequences = toStopSequences(request.stop, warnings);
  const body: MessageCreateParams = {
    ...rest,
    model,
    max_tokens: maxTokens,
    messages,
    ...(instructions.length === 0 ? {} : { system: instructions }),
    ...(tools === undefined ? {} : { tools }),
    ...(toolChoice === undefined ? {} : { tool_choice: toolChoice }),
    ...(thinking === undefined ? {} : { thinking }),
    ...toOutputConfig(request, {
      ...(effort === undefined ? {} : { effort }),
      ...(format === undefined ? {} : { format }),
    }),
    ...toSampling(request, traits, thinks, warnings),
    ...(stopSequences.length === 0 ? {} : { stop_sequences: stopSequences }),
    ...toMetadata(request, warnings),
    ...cacheMark(request),
    ...(request.stream === true ? { stream: true } : {}),
  };
  return { body, warnings: warningNames(warnings) };
};

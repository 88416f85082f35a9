import type {
  CustomTool,
  FunctionTool,
  ResponseCreateParams,
  ResponseTextConfig,
  ToolChoiceAllowed,
  ToolChoiceCustom,
  ToolChoiceFunction,
  ToolChoiceOptions,
} from "openai/resources/responses/responses";
import { applyFields } from "#core/providers/apply-fields.ts";
import type { ProviderCall } from "#core/providers/provider.ts";
import { toolName } from "#core/providers/tool-forms.ts";
import { warningNames } from "#core/providers/warnings.ts";
import type { ChatMessage, ChatRequest, ChatTool, ChatToolChoice } from "#core/schemas/chat.ts";
import type { ShapedRequest } from "./dialect.ts";
import { type MessageRules, toMessages, toTools } from "./messages.ts";
import { toInputItems } from "./responses-input.ts";
import { type OpenAiPlan, openAiConditions, openAiRules } from "./to-request.ts";

const rules: MessageRules = { ...openAiRules, names: false, toolParts: true, ownFields: ["reasoning_details"] };

/** OpenAI refuses a smaller limit on this API. */
const minOutputTokens = 16;

/** The body of a tool stands beside its type here, and the grammar of a custom one beside its format. */
const toTool = (tool: ChatTool): FunctionTool | CustomTool => {
  const { description } = tool.type === "custom" ? tool.custom : tool.function;
  const named = { name: toolName(tool), ...(description === undefined ? {} : { description }) };
  if (tool.type === "custom") {
    const { format } = tool.custom;
    if (format?.type !== "grammar") return { type: "custom", ...named, ...(format === undefined ? {} : { format }) };
    const { syntax, definition } = format.grammar;
    return { type: "custom", ...named, format: { type: "grammar", syntax, definition } };
  }
  return {
    type: "function",
    ...named,
    parameters: tool.function.parameters ?? { type: "object", properties: {} },
    // Here a tool is strict unless it says otherwise; on Chat Completions it is the other way round.
    strict: tool.function.strict ?? false,
  };
};

const toToolChoice = (
  choice: ChatToolChoice,
): ToolChoiceOptions | ToolChoiceFunction | ToolChoiceCustom | ToolChoiceAllowed => {
  if (typeof choice === "string") return choice;
  if (choice.type !== "allowed_tools") return { type: choice.type, name: toolName(choice) };
  const { mode, tools } = choice.allowed_tools;
  return { type: "allowed_tools", mode, tools: tools.map((tool) => ({ type: tool.type, name: toolName(tool) })) };
};

const toTextConfig = ({ response_format: format, verbosity }: Partial<ChatRequest>): ResponseTextConfig => {
  const config: ResponseTextConfig =
    verbosity === "low" || verbosity === "medium" || verbosity === "high" ? { verbosity } : {};
  if (format?.type === "json_object") return { ...config, format: { type: "json_object" } };
  if (format?.type !== "json_schema") return config;
  const { name, schema = {}, strict, description } = format.json_schema;
  return {
    ...config,
    format: {
      type: "json_schema",
      name,
      schema,
      ...(strict === undefined ? {} : { strict }),
      ...(typeof description === "string" ? { description } : {}),
    },
  };
};

const toMaxOutputTokens = (
  open: Partial<ChatRequest>,
  warnings: Set<string>,
): Pick<ResponseCreateParams, "max_output_tokens"> => {
  const name = open.max_completion_tokens === undefined ? "max_tokens" : "max_completion_tokens";
  const wanted = open[name];
  if (typeof wanted !== "number") return {};
  if (wanted < minOutputTokens) warnings.add(name);
  return { max_output_tokens: Math.max(wanted, minOutputTokens) };
};

/**
 * A chat request as the body of POST /responses. Nothing is stored there unless the caller asks; reasoning comes encrypted,
 * so that a tool turn can give it back.
 * @throws GatewayError for what the API cannot do.
 */
export const toResponsesRequest = (call: ProviderCall, plan: OpenAiPlan): ShapedRequest => {
  const { request } = call;
  const { traits, warnings, effort } = plan;
  const { passed, open } = applyFields("openai", request, openAiConditions(call, traits, plan), warnings);
  const text = toTextConfig(open);
  const body: Record<string, unknown> = {
    ...passed,
    model: call.model,
    input: toInputItems(toMessages(request.messages, rules, warnings) as readonly ChatMessage[]),
    store: request.store === true,
    ...toMaxOutputTokens(open, warnings),
    ...(open.tools === undefined || open.tools.length === 0
      ? {}
      : { tools: (toTools(open.tools, rules, warnings) as readonly ChatTool[]).map(toTool) }),
    ...(open.tool_choice === undefined ? {} : { tool_choice: toToolChoice(open.tool_choice) }),
    ...(Object.keys(text).length === 0 ? {} : { text }),
    ...(effort === undefined ? {} : { reasoning: { effort } }),
    ...(traits.reasons ? { include: ["reasoning.encrypted_content"] } : {}),
    ...(request.stream === true ? { stream: true } : {}),
  };
  return { body, warnings: warningNames(warnings) };
};

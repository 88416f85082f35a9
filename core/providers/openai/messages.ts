import { GatewayError } from "#core/errors.ts";
import { argumentsText } from "#core/providers/call-arguments.ts";
import { refusedCustom } from "#core/providers/function-tools.ts";
import { withTrueType } from "#core/providers/image-type.ts";
import { toModernSchema } from "#core/providers/schema/modern-schema.ts";
import { withResultsTogether, withTextResults } from "#core/providers/tool-turns.ts";
import type { ChatMessage, ChatRequest, ChatToolCall } from "#core/schemas/chat.ts";
import { wellFormedJson } from "#core/values/json-text.ts";
import { isRecord, ownValue } from "#core/values/records.ts";

/**
 * Messages as an OpenAI-shaped provider takes them. What other providers put on an assistant's turn (thoughts, signatures)
 * and marks that a provider refuses are taken off; messages without any are passed on as the same objects.
 */

type Loose = Readonly<Record<string, unknown>>;

/** What a provider takes beyond plain OpenAI messages, and what it does not take. */
export interface MessageRules {
  /** Takes `cache_control` on messages, parts and tools. */
  readonly cacheMarks: boolean;
  /** Takes the role developer. */
  readonly developerRole: boolean;
  /** Takes `name` on messages other than a tool's. */
  readonly names: boolean;
  /** Takes `image_url.detail`. */
  readonly imageDetail: boolean;
  /** Takes a `refusal` on past answers. Where not, it becomes their content. */
  readonly refusals: boolean;
  /** Fields of past answers that are this provider's own. */
  readonly ownFields: readonly string[];
  /** Takes tools of the type custom, and calls of them. */
  readonly customTools: boolean;
  /** Takes `extra_content` on tool calls. */
  readonly extraContent: boolean;
  /** Takes back arguments of a past call that are no JSON object. */
  readonly brokenArguments: boolean;
  /** Takes images and files in tool results. Where not, they follow the results in a message of the user. */
  readonly toolParts: boolean;
  /** Kinds of part that no model of the provider takes, each with the warning that the caller gets. */
  readonly refusedParts: Readonly<Partial<Record<string, string>>>;
  /** The provider's form of a tool call's id. */
  readonly toolCallId: (id: string) => string;
}

/** Fields of OpenAI's answers that stand there as null when a client dumps the whole message back. */
const nullFields = ["audio", "function_call"] as const;

/** Fields that answers of some provider carry and that only that provider can read again. */
const answerFields = [
  "annotations",
  "extra_content",
  "reasoning",
  "reasoning_content",
  "reasoning_details",
  "thinking_blocks",
] as const;

const without = (source: Loose, names: readonly string[]): Loose => {
  if (!names.some((name) => name in source)) return source;
  return Object.fromEntries(Object.entries(source).filter(([name]) => !names.includes(name)));
};

/** An image whose label is what its bytes are: some providers refuse any other, and `image/jpg`. */
const withTrueImage = (part: Loose): Loose => {
  if (!isRecord(part.image_url) || typeof part.image_url.url !== "string") return part;
  const url = withTrueType(part.image_url.url);
  return url === part.image_url.url ? part : { ...part, image_url: { ...part.image_url, url } };
};

const cleanPart = (part: Loose, path: string, rules: MessageRules, warnings: Set<string>): Loose => {
  const refusal = ownValue(rules.refusedParts, String(part.type));
  if (refusal !== undefined) throw new GatewayError("BAD_REQUEST", refusal, { param: path });
  let cleaned = withTrueImage(part);
  if (!rules.cacheMarks && "cache_control" in part) {
    warnings.add("cache_control");
    cleaned = without(cleaned, ["cache_control"]);
  }
  if (!rules.imageDetail && isRecord(part.image_url) && "detail" in part.image_url) {
    if (part.image_url.detail !== "auto") warnings.add("image_url.detail");
    cleaned = { ...cleaned, image_url: without(cleaned.image_url as Loose, ["detail"]) };
  }
  return cleaned;
};

const cleanToolCall = (call: ChatToolCall, path: string, rules: MessageRules, warnings: Set<string>): Loose => {
  if (call.type === "custom" && !rules.customTools) throw refusedCustom(`${path}.custom`);
  let cleaned = without(call, rules.extraContent ? ["cache_control"] : ["cache_control", "extra_content"]);
  const id = rules.toolCallId(call.id);
  if (id !== call.id) cleaned = { ...cleaned, id };
  if (call.type === "custom") return cleaned;
  const { arguments: given } = call.function;
  const text = wellFormedJson(rules.brokenArguments ? given : argumentsText(given, warnings));
  return text === given ? cleaned : { ...cleaned, function: { ...call.function, arguments: text } };
};

/** Maps a list and gives the same one back when nothing changed. */
const mapSame = <Item>(items: readonly Item[], map: (item: Item, index: number) => Item): readonly Item[] => {
  const mapped = items.map(map);
  return mapped.some((item, index) => item !== items[index]) ? mapped : items;
};

/** An answer that said nothing and called nothing, which providers take as an empty text only. */
const withContent = (message: Loose): Loose => {
  const { content, refusal } = message;
  return (content ?? undefined) === undefined && typeof refusal !== "string" ? { ...message, content: "" } : message;
};

const cleanMessage = (message: ChatMessage, path: string, rules: MessageRules, warnings: Set<string>): Loose => {
  let cleaned: Loose = message;
  if (!rules.cacheMarks && "cache_control" in message) {
    warnings.add("cache_control");
    cleaned = without(cleaned, ["cache_control"]);
  }
  if (message.role === "developer" && !rules.developerRole) cleaned = { ...cleaned, role: "system" };
  if (!rules.names && message.role !== "tool" && message.name !== undefined) {
    warnings.add("messages.name");
    cleaned = without(cleaned, ["name"]);
  }
  if (Array.isArray(message.content)) {
    const parts = message.content as readonly Loose[];
    const content = mapSame(parts, (part, index) => cleanPart(part, `${path}.content[${index}]`, rules, warnings));
    if (content !== parts) cleaned = { ...cleaned, content };
  }
  if (message.role === "tool") {
    const id = rules.toolCallId(message.tool_call_id);
    return id === message.tool_call_id ? cleaned : { ...cleaned, tool_call_id: id };
  }
  if (message.role !== "assistant") return cleaned;
  cleaned = without(
    cleaned,
    answerFields.filter((name) => !rules.ownFields.includes(name)),
  );
  const nulls = nullFields.filter((name) => message[name] === null);
  if (nulls.length > 0) cleaned = without(cleaned, nulls);
  if (Array.isArray(message.content) && message.content.length === 0) cleaned = { ...cleaned, content: null };
  if (!rules.refusals && "refusal" in message) {
    const said = cleaned.content ?? message.refusal;
    cleaned = { ...without(cleaned, ["refusal"]), ...(said === undefined ? {} : { content: said }) };
  }
  if (message.tool_calls === undefined) return withContent(cleaned);
  if (message.tool_calls.length === 0) return withContent(without(cleaned, ["tool_calls"]));
  const calls = mapSame<Loose>(message.tool_calls, (call, index) =>
    cleanToolCall(call as ChatToolCall, `${path}.tool_calls[${index}]`, rules, warnings),
  );
  return calls === message.tool_calls ? cleaned : { ...cleaned, tool_calls: calls };
};

/** @throws GatewayError for a part that no model of the provider takes. */
export const toMessages = (
  messages: readonly ChatMessage[],
  rules: MessageRules,
  warnings: Set<string>,
): readonly Loose[] => {
  const cleaned = withResultsTogether(
    mapSame<Loose>(messages, (message, index) =>
      cleanMessage(message as ChatMessage, `messages[${index}]`, rules, warnings),
    ),
  );
  return rules.toolParts ? cleaned : withTextResults(cleaned);
};

/** A function whose parameters are JSON Schema of draft 2020-12, against which the providers hold them. */
const withModernSchema = (tool: Loose, warnings: Set<string>): Loose => {
  if (!isRecord(tool.function) || !isRecord(tool.function.parameters)) return tool;
  const { parameters } = tool.function;
  const modern = toModernSchema(parameters, (keyword) => warnings.add(`tools.parameters.${keyword}`));
  if (modern === parameters) return tool;
  // What stood there may have been no map of properties, which OpenAI insists on.
  return { ...tool, function: { ...tool.function, parameters: { properties: {}, ...modern } } };
};

/**
 * Tools without marks that the provider refuses, and with schemas that it can read; the same list where nothing changes.
 * @throws GatewayError for a custom tool where the provider takes none.
 */
export const toTools = (
  tools: NonNullable<ChatRequest["tools"]>,
  rules: Pick<MessageRules, "cacheMarks" | "customTools">,
  warnings: Set<string>,
): readonly Loose[] =>
  mapSame<Loose>(tools, (tool, index) => {
    const form = tool.type === "custom" ? "custom" : "function";
    if (form === "custom" && !rules.customTools) throw refusedCustom(`tools[${index}].custom`);
    const readable = withModernSchema(tool, warnings);
    if (rules.cacheMarks) return readable;
    const definition = isRecord(readable[form]) ? readable[form] : {};
    if (!("cache_control" in readable) && !("cache_control" in definition)) return readable;
    warnings.add("cache_control");
    return { ...without(readable, ["cache_control"]), [form]: without(definition, ["cache_control"]) };
  });

/** A provider without any wishes of its own. */
export const plainRules: MessageRules = {
  cacheMarks: false,
  developerRole: true,
  names: true,
  imageDetail: true,
  refusals: false,
  ownFields: [],
  customTools: false,
  extraContent: false,
  brokenArguments: false,
  toolParts: false,
  refusedParts: {},
  toolCallId: (id) => id,
};

import { baseId, claudeId } from "#core/catalog/bedrock-id.ts";
import { toRequest } from "#core/providers/anthropic/to-request.ts";
import { embedImages } from "#core/providers/compatible/embed-images.ts";
import type { ProviderCall } from "#core/providers/provider.ts";
import { warningNames } from "#core/providers/warnings.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";
import { isRecord, type JsonRecord } from "#core/values/records.ts";
import { takesCachePoints } from "./model-id.ts";
import { type BlockRules, cachePointAfter, DocumentNames, toBlocks } from "./to-blocks.ts";

/**
 * A chat request as the body of Converse. It takes the way over Anthropic's form, which has the same turns and blocks: what
 * holds for a Claude model at Anthropic holds for it here.
 */

export interface ConverseRequest {
  readonly body: JsonRecord;
  readonly warnings: readonly string[];
}

/** Converse's own fields, which pass where the caller's key pays: they store, filter or change the price. */
const ownFields = ["guardrailConfig", "performanceConfig", "requestMetadata", "serviceTier"] as const;

/** Fields that are not Anthropic's business here. */
const takenOut = ["user", "safety_identifier", ...ownFields] as const;

interface Parts {
  readonly shaped: ChatRequest;
  readonly own: JsonRecord;
  readonly effort: string | undefined;
}

/** Splits off what Converse takes in another place, or not at all. */
const splitRequest = ({ request, credential }: ProviderCall, isClaude: boolean, warnings: Set<string>): Parts => {
  const shaped: Record<string, unknown> = { ...request };
  const own: Record<string, unknown> = {};
  for (const name of takenOut) {
    const value = shaped[name];
    delete shaped[name];
    if (value === undefined || value === null) continue;
    if (credential.byok && (ownFields as readonly string[]).includes(name)) own[name] = value;
    else warnings.add(name);
  }
  if (isClaude) return { shaped: shaped as ChatRequest, own, effort: undefined };
  for (const name of ["thinking", "output_config", "top_k"] as const) {
    if (shaped[name] !== undefined && shaped[name] !== null) warnings.add(name);
    delete shaped[name];
  }
  const effort = typeof shaped.reasoning_effort === "string" ? shaped.reasoning_effort : undefined;
  delete shaped.reasoning_effort;
  return { shaped: shaped as ChatRequest, own, effort };
};

/** How other vendors' models are asked to think: GPT by an effort, Nova 2 by its own object. */
const effortFields = (model: string, effort: string | undefined, warnings: Set<string>): JsonRecord => {
  if (effort === undefined) return {};
  const id = baseId(model);
  if (id.startsWith("openai.")) return { reasoning_effort: effort };
  if (id.startsWith("amazon.nova-2")) {
    if (effort === "none") return {};
    const nearest = effort === "minimal" ? "low" : effort === "xhigh" || effort === "max" ? "high" : effort;
    if (nearest !== effort) warnings.add("reasoning_effort");
    return { reasoningConfig: { type: "enabled", maxReasoningEffort: nearest } };
  }
  warnings.add("reasoning_effort");
  return {};
};

const hasToolBlocks = (messages: readonly JsonRecord[]): boolean =>
  messages.some(({ content }) =>
    (content as readonly JsonRecord[]).some((block) => "toolUse" in block || "toolResult" in block),
  );

const toToolChoice = (choice: unknown): JsonRecord | undefined => {
  if (!isRecord(choice)) return undefined;
  if (choice.type === "any") return { any: {} };
  return choice.type === "tool" ? { tool: { name: choice.name } } : { auto: {} };
};

const toTool = (tool: JsonRecord, isClaude: boolean, rules: BlockRules): readonly JsonRecord[] => {
  const { name, description, input_schema: schema, strict } = tool;
  if (strict === true && !isClaude) rules.warnings.add("tools.strict");
  const spec = {
    name,
    ...(typeof description === "string" && description !== "" ? { description } : {}),
    inputSchema: { json: schema },
    ...(strict === true && isClaude ? { strict: true } : {}),
  };
  return [{ toolSpec: spec }, ...cachePointAfter(tool, rules)];
};

/** Converse has no choice `none`: without tools in the history they are left out, else the model may call them. */
const toToolConfig = (
  { tools, tool_choice: choice }: JsonRecord,
  messages: readonly JsonRecord[],
  isClaude: boolean,
  rules: BlockRules,
): JsonRecord | undefined => {
  if (!Array.isArray(tools) || tools.length === 0) return undefined;
  const none = isRecord(choice) && choice.type === "none";
  const isNeeded = hasToolBlocks(messages);
  if (none && !isNeeded) return undefined;
  if (isRecord(choice) && choice.disable_parallel_tool_use === true) rules.warnings.add("parallel_tool_calls");
  const toolChoice = none ? undefined : toToolChoice(choice);
  return {
    tools: tools.filter(isRecord).flatMap((tool) => toTool(tool, isClaude, rules)),
    ...(toolChoice === undefined ? {} : { toolChoice }),
  };
};

const toTextFormat = (format: unknown): JsonRecord | undefined => {
  if (!isRecord(format) || format.type !== "json_schema") return undefined;
  const jsonSchema = { name: "answer", schema: JSON.stringify(format.schema) };
  return { textFormat: { type: "json_schema", structure: { jsonSchema } } };
};

/** What Converse has no field for, in the model's own form. */
const additionalFields = (body: JsonRecord, isClaude: boolean): JsonRecord => {
  if (!isClaude) return {};
  const { thinking, top_k: topK, output_config: config } = body;
  const { format: _, ...output } = isRecord(config) ? config : {};
  return {
    ...(thinking === undefined ? {} : { thinking }),
    ...(topK === undefined ? {} : { top_k: topK }),
    ...(Object.keys(output).length === 0 ? {} : { output_config: output }),
  };
};

const inferenceConfig = (body: JsonRecord, limited: boolean): JsonRecord => ({
  ...(limited ? { maxTokens: body.max_tokens } : {}),
  ...(body.temperature === undefined ? {} : { temperature: body.temperature }),
  ...(body.top_p === undefined ? {} : { topP: body.top_p }),
  ...(body.stop_sequences === undefined ? {} : { stopSequences: body.stop_sequences }),
});

const isLimited = ({ max_tokens: older, max_completion_tokens: newer }: ChatRequest): boolean =>
  typeof older === "number" || typeof newer === "number";

const unlessEmpty = (name: string, value: JsonRecord | undefined): JsonRecord =>
  value === undefined || Object.keys(value).length === 0 ? {} : { [name]: value };

/** Marks the end of what was said so far, where the caller asks for it without saying where. */
const markEnd = (messages: readonly JsonRecord[], mark: unknown, rules: BlockRules): readonly JsonRecord[] => {
  const last = messages.at(-1);
  if (!isRecord(mark) || last === undefined) return messages;
  const point = cachePointAfter({ cache_control: mark }, rules);
  return [...messages.slice(0, -1), { ...last, content: [...(last.content as readonly JsonRecord[]), ...point] }];
};

/** The body of Converse and ConverseStream. @throws GatewayError for what the caller must change, before any call */
export const toConverse = async (call: ProviderCall): Promise<ConverseRequest> => {
  const warnings = new Set<string>();
  const claude = claudeId(call.model);
  const isClaude = claude !== undefined;
  const { shaped, own, effort } = splitRequest(call, isClaude, warnings);
  const messagesWithImages = await embedImages(shaped.messages as unknown as readonly JsonRecord[], call.signal);
  const request = { ...shaped, messages: messagesWithImages as unknown as ChatRequest["messages"] };
  const options = { model: claude ?? "another", byok: false, provider: "bedrock" } as const;
  const anthropic = toRequest(request, options);
  const body = anthropic.body as unknown as JsonRecord;
  const rules: BlockRules = { thoughts: isClaude, cachePoints: takesCachePoints(call.model), warnings };
  const names = new DocumentNames();
  const turns = (body.messages as readonly JsonRecord[])
    .map(({ role, content }) => ({ role, content: toBlocks(content, rules, names) }))
    .filter(({ content }) => content.length > 0);
  const messages = markEnd(turns, body.cache_control, rules);
  const system = Array.isArray(body.system) ? toBlocks(body.system, rules, names) : [];
  const config = isRecord(body.output_config) ? body.output_config : {};
  const converse = {
    messages,
    ...(system.length === 0 ? {} : { system }),
    ...unlessEmpty("inferenceConfig", inferenceConfig(body, isClaude || isLimited(request))),
    ...unlessEmpty("toolConfig", toToolConfig(body, messages, isClaude, rules)),
    ...unlessEmpty("outputConfig", toTextFormat(config.format)),
    ...unlessEmpty("additionalModelRequestFields", {
      ...additionalFields(body, isClaude),
      ...effortFields(call.model, effort, warnings),
    }),
    ...own,
  };
  return { body: converse, warnings: warningNames(new Set([...anthropic.warnings, ...warnings])) };
};

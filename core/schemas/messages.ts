import * as z from "zod/mini";
import { webUrlProblem } from "#core/outbound/web-url.ts";

/**
 * The request of POST /api/v1/messages: Anthropic's fields, checked where a wrong one could only be answered wrongly. What we
 * do not know (fields, block types, tool types) passes the check, since clients send new ones before anybody has heard of them.
 */

const text = z.string().check(z.minLength(1));
const numberIn = (least: number, most: number) => z.number().check(z.gte(least), z.lte(most));

/** Clients send null for absent. */
const orNull = <Schema extends z.ZodMiniType>(schema: Schema) => z.nullish(schema);

const textBlock = z.looseObject({ type: z.literal("text"), text: z.string() });

const base64Source = z.looseObject({ type: z.literal("base64"), media_type: text, data: z.string() });
/** Anthropic may be sent a source as it came, and fetches it: it leads to no private network. */
const urlSource = z.looseObject({
  type: z.literal("url"),
  url: text.check((payload) => {
    const problem = webUrlProblem(payload.value, "http", Number.POSITIVE_INFINITY);
    if (problem === undefined) return;
    const message = `cannot be used: ${problem}`;
    payload.issues.push({ code: "custom", message, input: payload.value });
  }),
});
const textSource = z.looseObject({ type: z.literal("text"), data: z.string() });

/** Types that are checked, and any other. */
const orOther = <Known extends z.ZodMiniType>(known: Known, types: readonly string[]) =>
  z.union([
    known,
    z.looseObject({
      type: z.string().check(
        z.minLength(1),
        // Aborts, or the union would name this fault rather than the one inside the block.
        z.refine((type) => !types.includes(type), { error: "must have the fields of this type", abort: true }),
      ),
    }),
  ]);

const imageSource = orOther(z.discriminatedUnion("type", [base64Source, urlSource]), ["base64", "url"]);
const documentSource = orOther(z.discriminatedUnion("type", [base64Source, urlSource, textSource]), [
  "base64",
  "url",
  "text",
]);

const imageBlock = z.looseObject({ type: z.literal("image"), source: imageSource });
const documentBlock = z.looseObject({
  type: z.literal("document"),
  source: documentSource,
  title: orNull(z.string()),
  context: orNull(z.string()),
});
const searchResultBlock = z.looseObject({
  type: z.literal("search_result"),
  source: z.string(),
  title: z.string(),
  content: z.array(textBlock),
});

const knownResultPart = z.discriminatedUnion("type", [textBlock, imageBlock, documentBlock, searchResultBlock]);
const resultPartTypes = ["text", "image", "document", "search_result"];
const resultPart = orOther(knownResultPart, resultPartTypes);
const toolResultBlock = z.looseObject({
  type: z.literal("tool_result"),
  tool_use_id: text,
  content: orNull(z.union([z.string(), z.array(resultPart)])),
  is_error: orNull(z.boolean()),
});
const toolUseBlock = z.looseObject({
  type: z.literal("tool_use"),
  id: text,
  name: text,
  input: z.record(z.string(), z.unknown()),
});
const thinkingBlock = z.looseObject({
  type: z.literal("thinking"),
  thinking: z.string(),
  signature: orNull(z.string()),
});
const redactedBlock = z.looseObject({ type: z.literal("redacted_thinking"), data: z.string() });

const knownBlock = z.discriminatedUnion("type", [
  textBlock,
  imageBlock,
  documentBlock,
  searchResultBlock,
  toolResultBlock,
  toolUseBlock,
  thinkingBlock,
  redactedBlock,
]);
const blockTypes = [...resultPartTypes, "tool_result", "tool_use", "thinking", "redacted_thinking"];
const block = orOther(knownBlock, blockTypes);

const message = z.looseObject({
  role: z.enum(["user", "assistant", "system"]),
  content: z.union([z.string(), z.array(block)]),
});

const toolName = z.string().check(z.regex(/^[a-zA-Z0-9_-]{1,128}$/, "must match ^[a-zA-Z0-9_-]{1,128}$"));

/** A tool of the client's own. Every other type is Anthropic's. */
const ownTool = z.looseObject({
  type: orNull(z.literal("custom")),
  name: toolName,
  description: orNull(z.string()),
  input_schema: z.looseObject({ type: z.literal("object") }),
  strict: orNull(z.boolean()),
});
const otherTool = z.looseObject({
  type: z.string().check(
    z.minLength(1),
    z.refine((type) => type !== "custom", { error: "must have the fields of a custom tool", abort: true }),
  ),
});
const tool = z.union([ownTool, otherTool]);

const toolChoice = z.looseObject({
  type: z.enum(["auto", "any", "tool", "none"]),
  name: z.optional(z.string()),
  disable_parallel_tool_use: orNull(z.boolean()),
});

const jsonFormat = z.looseObject({
  type: z.literal("json_schema"),
  schema: z.record(z.string(), z.unknown()),
});

const messagesFields = {
  model: text.check(z.maxLength(200)),
  messages: z.array(message).check(z.minLength(1), z.maxLength(10_000)),
  system: orNull(z.union([z.string(), z.array(orOther(textBlock, ["text"]))])),
  tools: orNull(z.array(tool).check(z.maxLength(1_000))),
  tool_choice: orNull(toolChoice),
  thinking: orNull(z.looseObject({ type: text, budget_tokens: orNull(z.int().check(z.gte(1))) })),
  output_config: orNull(
    z.looseObject({ effort: orNull(z.string().check(z.maxLength(20))), format: orNull(jsonFormat) }),
  ),
  /** What `output_config.format` was called before. */
  output_format: orNull(jsonFormat),
};

export const messagesRequestSchema = z.looseObject({
  ...messagesFields,
  max_tokens: z.int().check(z.gte(1)),
  stream: orNull(z.boolean()),
  temperature: orNull(numberIn(0, 1)),
  top_p: orNull(numberIn(0, 1)),
  top_k: orNull(z.int().check(z.gte(0))),
  stop_sequences: orNull(z.array(z.string()).check(z.maxLength(1_000))),
  metadata: orNull(z.looseObject({ user_id: orNull(z.string().check(z.maxLength(512))) })),
});

/** The request of POST /api/v1/messages/count_tokens. */
export const countTokensRequestSchema = z.looseObject(messagesFields);

export type MessagesRequest = z.infer<typeof messagesRequestSchema>;
export type CountTokensRequest = z.infer<typeof countTokensRequestSchema>;
export type MessagesTurn = MessagesRequest["messages"][number];
export type OwnTool = z.infer<typeof ownTool>;

/** A block of a type that we know. */
export type KnownBlock = z.infer<typeof knownBlock>;
export type BlockOf<Type extends KnownBlock["type"]> = Extract<KnownBlock, { type: Type }>;
type Typed = { readonly type: string };

/** Whether a block, or a part of a tool's result, is of a type that was checked. */
export const isKnownBlock = (block: Typed): block is KnownBlock => blockTypes.includes(block.type);

/** Whether a tool is the client's own rather than one that Anthropic defines. */
export const isOwnTool = (tool: object): tool is OwnTool =>
  !("type" in tool) || tool.type === undefined || tool.type === null || tool.type === "custom";

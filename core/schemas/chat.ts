import * as z from "zod/mini";

/**
 * The request of POST /api/v1/chat/completions. OpenAI's fields are checked where a wrong one would break us or the
 * contract; everything else passes through to the provider as it came.
 */

const text = z.string().check(z.minLength(1));
const textTo = (length: number) => text.check(z.maxLength(length));
const numberIn = (least: number, most: number) => z.number().check(z.gte(least), z.lte(most));
const integerIn = (least: number, most: number) => z.int().check(z.gte(least), z.lte(most));

/** A field that may also be null, which is as if it were not there: what OpenAI does, and what clients send for "none". */
const absentWhenNull = <Schema extends z.ZodMiniType>(schema: Schema) =>
  z.optional(
    z.pipe(
      z.nullable(schema),
      z.transform((value) => value ?? undefined),
    ),
  );

const textPart = z.looseObject({ type: z.literal("text"), text: z.string() });
const imagePart = z.looseObject({
  type: z.literal("image_url"),
  image_url: z.looseObject({ url: text, detail: z.optional(z.string()) }),
});
const audioPart = z.looseObject({
  type: z.literal("input_audio"),
  input_audio: z.looseObject({ data: z.string(), format: z.string() }),
});
const filePart = z.looseObject({
  type: z.literal("file"),
  file: z.looseObject({
    file_data: z.optional(z.string()),
    filename: z.optional(z.string()),
    file_id: z.optional(z.string()),
  }),
});
const refusalPart = z.looseObject({ type: z.literal("refusal"), refusal: z.string() });

const userPart = z.discriminatedUnion("type", [textPart, imagePart, audioPart, filePart]);
const assistantPart = z.discriminatedUnion("type", [textPart, refusalPart]);

/** What is said of a tool, a call or a choice of another type. */
const eitherForm = "must be function or custom";

const toolCall = z.discriminatedUnion(
  "type",
  [
    z.looseObject({
      id: text,
      type: z._default(z.optional(z.literal("function")), "function"),
      function: z.looseObject({ name: text, arguments: z.string() }),
    }),
    z.looseObject({
      id: text,
      type: z.literal("custom"),
      custom: z.looseObject({ name: text, input: z.string() }),
    }),
  ],
  eitherForm,
);

const textContent = z.union([z.string(), z.array(textPart).check(z.minLength(1))]);

const messageSchema = z.discriminatedUnion("role", [
  z.looseObject({ role: z.literal("system"), content: textContent, name: absentWhenNull(z.string()) }),
  z.looseObject({ role: z.literal("developer"), content: textContent, name: absentWhenNull(z.string()) }),
  z.looseObject({
    role: z.literal("user"),
    content: z.union([z.string(), z.array(userPart).check(z.minLength(1))]),
    name: absentWhenNull(z.string()),
  }),
  z.looseObject({
    role: z.literal("assistant"),
    content: z.nullish(z.union([z.string(), z.array(assistantPart)])),
    name: absentWhenNull(z.string()),
    refusal: z.nullish(z.string()),
    tool_calls: absentWhenNull(z.array(toolCall)),
  }),
  z.looseObject({
    role: z.literal("tool"),
    content: z.union([z.string(), z.array(userPart).check(z.minLength(1))]),
    tool_call_id: text,
  }),
]);

const toolName = /^[a-zA-Z0-9_-]{1,64}$/;

/**
 * A tool's schema as all providers take it. Arguments are always an object, so that a root without a type is one; OpenAI
 * refuses an object that names no properties.
 */
const withProperties = (schema: Record<string, unknown>): Record<string, unknown> => {
  const typed = (schema.type ?? undefined) === undefined ? { ...schema, type: "object" } : schema;
  return typed.type === "object" && (typed.properties ?? undefined) === undefined
    ? { ...typed, properties: {} }
    : typed;
};

const namedTool = z.string().check(z.regex(toolName, "must match ^[a-zA-Z0-9_-]{1,64}$"));

const functionTool = z.looseObject({
  type: z.literal("function"),
  function: z.looseObject({
    name: namedTool,
    description: absentWhenNull(z.string()),
    parameters: z.optional(
      z.pipe(
        z.nullable(z.record(z.string(), z.unknown())),
        z.transform((schema) => (schema === null ? undefined : withProperties(schema))),
      ),
    ),
    strict: z.nullish(z.boolean()),
  }),
});

/** Takes free text instead of JSON, or text of a grammar. */
const customTool = z.looseObject({
  type: z.literal("custom"),
  custom: z.looseObject({
    name: namedTool,
    description: absentWhenNull(z.string()),
    format: absentWhenNull(
      z.discriminatedUnion(
        "type",
        [
          z.looseObject({ type: z.literal("text") }),
          z.looseObject({
            type: z.literal("grammar"),
            grammar: z.looseObject({ definition: text, syntax: z.enum(["lark", "regex"]) }),
          }),
        ],
        "must be text or grammar",
      ),
    ),
  }),
});

const tool = z.discriminatedUnion("type", [functionTool, customTool], eitherForm);

const functionName = z.looseObject({ type: z.literal("function"), function: z.looseObject({ name: z.string() }) });
const customName = z.looseObject({ type: z.literal("custom"), custom: z.looseObject({ name: z.string() }) });

const toolChoice = z.union(
  [
    z.enum(["auto", "none", "required"]),
    z.discriminatedUnion(
      "type",
      [
        functionName,
        customName,
        z.looseObject({
          type: z.literal("allowed_tools"),
          allowed_tools: z.looseObject({
            mode: z.enum(["auto", "required"]),
            tools: z.array(z.discriminatedUnion("type", [functionName, customName], eitherForm)).check(z.minLength(1)),
          }),
        }),
      ],
      "must be function, custom or allowed_tools",
    ),
  ],
  "must be auto, none, required, or an object",
);

const responseFormat = z.discriminatedUnion("type", [
  z.looseObject({ type: z.literal("text") }),
  z.looseObject({ type: z.literal("json_object") }),
  z.looseObject({
    type: z.literal("json_schema"),
    json_schema: z.looseObject({
      name: text,
      schema: z.optional(z.record(z.string(), z.unknown())),
      strict: z.nullish(z.boolean()),
    }),
  }),
]);

const guardrailType = z.enum(["pii", "content_moderation"]);
const guardrail = z.union([
  guardrailType,
  z.strictObject({ type: guardrailType, action: z.enum(["block", "redact", "flag"]) }),
]);

const guardrails = z.array(guardrail).check(z.maxLength(8));

const modelName = textTo(200);

/** Of a streamed request, which has the longest. */
export const maxTimeoutMs = 300_000;

const chatFields = z.looseObject({
  model: modelName,
  /** Empty only beside a prompt, whose own messages may be all. */
  messages: z.array(messageSchema).check(z.maxLength(2_000)),
  stream: z.nullish(z.boolean()),
  stream_options: z.nullish(z.looseObject({ include_usage: z.nullish(z.boolean()) })),
  temperature: z.nullish(numberIn(0, 2)),
  top_p: z.nullish(numberIn(0, 1)),
  max_tokens: z.nullish(z.int().check(z.gte(1))),
  max_completion_tokens: z.nullish(z.int().check(z.gte(1))),
  frequency_penalty: z.nullish(numberIn(-2, 2)),
  presence_penalty: z.nullish(numberIn(-2, 2)),
  n: z.nullish(integerIn(1, 128)),
  stop: z.nullish(z.union([z.string(), z.array(z.string()).check(z.maxLength(16))])),
  tools: absentWhenNull(z.array(tool).check(z.maxLength(128))),
  tool_choice: absentWhenNull(toolChoice),
  parallel_tool_calls: z.nullish(z.boolean()),
  response_format: z.nullish(responseFormat),
  reasoning_effort: z.nullish(z.string().check(z.maxLength(20))),
  seed: z.nullish(z.int()),
  user: z.nullish(z.string()),
  // The gateway's own fields.
  fallback: absentWhenNull(z.array(modelName).check(z.maxLength(8))),
  retries: absentWhenNull(integerIn(0, 5)),
  timeout: absentWhenNull(integerIn(1, maxTimeoutMs)),
  load_balance: absentWhenNull(
    z.strictObject({
      strategy: z.enum(["weighted", "round_robin", "latency", "cost"]),
      targets: z
        .array(
          z.strictObject({
            model: modelName,
            weight: z.optional(numberIn(0, 1_000_000)),
            provider_key: z.optional(textTo(64)),
          }),
        )
        .check(z.minLength(1), z.maxLength(16)),
    }),
  ),
  guardrails: absentWhenNull(z.strictObject({ input: z.optional(guardrails), output: z.optional(guardrails) })),
  prompt_id: absentWhenNull(textTo(200)),
  prompt_version: absentWhenNull(z.union([z.int().check(z.gte(1)), textTo(100)])),
  prompt_variables: absentWhenNull(z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]))),
});

export const chatRequestSchema = chatFields.check(
  z.refine(({ messages, prompt_id: prompt }) => messages.length > 0 || typeof prompt === "string", {
    path: ["messages"],
    error: "must have at least 1 message, unless prompt_id is set",
  }),
);

export type ChatRequest = z.infer<typeof chatRequestSchema>;
export type ChatMessage = ChatRequest["messages"][number];
export type ChatTool = NonNullable<ChatRequest["tools"]>[number];
export type FunctionTool = Extract<ChatTool, { type: "function" }>;
export type ChatToolChoice = NonNullable<ChatRequest["tool_choice"]>;
export type ChatToolCall = NonNullable<Extract<ChatMessage, { role: "assistant" }>["tool_calls"]>[number];

/** The fields that only the gateway reads. No provider is ever sent one. */
export const gatewayFields = [
  "fallback",
  "retries",
  "timeout",
  "load_balance",
  "guardrails",
  "prompt_id",
  "prompt_version",
  "prompt_variables",
] as const satisfies readonly (keyof ChatRequest)[];

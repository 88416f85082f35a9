import * as z from "zod";

/**
 * The request of POST /api/v1/chat/completions. OpenAI's fields are checked where a wrong one would break us or the
 * contract; everything else passes through to the provider as it came.
 */

const textPart = z.looseObject({ type: z.literal("text"), text: z.string() });
const imagePart = z.looseObject({
  type: z.literal("image_url"),
  image_url: z.looseObject({ url: z.string().min(1), detail: z.string().optional() }),
});
const audioPart = z.looseObject({
  type: z.literal("input_audio"),
  input_audio: z.looseObject({ data: z.string(), format: z.string() }),
});
const filePart = z.looseObject({
  type: z.literal("file"),
  file: z.looseObject({
    file_data: z.string().optional(),
    filename: z.string().optional(),
    file_id: z.string().optional(),
  }),
});
const refusalPart = z.looseObject({ type: z.literal("refusal"), refusal: z.string() });

const userPart = z.discriminatedUnion("type", [textPart, imagePart, audioPart, filePart]);
const assistantPart = z.discriminatedUnion("type", [textPart, refusalPart]);

const toolCall = z.looseObject({
  id: z.string().min(1),
  type: z.literal("function").default("function"),
  function: z.looseObject({ name: z.string().min(1), arguments: z.string() }),
});

const textContent = z.union([z.string(), z.array(textPart).min(1)]);

export const messageSchema = z.discriminatedUnion("role", [
  z.looseObject({ role: z.literal("system"), content: textContent, name: z.string().optional() }),
  z.looseObject({ role: z.literal("developer"), content: textContent, name: z.string().optional() }),
  z.looseObject({
    role: z.literal("user"),
    content: z.union([z.string(), z.array(userPart).min(1)]),
    name: z.string().optional(),
  }),
  z.looseObject({
    role: z.literal("assistant"),
    content: z.union([z.string(), z.array(assistantPart)]).nullish(),
    name: z.string().optional(),
    refusal: z.string().nullish(),
    tool_calls: z.array(toolCall).optional(),
  }),
  z.looseObject({ role: z.literal("tool"), content: textContent, tool_call_id: z.string().min(1) }),
]);

const toolName = /^[a-zA-Z0-9_-]{1,64}$/;

const tool = z.looseObject({
  type: z.literal("function"),
  function: z.looseObject({
    name: z.string().regex(toolName, "must match ^[a-zA-Z0-9_-]{1,64}$"),
    description: z.string().optional(),
    parameters: z.record(z.string(), z.unknown()).optional(),
    strict: z.boolean().nullish(),
  }),
});

const toolChoice = z.union([
  z.enum(["auto", "none", "required"]),
  z.looseObject({ type: z.literal("function"), function: z.looseObject({ name: z.string() }) }),
]);

const responseFormat = z.discriminatedUnion("type", [
  z.looseObject({ type: z.literal("text") }),
  z.looseObject({ type: z.literal("json_object") }),
  z.looseObject({
    type: z.literal("json_schema"),
    json_schema: z.looseObject({
      name: z.string().min(1),
      schema: z.record(z.string(), z.unknown()).optional(),
      strict: z.boolean().nullish(),
    }),
  }),
]);

const guardrailType = z.enum(["pii", "content_moderation"]);
const guardrail = z.union([
  guardrailType,
  z.strictObject({ type: guardrailType, action: z.enum(["block", "redact", "flag"]) }),
]);

const modelName = z.string().min(1).max(200);

export const maxTimeoutMs = 300_000;

export const chatRequestSchema = z.looseObject({
  model: modelName,
  messages: z.array(messageSchema).min(1).max(2_000),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  max_tokens: z.int().min(1).nullish(),
  max_completion_tokens: z.int().min(1).nullish(),
  frequency_penalty: z.number().min(-2).max(2).nullish(),
  presence_penalty: z.number().min(-2).max(2).nullish(),
  n: z.int().min(1).max(128).nullish(),
  stop: z.union([z.string(), z.array(z.string()).max(16)]).nullish(),
  tools: z.array(tool).max(128).optional(),
  tool_choice: toolChoice.optional(),
  parallel_tool_calls: z.boolean().nullish(),
  response_format: responseFormat.nullish(),
  reasoning_effort: z.string().max(20).nullish(),
  seed: z.int().nullish(),
  user: z.string().nullish(),
  // The gateway's own fields.
  fallback: z.array(modelName).max(8).optional(),
  retries: z.int().min(0).max(5).optional(),
  timeout: z.int().min(1).max(maxTimeoutMs).optional(),
  load_balance: z
    .strictObject({
      strategy: z.enum(["weighted", "round_robin", "latency", "cost"]),
      targets: z
        .array(
          z.strictObject({
            model: modelName,
            weight: z.number().min(0).max(1_000_000).optional(),
            provider_key: z.string().min(1).max(64).optional(),
          }),
        )
        .min(1)
        .max(16),
    })
    .optional(),
  guardrails: z
    .strictObject({ input: z.array(guardrail).max(8).optional(), output: z.array(guardrail).max(8).optional() })
    .optional(),
  prompt_id: z.string().min(1).max(200).optional(),
  prompt_version: z.union([z.int().min(1), z.string().min(1).max(100)]).optional(),
  prompt_variables: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
});

export type ChatRequest = z.infer<typeof chatRequestSchema>;
export type ChatMessage = ChatRequest["messages"][number];
export type ChatTool = NonNullable<ChatRequest["tools"]>[number];

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

import * as z from "zod/mini";
import { chatRequestSchema } from "./chat.ts";

/**
 * The request of POST /api/v1/responses. Items and tools are read one by one where they are mapped (`core/dialects/responses`):
 * there are dozens of types, agents send ones that nobody documents, and a request must not fail by one that nobody needs.
 */

const isEmpty = (value: unknown): boolean =>
  value === null || value === "" || (typeof value === "object" && Object.keys(value as object).length === 0);

/** A field that may also be null, `{}`, `[]` or "", which is as if it were not there: clients send all four. */
const absentWhenEmpty = <Schema extends z.ZodMiniType>(schema: Schema) =>
  z.optional(
    z.pipe(
      z.nullable(schema),
      z.transform((value) => (isEmpty(value) ? undefined : value) as z.output<Schema> | undefined),
    ),
  );

const record = z.record(z.string(), z.unknown());
const textTo = (length: number) => z.string().check(z.maxLength(length));
const numberIn = (least: number, most: number) => z.number().check(z.gte(least), z.lte(most));

/** An item of the input: its members are checked where it is mapped. */
const item = record;

const textFormat = z.discriminatedUnion("type", [
  z.looseObject({ type: z.literal("text") }),
  z.looseObject({ type: z.literal("json_object") }),
  z.looseObject({
    type: z.literal("json_schema"),
    name: z.string().check(z.minLength(1)),
    schema: z.optional(record),
    description: absentWhenEmpty(z.string()),
    strict: z.nullish(z.boolean()),
  }),
]);

/** The gateway's own fields mean the same as in a chat completion. */
const { fallback, retries, timeout, load_balance, guardrails } = chatRequestSchema.shape;

/** Items and tools that one request may have. A conversation of hundreds of turns fits. */
const maxItems = 8_000;
const maxTools = 128;

export const responsesRequestSchema = z.looseObject({
  model: z.string().check(z.minLength(1), z.maxLength(200)),
  input: z.optional(
    z.union([z.string(), z.array(item).check(z.maxLength(maxItems))], "must be a text or a list of items"),
  ),
  instructions: absentWhenEmpty(z.string()),
  tools: absentWhenEmpty(z.array(record).check(z.maxLength(maxTools))),
  tool_choice: absentWhenEmpty(z.union([z.string(), record], "must be a text or an object")),
  parallel_tool_calls: absentWhenEmpty(z.boolean()),
  max_tool_calls: absentWhenEmpty(z.int()),
  reasoning: absentWhenEmpty(
    z.looseObject({
      effort: absentWhenEmpty(textTo(20)),
      summary: absentWhenEmpty(textTo(20)),
    }),
  ),
  text: absentWhenEmpty(z.looseObject({ format: absentWhenEmpty(textFormat), verbosity: absentWhenEmpty(textTo(20)) })),
  include: absentWhenEmpty(z.array(textTo(100)).check(z.maxLength(32))),
  max_output_tokens: absentWhenEmpty(z.int().check(z.gte(1))),
  temperature: absentWhenEmpty(numberIn(0, 2)),
  top_p: absentWhenEmpty(numberIn(0, 1)),
  top_logprobs: absentWhenEmpty(z.int().check(z.gte(0), z.lte(20))),
  truncation: absentWhenEmpty(textTo(20)),
  prompt_cache_key: absentWhenEmpty(z.string()),
  prompt_cache_retention: absentWhenEmpty(z.string()),
  safety_identifier: absentWhenEmpty(z.string()),
  user: absentWhenEmpty(z.string()),
  metadata: absentWhenEmpty(record),
  client_metadata: absentWhenEmpty(record),
  service_tier: absentWhenEmpty(textTo(40)),
  stream: absentWhenEmpty(z.boolean()),
  stream_options: absentWhenEmpty(record),
  store: absentWhenEmpty(z.boolean()),
  background: absentWhenEmpty(z.boolean()),
  previous_response_id: absentWhenEmpty(z.string()),
  conversation: absentWhenEmpty(z.union([z.string(), record])),
  prompt: absentWhenEmpty(record),
  context_management: absentWhenEmpty(z.array(record)),
  // The gateway's own fields.
  fallback,
  retries,
  timeout,
  load_balance,
  guardrails,
});

export type ResponsesRequest = z.infer<typeof responsesRequestSchema>;

import * as z from "zod";
import { messagesErrorAnswer } from "./answers.ts";

/** What POST /api/v1/messages and its count answer, for the OpenAPI document and the tests that hold answers against it. */

const block = z.looseObject({ type: z.string() });
const usage = z.looseObject({
  input_tokens: z.int().min(0),
  output_tokens: z.int().min(0),
  cache_creation_input_tokens: z.int().min(0).nullish(),
  cache_read_input_tokens: z.int().min(0).nullish(),
});

export const messageAnswer = z
  .looseObject({
    id: z.string(),
    type: z.literal("message"),
    role: z.literal("assistant"),
    model: z.string(),
    content: z.array(block),
    stop_reason: z.string().nullable(),
    stop_sequence: z.string().nullable(),
    usage,
  })
  .meta({ id: "Message" });

/** The data of each event of a streamed message. */
export const messageEvent = z.union([
  z.looseObject({ type: z.literal("message_start"), message: messageAnswer }),
  z.looseObject({ type: z.literal("content_block_start"), index: z.int(), content_block: block }),
  z.looseObject({ type: z.literal("content_block_delta"), index: z.int(), delta: block }),
  z.looseObject({ type: z.literal("content_block_stop"), index: z.int() }),
  z.looseObject({ type: z.literal("message_delta"), delta: z.looseObject({ stop_reason: z.string() }) }),
  z.looseObject({ type: z.literal("message_stop") }),
  z.looseObject({ type: z.literal("ping") }),
  messagesErrorAnswer,
]);

export const tokenCount = z.looseObject({ input_tokens: z.int().min(0) }).meta({ id: "TokenCount" });

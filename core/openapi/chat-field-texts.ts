import type * as z from "zod";
import { chatRequestSchema, type gatewayFields } from "#core/schemas/chat.ts";

/**
 * What the gateway's own fields of a chat completion mean. The schema itself has no descriptions: a chat loads it, and nobody
 * reads them there.
 */
const texts = {
  fallback: "Models that are tried in order when the one before fails. Never sent to a provider.",
  retries: "Further attempts at each model after a transient failure; default 2",
  timeout: "Milliseconds for the whole request, all attempts included; default 60000, at most 290000 unless streamed",
  load_balance:
    "Targets that replace `model`, in an order that `strategy` chooses: by `weight`, in turn, by recent latency, or by list price",
  guardrails: "Checks of input and output. A bare name blocks; `redact` and `flag` are further actions",
  prompt_id: "A Langfuse prompt template whose messages are added to the request",
  prompt_version: "A version or a label of the prompt; default: the label `production`",
  prompt_variables: "Values of the prompt's variables",
} as const satisfies Readonly<Record<(typeof gatewayFields)[number], string>>;

/** By the schema of the field. */
export const chatFieldTexts: ReadonlyMap<z.core.$ZodType, string> = new Map(
  Object.entries(texts).map(([name, text]) => [chatRequestSchema.shape[name as keyof typeof texts], text]),
);

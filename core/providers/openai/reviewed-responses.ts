import type { Review } from "#core/providers/review.ts";

/**
 * What of a Responses request leaves with the platform's key: fields, items, parts and tools that neither store anything nor
 * change the price nor make OpenAI call somebody's address. What is not here is dropped and named in `X-Warnings`.
 *
 * `store`, `previous_response_id`,
 * `conversation`, `prompt`, `background` (they store or find); `service_tier`, `context_management`, `prompt_cache_retention`,
 * `image`, `moderation`, `reasoning.mode`, hosted tools (they change the price); `metadata` (it is kept with what is stored);
 * file ids and file URLs are left out on purpose.
 */

export const responsesReview: Review = {
  reviewed: "2026-11-29",
  sources: ["openai@7.57", "https://platform.openai.com/docs/api-reference/responses"],
};

/** Members by type. */
export type ReviewedMembers = Readonly<Record<string, readonly string[]>>;

export const reviewedFields = [
  "input",
  "instructions",
  "tools",
  "tool_choice",
  "parallel_tool_calls",
  "reasoning",
  "text",
  "include",
  "max_output_tokens",
  "temperature",
  "top_p",
  "top_logprobs",
  "truncation",
  "prompt_cache_key",
  "safety_identifier",
  "user",
  "stream",
  "stream_options",
] as const;

/** Members of fields that are objects. */
export const reviewedMembers: ReviewedMembers = {
  reasoning: ["effort", "summary"],
  text: ["format", "verbosity"],
  stream_options: ["include_obfuscation"],
};

export const reviewedIncludes: readonly string[] = ["reasoning.encrypted_content", "message.output_text.logprobs"];

/** Ids are left out but of reasoning: OpenAI refuses those of others, and looks up none that it has not stored. */
export const reviewedItems: ReviewedMembers = {
  message: ["type", "role", "content", "status", "phase"],
  reasoning: ["type", "id", "summary", "content", "encrypted_content", "status"],
  function_call: ["type", "call_id", "name", "namespace", "arguments", "status"],
  function_call_output: ["type", "call_id", "output", "status"],
  custom_tool_call: ["type", "call_id", "name", "namespace", "input", "status"],
  custom_tool_call_output: ["type", "call_id", "output", "status"],
  compaction: ["type", "id", "encrypted_content"],
};

export const reviewedParts: ReviewedMembers = {
  input_text: ["type", "text"],
  output_text: ["type", "text", "annotations"],
  refusal: ["type", "refusal"],
  input_image: ["type", "image_url", "detail"],
  input_file: ["type", "file_data", "filename"],
};

export const reviewedTools: ReviewedMembers = {
  function: ["type", "name", "description", "parameters", "strict"],
  custom: ["type", "name", "description", "format"],
  namespace: ["type", "name", "description", "tools"],
};

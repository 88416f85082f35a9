import type { Review } from "#core/providers/review.ts";

/**
 * What of a Messages request leaves with the platform's key: fields, blocks, tools and betas that neither store anything nor
 * change the price unseen nor make Anthropic call somebody's address. What is not here is dropped and named in `X-Warnings`.
 *
 * What agents were recorded to send is among it. `container`,
 * `mcp_servers`, file ids (they store or find); `service_tier`, `speed`, `inference_geo`, hosted tools, `context-1m` (they
 * change the price); compaction (its tokens are not in `usage`); documents by URL are left out on purpose. A cache lifetime
 * of one hour is priced and metered.
 */

export const messagesReview: Review = {
  reviewed: "2026-11-29",
  sources: ["@anthropic-ai/sdk@1.12"],
};

/** Members by type, or by the field that holds them. */
export type ReviewedMembers = Readonly<Record<string, readonly string[]>>;

export const reviewedFields: readonly string[] = [
  "messages",
  "system",
  "tools",
  "tool_choice",
  "max_tokens",
  "stream",
  "temperature",
  "top_p",
  "top_k",
  "stop_sequences",
  "thinking",
  "output_config",
  "metadata",
  "context_management",
  "cache_control",
];

/** Members of fields that are objects. */
export const reviewedMembers: ReviewedMembers = {
  tool_choice: ["type", "name", "disable_parallel_tool_use"],
  thinking: ["type", "budget_tokens", "display"],
  output_config: ["effort", "format"],
  metadata: ["user_id"],
  context_management: ["edits"],
};

export const reviewedEdits: readonly string[] = ["clear_thinking_20251015", "clear_tool_uses_20250919"];

export const reviewedTurn: readonly string[] = ["role", "content", "output_config"];

export const reviewedBlocks: ReviewedMembers = {
  text: ["type", "text", "citations", "cache_control"],
  image: ["type", "source", "cache_control", "transformations"],
  document: ["type", "source", "title", "context", "citations", "cache_control"],
  search_result: ["type", "source", "title", "content", "citations", "cache_control"],
  thinking: ["type", "thinking", "signature"],
  redacted_thinking: ["type", "data"],
  tool_use: ["type", "id", "name", "input", "caller", "cache_control", "toolset_name"],
  tool_result: ["type", "tool_use_id", "content", "is_error", "cache_control", "toolset_name"],
  tool_reference: ["type", "tool_name", "cache_control"],
};

export const reviewedSources: readonly string[] = ["base64", "text", "content", "url"];

/** The client's own tools. */
export const reviewedTool: readonly string[] = [
  "type",
  "name",
  "description",
  "input_schema",
  "strict",
  "cache_control",
  "defer_loading",
  "eager_input_streaming",
  "input_examples",
];

/** Tools that Anthropic defines and the client runs: they cost their tokens and nothing else. */
export const reviewedToolTypes: readonly RegExp[] = [/^bash_\d{8}$/, /^text_editor_\d{8}$/, /^memory_\d{8}$/];

/** Names of `anthropic-beta`. Fields are reviewed by themselves: a name without its fields changes nothing. */
export const reviewedBetas: readonly string[] = [
  "advanced-tool-use-2025-11-20",
  "claude-code-20250219",
  "context-management-2025-06-27",
  "effort-2025-11-24",
  "extended-cache-ttl-2025-04-11",
  "fine-grained-tool-streaming-2025-05-14",
  "interleaved-thinking-2025-05-14",
  "mid-conversation-tool-changes-2026-07-01",
  "output-128k-2025-02-19",
  "per-turn-control-2026-07-01",
  "prompt-caching-2024-07-31",
  "structured-outputs-2025-11-13",
  "thinking-display-updates-2026-08-18",
  "thinking-token-count-2026-05-13",
  "token-counting-2024-11-01",
];

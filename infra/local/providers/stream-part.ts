import type { JsonObject } from "./json.ts";

/** One event of a simulated stream, and what it is for the directives that count content. */
export interface StreamPart {
  /** The SSE event name, where the API has one. */
  readonly event?: string | undefined;
  readonly data: JsonObject | "[DONE]";
  /** `content` carries text, reasoning or arguments; `end` is the finish reason and all behind it. */
  readonly kind: "structure" | "content" | "end";
}

import type { Chunk } from "./dialect.ts";

/** A chunk without its usage. The core tells it, once and only to callers that asked for it. */
export const withoutUsage = (chunk: Chunk): Chunk => {
  if (chunk.usage === undefined || chunk.usage === null) return chunk;
  const { usage: _, ...rest } = chunk;
  return rest;
};

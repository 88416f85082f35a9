import type { Chunk } from "./dialect.ts";

/** A chunk without its usage. The core reports it once, and only to callers that requested it. */
export const withoutUsage = (chunk: Chunk): Chunk => {
  if (chunk.usage === undefined || chunk.usage === null) return chunk;
  const { usage: _, ...rest } = chunk;
  return rest;
};

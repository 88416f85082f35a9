import type { Chunk } from "./dialect.ts";

/** Ways to take the usage off a chunk. It is told by the core, once and only to callers that asked for it. */

/** A chunk written anew without it. */
export const withoutUsage = (chunk: Chunk): Chunk => {
  if (chunk.usage === undefined || chunk.usage === null) return chunk;
  const { usage: _, ...rest } = chunk;
  return rest;
};

const usageStart = ',"usage":';

/** A chunk's text without the usage at its end, cut out rather than written anew; undefined where it stands elsewhere. */
export const cutUsage = (data: string, usage: unknown): string | undefined => {
  const at = data.lastIndexOf(usageStart);
  const isLast = at > 0 && data.slice(at + usageStart.length) === `${JSON.stringify(usage)}}`;
  return isLast ? `${data.slice(0, at)}}` : undefined;
};

/** How a frame of one chunk ends. */
export const chunkEnd = Buffer.from("}\n\n");

/** Whether a text is one object of plain members, as far as its braces tell: most usages are, and need no parser for that. */
const isFlatObject = (text: string): boolean =>
  text.startsWith("{") && text.indexOf("}") === text.length - 1 && text.lastIndexOf("{") === 0;

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

/**
 * The text of the usage at the end of a frame that says something, and where it begins; undefined where it stands elsewhere
 * or beside nothing. What follows it must be the chunk's own end, so the text is the whole of it.
 */
export const lastUsage = (view: string): { readonly at: number; readonly text: string } | undefined => {
  const at = view.indexOf(usageStart);
  if (at < 0 || !view.includes('"delta":{')) return undefined;
  const text = view.slice(at + usageStart.length, -chunkEnd.length);
  return isFlatObject(text) || isJson(text) ? { at, text } : undefined;
};

import type { CacheControlEphemeral } from "@anthropic-ai/sdk/resources/messages";
import { isRecord } from "#core/values/records.ts";

interface Marked {
  cache_control?: CacheControlEphemeral | null;
}

/** The caller's `cache_control` on a part, message or tool, ready to be spread into a block; nothing where there is none. */
export const cacheMark = (source: Readonly<Record<string, unknown>>): { cache_control?: CacheControlEphemeral } =>
  isRecord(source.cache_control) && source.cache_control.type === "ephemeral"
    ? { cache_control: source.cache_control as unknown as CacheControlEphemeral }
    : {};

/** Moves a message's own mark onto the last of its blocks: Anthropic has marks on blocks only. */
export const markLast = <Block extends { readonly type: string }>(
  blocks: Block[],
  source: Readonly<Record<string, unknown>>,
): Block[] => {
  const mark = cacheMark(source);
  const last = blocks.findLast((block) => block.type !== "thinking" && block.type !== "redacted_thinking");
  if (mark.cache_control !== undefined && last !== undefined) (last as Marked).cache_control = mark.cache_control;
  return blocks;
};

/** Anthropic refuses more marks than these in one request. */
const maxMarks = 4;

interface MarkedRequest {
  readonly cache_control?: unknown;
  readonly tools?: readonly object[] | undefined;
  readonly system: readonly object[];
  readonly messages: readonly { readonly content: unknown }[];
}

const blocksOf = (content: unknown): readonly Record<string, unknown>[] =>
  Array.isArray(content) ? content.filter(isRecord).flatMap((block) => [...blocksOf(block.content), block]) : [];

/** Takes marks off where there are too many, the earliest of the messages first, then those of instructions and tools. */
export const limitMarks = (
  { cache_control: whole, tools = [], system, messages }: MarkedRequest,
  warnings: Set<string>,
): void => {
  const marked = [
    ...messages.flatMap(({ content }) => blocksOf(content)),
    ...blocksOf(system),
    ...blocksOf(tools),
  ].filter((block) => isRecord(block.cache_control));
  const room = isRecord(whole) ? maxMarks - 1 : maxMarks;
  if (marked.length <= room) return;
  warnings.add("cache_control");
  for (const block of marked.slice(0, marked.length - room)) delete block.cache_control;
};

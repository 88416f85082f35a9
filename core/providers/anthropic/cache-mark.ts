import type { CacheControlEphemeral } from "@anthropic-ai/sdk/resources/messages";
import { isRecord } from "#core/values/is-record.ts";

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

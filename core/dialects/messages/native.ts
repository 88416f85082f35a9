import type { TokenUsage } from "#core/catalog/token-usage.ts";
import type { NativePassage } from "#core/dialects/dialect.ts";
import type { MessagesRequest } from "#core/schemas/messages.ts";
import { isRecord, type JsonRecord } from "#core/values/records.ts";
import { isOurs } from "./carried.ts";
import { toStop } from "./stop.ts";
import { event, messageStop, messagesWire } from "./wire.ts";

/** Requests that reach Anthropic as they came, and its answers on their way back. */

const isOurBlock = (block: unknown): boolean =>
  isRecord(block) && block.type === "thinking" && typeof block.signature === "string" && isOurs(block.signature);

/** Turns without thinking of other providers: nobody but the gateway could read it. */
const withoutOurBlocks = (messages: MessagesRequest["messages"]): readonly unknown[] =>
  messages.flatMap((turn) => {
    if (typeof turn.content === "string" || !turn.content.some(isOurBlock)) return [turn];
    const content = turn.content.filter((block) => !isOurBlock(block));
    return content.length === 0 ? [] : [{ ...turn, content }];
  });

const toNativeBody = (body: MessagesRequest): JsonRecord => ({ ...body, messages: withoutOurBlocks(body.messages) });

/** Ends a stream that ran out of its money, behind the block that was open. */
const cutFrames = ({ openIndex, usage }: JsonRecord): string => {
  const { inputTokens = 0, outputTokens = 0 } = (usage ?? {}) as Partial<TokenUsage>;
  const stop = typeof openIndex === "number" ? event({ type: "content_block_stop", ...{ index: openIndex } }) : "";
  const last = {
    type: "message_delta",
    delta: { ...toStop("length", ""), container: null },
    usage: { input_tokens: inputTokens, output_tokens: outputTokens },
  };
  return stop + event(last) + messageStop;
};

export const messagesPassage: NativePassage<MessagesRequest> = {
  name: "messages",
  body: toNativeBody,
  cutFrames,
  failureFrames: (error, requestId) => messagesWire.errorFrame(error, requestId),
};

import { chunksOf } from "#core/chat/chunk-reader.ts";
import type { Dialect, StreamFacts } from "#core/dialects/dialect.ts";
import type { MessagesRequest } from "#core/schemas/messages.ts";
import { toMessage } from "./answer.ts";
import { messagesPassage } from "./native.ts";
import { StreamWriter } from "./stream-writer.ts";
import { toChat } from "./to-chat.ts";
import { messagesWire } from "./wire.ts";

async function* events(
  frames: AsyncIterable<Buffer | string>,
  facts: StreamFacts<MessagesRequest>,
): AsyncGenerator<string, void, undefined> {
  const writer = new StreamWriter(facts);
  for await (const part of frames) {
    let written = "";
    for (const chunk of chunksOf(part)) written += writer.push(chunk);
    if (written !== "") yield written;
  }
  yield writer.end();
}

/** Anthropic's Messages API. */
export const messagesDialect: Dialect<MessagesRequest> = {
  name: "messages",
  wire: messagesWire,
  toChat,
  answer: toMessage,
  stream: events,
  native: messagesPassage,
};

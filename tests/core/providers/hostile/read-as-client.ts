import { ChatCompletionStream } from "openai/lib/ChatCompletionStream";
import type { ChatCompletion } from "openai/resources/chat/completions";
import { collectFrames } from "#core/providers/frames-to-completion.ts";
import type { ProviderReply } from "#core/providers/provider.ts";
import { hasOpenAiSchemas, openAiFault } from "#tests/support/openai-schemas.ts";
import { chunksOf } from "../support.ts";

/** Reads an answer as OpenAI's own SDK does, after holding all of it to OpenAI's schema. */

const holdTo = (schema: string, value: unknown): void => {
  const fault = hasOpenAiSchemas ? openAiFault(schema, value) : undefined;
  if (fault !== undefined) throw new Error(`Not valid by OpenAI's schema: ${fault} in ${JSON.stringify(value)}`);
};

/** @throws what the stream throws, and an Error for what breaks the contract */
export const readAsClient = async (reply: ProviderReply): Promise<ChatCompletion> => {
  if (reply.kind === "completion") {
    holdTo("CreateChatCompletionResponse", reply.completion);
    return reply.completion;
  }
  const chunks = chunksOf(await collectFrames(reply.frames));
  const ended = new Set<number>();
  for (const chunk of chunks) {
    holdTo("CreateChatCompletionStreamResponse", chunk);
    if (chunk.choices.length === 0) throw new Error("A chunk without choices");
    for (const { index, delta, finish_reason: reason } of chunk.choices) {
      if (ended.has(index)) throw new Error("Something follows the end");
      if (typeof reason !== "string") continue;
      ended.add(index);
      if (Object.keys(delta).length > 0) throw new Error("The last delta is not empty");
    }
  }
  const lines = new ReadableStream<Uint8Array>({
    start: (controller) => {
      for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(`${JSON.stringify(chunk)}\n`));
      controller.close();
    },
  });
  return ChatCompletionStream.fromReadableStream(lines).finalChatCompletion();
};

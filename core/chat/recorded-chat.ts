import { AnswerReader } from "#core/content/answer-reader.ts";
import type { GivenContent } from "#core/content/content.ts";
import type { RequestContext } from "#core/context.ts";
import type { Caller } from "#core/generation/caller.ts";
import { keepContent } from "#core/generation/keep-content.ts";
import type { OutputGuardOptions } from "#core/guardrails/output-guard.ts";
import type { NativeAnswer } from "#core/providers/native.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";
import type { ChatGeneration } from "./chat-generation.ts";
import type { OpenChat } from "./opened-chat.ts";

/** Chats of keys that record prompts and answers. Loaded with the first of them. */

interface RecordedOptions {
  readonly call: RequestContext;
  readonly caller: Caller;
  readonly chat: ChatGeneration;
  readonly request: ChatRequest;
  readonly outputGuard: OutputGuardOptions | undefined;
}

/** The frames of a stream, as they are. */
async function* readAlongside(
  frames: AsyncIterable<Buffer | string>,
  reader: AnswerReader,
): AsyncGenerator<Buffer | string, void, undefined> {
  for await (const part of frames) {
    reader.push(part);
    yield part;
  }
}

/** A chat whose prompt is recorded as it was sent, and whose answer is read while it passes, as guardrails left it. */
export const recordedChat = (
  open: OpenChat,
  { call, caller, chat, request, outputGuard }: RecordedOptions,
): OpenChat => {
  const reader = new AnswerReader();
  let native: NativeAnswer | undefined;
  const restore = outputGuard?.restore;
  const content: GivenContent = {
    prompt: { messages: request.messages },
    answer: () => {
      // A whole answer in another dialect is there as a chat completion as well.
      const completion = native?.completion();
      if (completion !== undefined) reader.take(completion);
      return reader.answer();
    },
    // What was redacted of the request is put back for the caller alone.
    hide: restore === undefined ? undefined : (text) => restore.hide(text),
  };
  chat.record((wasSent) => keepContent({ call, caller }, content, wasSent));
  return {
    ...open,
    whole: async () => {
      const answered = await open.whole();
      if (answered.native === undefined) reader.take(answered.completion);
      else native = answered.native;
      return answered;
    },
    stream: async () => {
      const answered = await open.stream();
      return { ...answered, frames: readAlongside(answered.frames, reader) };
    },
  };
};

import { AnswerReader } from "#core/content/answer-reader.ts";
import type { OutputGuardOptions } from "#core/guardrails/output-guard.ts";
import type { NativeAnswer } from "#core/providers/native.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";
import type { ChatGeneration } from "./chat-generation.ts";

/** Chats of keys that record prompts and answers. Loaded with the first of them, while its provider is asked. */

/** What passes to the caller is read alongside: the prompt as it was sent, the answer as guardrails left it. */
export class RecordedChat {
  readonly #reader = new AnswerReader();
  #native: NativeAnswer | undefined;

  constructor(chat: ChatGeneration, { messages }: ChatRequest, guard: OutputGuardOptions | undefined) {
    const restore = guard?.restore;
    chat.record({
      prompt: { messages },
      answer: () => {
        // A whole answer in another dialect is there as a chat completion as well.
        const whole = this.#native?.body === undefined ? undefined : this.#native.completion();
        if (whole !== undefined) this.#reader.take(whole);
        return this.#reader.answer();
      },
      // What was redacted of the request is put back for the caller alone.
      hide: restore === undefined ? undefined : (text) => restore.hide(text),
    });
  }

  /** Notes a whole answer, and returns it. */
  completion<Completion>(completion: Completion, native: NativeAnswer | undefined): Completion {
    this.#native = native;
    if (native === undefined) this.#reader.take(completion);
    return completion;
  }

  /** The frames of a stream, as they are. */
  async *frames(frames: AsyncIterable<Buffer | string>): AsyncGenerator<Buffer | string, void, undefined> {
    for await (const part of frames) {
      this.#reader.push(part);
      yield part;
    }
  }
}

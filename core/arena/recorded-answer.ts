import type { ChunkReader } from "#core/chat/chunk-reader.ts";
import { AnswerReader } from "#core/content/answer-reader.ts";
import type { Generation } from "#core/generation/generation.ts";
import { keepContent } from "#core/generation/keep-content.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";

/** One call of a run whose key records prompts and answers. */
export class RecordedAnswer {
  readonly #reader = new AnswerReader();
  #streamed = false;

  constructor(generation: Generation, { messages }: ChatRequest, of: Parameters<typeof keepContent>[0]) {
    const content = { prompt: { messages }, answer: () => this.#reader.answer() };
    generation.record((wasSent) => keepContent(of, content, wasSent));
  }

  /** Takes a part of a streamed answer. */
  push(part: Buffer | string): void {
    this.#streamed = true;
    this.#reader.push(part);
  }

  /** The answer has ended. One that came whole had no parts. */
  end({ content, toolCalls }: ChunkReader, finishReason = "stop"): void {
    if (this.#streamed) return;
    const calls = toolCalls.map(({ id, name, arguments: text }) => ({ id, function: { name, arguments: text } }));
    this.#reader.take({ choices: [{ message: { content, tool_calls: calls }, finish_reason: finishReason }] });
  }
}

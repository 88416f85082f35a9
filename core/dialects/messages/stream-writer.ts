import type { ChatCompletionChunk } from "openai/resources/chat/completions";
import type { CompletionUsage } from "openai/resources/completions";
import type { AnswerFacts } from "#core/dialects/dialect.ts";
import type { MessagesRequest } from "#core/schemas/messages.ts";
import { isRecord } from "#core/values/records.ts";
import { emptyMessage } from "./answer.ts";
import { BlockWriter } from "./block-writer.ts";
import { CallWriter } from "./call-writer.ts";
import { displayOf } from "./display.ts";
import { toStop } from "./stop.ts";
import { ThinkingWriter } from "./thinking-writer.ts";
import { ToolNames } from "./tool-names.ts";
import { toDeltaUsage } from "./usage.ts";
import { messageStop } from "./wire.ts";

type Loose = Readonly<Record<string, unknown>>;

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");
const listOf = (value: unknown): readonly Loose[] => (Array.isArray(value) ? value.filter(isRecord) : []);

/** What is known of an answer's end. */
interface Ending {
  refusal: string;
  finishReason: string | undefined;
  usage: CompletionUsage | undefined;
}

/** Writes Anthropic's events from chunks of a chat completion. */
export class StreamWriter {
  readonly #requestId: string;
  /** The model that was asked for; undefined once the stream has begun. */
  #asked: string | undefined;
  readonly #blocks = new BlockWriter();
  readonly #thinking: ThinkingWriter;
  readonly #calls: CallWriter;
  readonly #ending: Ending = { refusal: "", finishReason: undefined, usage: undefined };
  #said = false;
  /** Words that came between calls, or after them. */
  #late = "";

  constructor({ body, requestId }: AnswerFacts<MessagesRequest>) {
    this.#requestId = requestId;
    this.#asked = body.model;
    this.#thinking = new ThinkingWriter(this.#blocks, displayOf(body));
    this.#calls = new CallWriter(this.#blocks, this.#thinking, new ToolNames(body), requestId);
  }

  /** The events that a chunk becomes: often one, or none. */
  push(chunk: ChatCompletionChunk): string {
    const ending = this.#ending;
    if (this.#asked !== undefined) this.#begin(chunk.model);
    ending.usage = chunk.usage ?? ending.usage;
    const [choice] = chunk.choices;
    if (choice === undefined) return this.#blocks.take();
    const delta = (choice.delta ?? {}) as unknown as Loose;
    this.#thinking.push(delta, !this.#calls.isCalling);
    this.#say(textOf(delta.content));
    ending.refusal += textOf(delta.refusal);
    this.#calls.push(listOf(delta.tool_calls));
    ending.finishReason = choice.finish_reason ?? ending.finishReason;
    return this.#blocks.take();
  }

  /** The last events of a whole answer. */
  end(): string {
    const { refusal, finishReason, usage } = this.#ending;
    if (this.#asked !== undefined) this.#begin(this.#asked);
    // The answer has no other text: the refusal becomes its text.
    if (!this.#said && !this.#calls.any) this.#write(refusal);
    this.#calls.end();
    this.#write(this.#late);
    this.#thinking.end(false);
    this.#blocks.stop();
    const delta = { ...toStop(finishReason, refusal), container: null };
    this.#blocks.emit({ type: "message_delta", delta, usage: toDeltaUsage(usage) });
    return this.#blocks.take() + messageStop;
  }

  #begin(model: string): void {
    this.#asked = undefined;
    this.#blocks.emit({ type: "message_start", message: emptyMessage(this.#requestId, model) });
  }

  #say(text: string): void {
    if (this.#calls.any) this.#late += text;
    else this.#write(text);
  }

  #write(text: string): void {
    if (text === "") return;
    this.#said = true;
    if (this.#blocks.open !== "text") {
      this.#thinking.end(false);
      this.#blocks.start("text", { type: "text", text: "", citations: null });
    }
    this.#blocks.delta({ type: "text_delta", text });
  }
}

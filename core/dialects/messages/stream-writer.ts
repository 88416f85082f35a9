import type { ChatCompletionChunk } from "openai/resources/chat/completions";
import type { CompletionUsage } from "openai/resources/completions";
import type { AnswerFacts } from "#core/dialects/dialect.ts";
import type { MessagesRequest } from "#core/schemas/messages.ts";
import { isRecord } from "#core/values/is-record.ts";
import { messageId, ownThinking, reasoningText, thinkingBlock } from "./answer.ts";
import { displayOf, type ThinkingDisplay } from "./display.ts";
import { mergeDetails } from "./merge-details.ts";
import { isWhole, OpenCalls, type StreamedCall } from "./open-calls.ts";
import { toStop } from "./stop.ts";
import { toMessagesToolId } from "./tool-id.ts";
import { ToolNames } from "./tool-names.ts";
import { toDeltaUsage, toMessagesUsage } from "./usage.ts";
import { event, messageStop } from "./wire.ts";

type Loose = Readonly<Record<string, unknown>>;
type OpenBlock = "text" | "thinking" | "tool_use";

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");
const listOf = (value: unknown): readonly Loose[] => (Array.isArray(value) ? value.filter(isRecord) : []);

/** Writes Anthropic's events from chunks of a chat completion. Holds the one open block and what belongs to a later one. */
export class StreamWriter {
  readonly #requestId: string;
  readonly #display: ThinkingDisplay;
  readonly #names: ToolNames;
  readonly #calls = new OpenCalls();
  #out = "";
  #begun = false;
  #index = -1;
  #open: OpenBlock | undefined;
  /** Reasoning that has no block yet, or whose block has not its signature yet. */
  #reasoning = "";
  #details: readonly Loose[] = [];
  /** Blocks of Anthropic's thinking that are sent only if a call follows. */
  #held: Loose[] = [];
  /** Words that came between calls, or after them. */
  #late = "";
  #openCall: StreamedCall | undefined;
  #refusal = "";
  #said = false;
  #finishReason: string | undefined;
  #usage: CompletionUsage | undefined;

  constructor({ body, requestId }: AnswerFacts<MessagesRequest>) {
    this.#requestId = requestId;
    this.#display = displayOf(body);
    this.#names = new ToolNames(body);
  }

  /** The events that a chunk becomes: often one, or none. */
  push(chunk: ChatCompletionChunk): string {
    this.#out = "";
    if (!this.#begun) this.#begin(chunk);
    this.#usage = chunk.usage ?? this.#usage;
    const [choice] = chunk.choices;
    if (choice === undefined) return this.#out;
    const delta = (choice.delta ?? {}) as unknown as Loose;
    this.#think(delta);
    this.#say(textOf(delta.content));
    this.#refusal += textOf(delta.refusal);
    this.#call(listOf(delta.tool_calls));
    this.#finishReason = choice.finish_reason ?? this.#finishReason;
    return this.#out;
  }

  /** The last events of a whole answer. */
  end(): string {
    this.#out = "";
    // An answer without a word of its own: the refusal is what there is to read.
    if (!this.#said && !this.#calls.any) this.#say(this.#refusal);
    this.#drain(true);
    this.#write(this.#late);
    if (this.#display.blocks) this.#sign();
    this.#close();
    this.#emit({
      type: "message_delta",
      delta: { ...toStop(this.#finishReason, this.#refusal), container: null },
      usage: toDeltaUsage(this.#usage),
    });
    return this.#out + messageStop;
  }

  #emit(data: { readonly type: string } & Loose): void {
    this.#out += event(data);
  }

  #begin({ model }: ChatCompletionChunk): void {
    this.#begun = true;
    this.#emit({
      type: "message_start",
      message: {
        id: messageId(this.#requestId),
        type: "message",
        role: "assistant",
        model,
        content: [],
        stop_reason: null,
        stop_sequence: null,
        stop_details: null,
        container: null,
        diagnostics: null,
        usage: toMessagesUsage(undefined),
      },
    });
  }

  #start(kind: OpenBlock, block: Loose): void {
    this.#close();
    this.#index += 1;
    this.#open = kind;
    this.#emit({ type: "content_block_start", index: this.#index, content_block: block });
  }

  #delta(delta: Loose): void {
    this.#emit({ type: "content_block_delta", index: this.#index, delta });
  }

  #close(): void {
    if (this.#open === undefined) return;
    this.#open = undefined;
    this.#openCall = undefined;
    this.#emit({ type: "content_block_stop", index: this.#index });
  }

  #think(delta: Loose): void {
    const reasoning = reasoningText(delta);
    if (reasoning !== "") this.#reason(reasoning);
    const details = listOf(delta.reasoning_details);
    if (details.length > 0) this.#details = mergeDetails(this.#details, details);
    for (const block of listOf(delta.thinking_blocks)) this.#takeBlock(block);
  }

  #reason(text: string): void {
    this.#reasoning += text;
    // The arguments of a call end before anything else begins.
    const isCalling = this.#openCall !== undefined && !isWhole(this.#openCall.all);
    if (!this.#display.text || isCalling) return;
    if (this.#open !== "thinking") this.#start("thinking", { type: "thinking", thinking: "", signature: "" });
    this.#delta({ type: "thinking_delta", thinking: text });
  }

  /** A whole block of Anthropic's, whose text has streamed before. */
  #takeBlock(block: Loose): void {
    const shown = this.#open === "thinking";
    this.#reasoning = "";
    if (shown && block.type === "thinking") {
      this.#delta({ type: "signature_delta", signature: block.signature });
      this.#close();
    } else if (this.#display.blocks) this.#whole(ownThinking(block));
    else this.#held.push(block);
  }

  /** A block that comes at once. */
  #whole(block: Loose): void {
    if (block.type !== "thinking") {
      this.#start("thinking", block);
      this.#close();
      return;
    }
    this.#start("thinking", { type: "thinking", thinking: "", signature: "" });
    const thinking = textOf(block.thinking);
    if (thinking !== "") this.#delta({ type: "thinking_delta", thinking });
    this.#delta({ type: "signature_delta", signature: block.signature });
    this.#close();
  }

  /** Ends reasoning of another provider than Anthropic with the signature that carries it. */
  #sign(): void {
    const details = this.#details;
    if (this.#reasoning === "" && details.length === 0) return;
    const block = thinkingBlock(this.#reasoning, details.length === 0 ? {} : { details }, this.#display);
    this.#reasoning = "";
    this.#details = [];
    if (this.#open === "thinking") {
      this.#delta({ type: "signature_delta", signature: block.signature });
      this.#close();
    } else this.#whole(this.#display.text ? { ...block, thinking: "" } : block);
  }

  #say(text: string): void {
    if (this.#calls.any) this.#late += text;
    else this.#write(text);
  }

  #write(text: string): void {
    if (text === "") return;
    if (this.#display.blocks && this.#open !== "text") this.#sign();
    this.#said = true;
    if (this.#open !== "text") this.#start("text", { type: "text", text: "", citations: null });
    this.#delta({ type: "text_delta", text });
  }

  #call(deltas: readonly Loose[]): void {
    if (deltas.length === 0) return;
    for (const delta of deltas) this.#calls.push(delta);
    this.#drain(false);
  }

  /** Sends what calls have to say, one call after the other. */
  #drain(ended: boolean): void {
    do {
      const call = this.#calls.current();
      if (call === undefined || (call.name === "" && !ended)) return;
      if (!call.started) this.#startCall(call);
      const { waiting } = call;
      call.waiting = "";
      if (waiting !== "" && this.#openCall === call) this.#delta({ type: "input_json_delta", partial_json: waiting });
    } while (this.#calls.advance(ended));
  }

  #startCall(call: StreamedCall): void {
    call.started = true;
    this.#sign();
    for (const block of this.#held.splice(0)) this.#whole(ownThinking(block));
    if (call.extra !== undefined) this.#whole(thinkingBlock("", { extra: call.extra }, this.#display));
    const { id, name } = call;
    this.#start("tool_use", {
      type: "tool_use",
      id: toMessagesToolId(id, this.#requestId),
      name: this.#names.fromChat(name),
      input: {},
    });
    this.#openCall = call;
  }
}

import type {
  RawContentBlockDelta,
  RawContentBlockStartEvent,
  RawMessageDeltaEvent,
  RawMessageStreamEvent,
} from "@anthropic-ai/sdk/resources/messages";
import { isFilled } from "#core/providers/openai/answer-facts.ts";
import { newCallId } from "#core/providers/openai/tool-call-facts.ts";
import { ProviderFailure, type ProviderOutcome } from "#core/providers/provider.ts";
import { failureFromError, malformed } from "./errors.ts";
import { toFinishReason } from "./stop-reason.ts";
import { toThinkingFields } from "./thinking-blocks.ts";
import { toGatewayToolId } from "./tool-ids.ts";
import { type AnthropicUsage, mergeUsage, toTokenUsage } from "./usage.ts";

export interface StreamOptions {
  readonly completionId: string;
  /** The model that was asked for, in case that the stream does not name it. */
  readonly model: string;
  readonly createdSeconds: number;
  /** Filled while the stream flows. */
  readonly outcome: ProviderOutcome;
}

type StreamEvent = RawMessageStreamEvent | { readonly type: "error"; readonly error: unknown };

interface OpenToolCall {
  readonly type: "tool_use";
  /** Of the call among the answer's calls, which is not the content block's. */
  readonly index: number;
  /** What the block came with; Anthropic sends an empty object and then the text of the arguments. */
  readonly input: unknown;
  hasArguments: boolean;
}

interface OpenThinking {
  readonly type: "thinking";
  readonly toolCallsBefore: number;
  thinking: string;
  signature: string;
}

/**
 * A text delta as Anthropic writes it, whose text has nothing that JSON escapes: nearly every event of an answer. Its text is
 * copied without being parsed. Any other form is parsed, with the same result.
 */
const plainTextDelta =
  /^\{"type":"content_block_delta","index":(?:0|[1-9]\d{0,8}),"delta":\{"type":"text_delta","text":"([^"\\\u0000-\u001f]+)"\} ?\}$/;

const frameEnd = `,"finish_reason":null}]}\n\n`;

const toText = (value: unknown): string => {
  if (typeof value !== "string") throw malformed("Anthropic's stream has a delta without its text");
  return value;
};

/**
 * Turns Anthropic's stream events, one by one, into frames of OpenAI's chat.completion.chunk. Holds what a later event needs:
 * the open blocks, the number of tool calls, the counts so far. The constant parts of a frame are built once.
 * Fields: the state of one stream, kept flat because each event touches several of them.
 */
export class StreamTranslator {
  readonly #options: StreamOptions;
  readonly #outcome: ProviderOutcome;
  readonly #open = new Map<number, OpenToolCall | OpenThinking>();
  #frameStart = "";
  #roleSent = false;
  #toolCalls = 0;
  readonly #ids = new Set<string>();
  #usage: AnthropicUsage = {};
  #stopReason: string | undefined;
  #finished = false;

  constructor(options: StreamOptions) {
    this.#options = options;
    this.#outcome = options.outcome;
    this.#nameModel(options.model);
  }

  /** Whether the frame with the finish reason has been made. Nothing that follows matters. */
  get finished(): boolean {
    return this.#finished;
  }

  /**
   * The frames that one event becomes: often one, or none.
   * @param data of the server-sent event.
   * @throws ProviderFailure for an `error` event or what is not an event at all.
   */
  translate(data: string): string {
    // What follows the last event is not part of the answer.
    if (this.#finished) return "";
    const plain = plainTextDelta.exec(data)?.[1];
    if (plain !== undefined) {
      this.#outcome.outputCharacters += plain.length;
      return this.#frame(`{"content":"${plain}"}`);
    }
    try {
      return this.#translate(JSON.parse(data) as StreamEvent);
    } catch (error) {
      if (error instanceof ProviderFailure) throw error;
      throw malformed("Anthropic's stream has an event that is not as documented");
    }
  }

  /**
   * The upstream ended.
   * @returns the last frames, if they are still due.
   * @throws ProviderFailure when no stop reason has come.
   */
  end(): string {
    return this.#finished ? "" : this.#finish();
  }

  #translate(event: StreamEvent): string {
    switch (event.type) {
      case "content_block_delta":
        return this.#delta(event.index, event.delta);
      case "content_block_start":
        return this.#startBlock(event);
      case "content_block_stop":
        return this.#stopBlock(event.index);
      case "message_start":
        if (isFilled(event.message.model)) {
          this.#nameModel(event.message.model);
          this.#outcome.responseModel = event.message.model;
        }
        this.#count(event.message.usage);
        return "";
      case "message_delta":
        return this.#messageDelta(event);
      case "message_stop":
        return this.#finished ? "" : this.#finish();
      case "error":
        throw failureFromError(event.error);
      default:
        // `ping`, and events that are yet to come.
        return "";
    }
  }

  #nameModel(model: string): void {
    const { completionId: id, createdSeconds: created } = this.#options;
    const constant = JSON.stringify({ id, object: "chat.completion.chunk", created, model });
    this.#frameStart = `data: ${constant.slice(0, -1)},"choices":[{"index":0,"delta":`;
  }

  #count(usage: AnthropicUsage | null | undefined): void {
    if (usage === null || usage === undefined) return;
    this.#usage = mergeUsage(this.#usage, usage);
    this.#outcome.usage = toTokenUsage(this.#usage);
  }

  /** A frame of a delta, given as JSON; the very first one also names the role. */
  #frame(delta: string): string {
    this.#outcome.contentStarted = true;
    if (this.#roleSent) return this.#frameStart + delta + frameEnd;
    this.#roleSent = true;
    const role = delta.startsWith(`{"content":`) ? `{"role":"assistant",` : `{"role":"assistant","content":null,`;
    return this.#frameStart + role + delta.slice(1) + frameEnd;
  }

  #text(text: string): string {
    if (text === "") return "";
    this.#outcome.outputCharacters += text.length;
    return this.#frame(`{"content":${JSON.stringify(text)}}`);
  }

  #reasoning(text: string): string {
    if (text === "") return "";
    this.#outcome.outputCharacters += text.length;
    return this.#frame(`{"reasoning_content":${JSON.stringify(text)}}`);
  }

  #arguments(call: OpenToolCall, text: string): string {
    if (text === "") return "";
    call.hasArguments = true;
    this.#outcome.outputCharacters += text.length;
    return this.#frame(`{"tool_calls":[{"index":${call.index},"function":{"arguments":${JSON.stringify(text)}}}]}`);
  }

  #startBlock({ index, content_block: block }: RawContentBlockStartEvent): string {
    switch (block.type) {
      case "text":
        return this.#text(toText(block.text ?? ""));
      case "thinking":
        this.#open.set(index, {
          type: "thinking",
          toolCallsBefore: this.#toolCalls,
          thinking: block.thinking ?? "",
          signature: block.signature ?? "",
        });
        return this.#reasoning(block.thinking ?? "");
      case "redacted_thinking": {
        const fields = toThinkingFields({ type: "redacted_thinking", data: block.data }, this.#toolCalls);
        return this.#frame(`{"thinking_blocks":[${JSON.stringify(fields)}]}`);
      }
      case "tool_use": {
        const call: OpenToolCall = {
          type: "tool_use",
          index: this.#toolCalls,
          input: block.input,
          hasArguments: false,
        };
        this.#toolCalls += 1;
        this.#open.set(index, call);
        if (!isFilled(block.name)) throw malformed("Anthropic's stream has a tool call without a name");
        const id = this.#idOf(block.id);
        const named = { index: call.index, id, type: "function", function: { name: block.name, arguments: "" } };
        return this.#frame(`{"tool_calls":[${JSON.stringify(named)}]}`);
      }
      default:
        // Blocks of server tools, and those that are yet to come, have no place in a chat completion.
        return "";
    }
  }

  /** The gateway's id of a call. A call without one, or with another's, gets its own. */
  #idOf(given: unknown): string {
    const own = isFilled(given) ? toGatewayToolId(given) : newCallId();
    const id = this.#ids.has(own) ? newCallId() : own;
    this.#ids.add(id);
    return id;
  }

  #delta(index: number, delta: RawContentBlockDelta): string {
    switch (delta.type) {
      case "text_delta":
        return this.#text(toText(delta.text));
      case "input_json_delta": {
        const block = this.#open.get(index);
        return block?.type === "tool_use" ? this.#arguments(block, toText(delta.partial_json)) : "";
      }
      case "thinking_delta": {
        const block = this.#open.get(index);
        const thinking = toText(delta.thinking);
        if (block?.type === "thinking") block.thinking += thinking;
        return this.#reasoning(thinking);
      }
      case "signature_delta": {
        const block = this.#open.get(index);
        if (block?.type === "thinking") block.signature += toText(delta.signature);
        return "";
      }
      default:
        return "";
    }
  }

  #stopBlock(index: number): string {
    const block = this.#open.get(index);
    this.#open.delete(index);
    if (block === undefined) return "";
    // A call of a tool without arguments has no delta, and "" is not JSON.
    if (block.type === "tool_use") {
      return block.hasArguments ? "" : this.#arguments(block, JSON.stringify(block.input ?? {}));
    }
    const { thinking, signature, toolCallsBefore } = block;
    // Without its signature a block could never be sent back.
    if (signature === "") return "";
    const fields = toThinkingFields({ type: "thinking", thinking, signature }, toolCallsBefore);
    return this.#frame(`{"thinking_blocks":[${JSON.stringify(fields)}]}`);
  }

  #messageDelta({ delta, usage }: RawMessageDeltaEvent): string {
    this.#count(usage);
    if (typeof delta.stop_reason === "string") this.#stopReason = delta.stop_reason;
    const explanation = delta.stop_details?.explanation;
    return typeof explanation === "string" && explanation !== ""
      ? this.#frame(`{"refusal":${JSON.stringify(explanation)}}`)
      : "";
  }

  #finish(): string {
    if (this.#stopReason === undefined) throw malformed("Anthropic's stream ended without a stop reason");
    const reason = toFinishReason(this.#stopReason, this.#toolCalls);
    const role = this.#roleSent ? "" : this.#frame(`{"content":""}`);
    this.#finished = true;
    this.#outcome.finishReason = reason;
    this.#outcome.contentStarted = true;
    return `${role}${this.#frameStart}{},"finish_reason":"${reason}"}]}\n\n`;
  }
}

import { StringDecoder } from "node:string_decoder";
import { isRecord, type JsonRecord } from "#core/values/records.ts";
import type { ContentMessage, ContentPart } from "./content.ts";
import { toMessage } from "./prompt-messages.ts";

/**
 * Reads an answer as messages of parts, from frames that pass or from a whole one. Frames are chunks of a chat completion, or
 * events of Anthropic's messages or OpenAI's responses where those pass as they came. A stream that breaks off leaves what came.
 */

/** Frames that pass are collected, and read when there are so many of them, characters: the first ones wait for nothing. */
const readAfter = 256 * 1_024;
/** No more is kept of an answer, characters: the record is cut at less. */
const maxKept = 200_000;

/** A part that grows. */
interface Draft {
  readonly part: ContentPart;
  /** The member that grows. */
  readonly member: "content" | "arguments";
  readonly texts: string[];
}

interface DraftMessage {
  readonly drafts: Map<string, Draft>;
  finishReason: string | undefined;
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const list = (value: unknown): readonly JsonRecord[] => (Array.isArray(value) ? value.filter(isRecord) : []);
const record = (value: unknown): JsonRecord => (isRecord(value) ? value : {});

export class AnswerReader {
  readonly #decoder = new StringDecoder("utf8");
  #frames = "";
  readonly #messages = new Map<string, DraftMessage>();
  #whole: readonly ContentMessage[] | undefined;
  #kept = 0;

  /** Takes a part of a stream that passes: frames, or pieces of some. */
  push(part: Buffer | string): void {
    if (this.#kept > maxKept) return;
    this.#frames += typeof part === "string" ? part : this.#decoder.write(part);
    if (this.#frames.length > readAfter) this.#read();
  }

  /** Takes a whole chat completion instead. */
  take(completion: unknown): void {
    this.#whole = list(record(completion).choices).map(({ message, finish_reason: reason }) => ({
      ...toMessage({ role: "assistant", ...record(message) }),
      ...(typeof reason === "string" ? { finish_reason: reason } : {}),
    }));
  }

  /** What was answered until now. */
  answer(): { readonly messages: readonly ContentMessage[]; readonly cut: boolean } {
    if (this.#whole !== undefined) return { messages: this.#whole, cut: false };
    this.#frames += "\n\n";
    this.#read();
    const messages = [...this.#messages.values()].map(({ drafts, finishReason }) => ({
      role: "assistant",
      parts: [...drafts.values()]
        .map(({ part, member, texts }) => ({ ...part, [member]: texts.join("") }))
        .filter((part) => part.type === "tool_call" || text((part as ContentPart).content) !== ""),
      ...(finishReason === undefined ? {} : { finish_reason: finishReason }),
    }));
    return { messages, cut: this.#kept > maxKept };
  }

  #read(): void {
    const frames = this.#frames.split(/\r?\n\r?\n/);
    this.#frames = frames.pop() ?? "";
    for (const frame of frames) {
      const data = /^data: ?(\{.*)$/m.exec(frame)?.[1];
      if (data !== undefined) this.#take(data);
    }
  }

  #take(data: string): void {
    let event: unknown;
    try {
      event = JSON.parse(data);
    } catch {
      // What breaks off within a frame.
      return;
    }
    if (!isRecord(event)) return;
    if (Array.isArray(event.choices)) for (const choice of list(event.choices)) this.#takeChoice(choice);
    else if (text(event.type).startsWith("response.")) this.#takeResponse(event);
    else this.#takeBlock(event);
  }

  #message(name: string): DraftMessage {
    const message = this.#messages.get(name) ?? { drafts: new Map<string, Draft>(), finishReason: undefined };
    this.#messages.set(name, message);
    return message;
  }

  #add(message: DraftMessage, slot: string, part: ContentPart, piece: string): void {
    const draft = message.drafts.get(slot) ?? {
      part,
      member: part.type === "tool_call" ? "arguments" : "content",
      texts: [],
    };
    Object.assign(draft.part, part);
    message.drafts.set(slot, draft);
    this.#kept += piece.length;
    if (piece !== "" && this.#kept <= maxKept + piece.length) draft.texts.push(piece);
  }

  #takeChoice({ index, delta, finish_reason: reason }: JsonRecord): void {
    const message = this.#message(String(index));
    const { content, refusal, reasoning_content: thought, reasoning, tool_calls: calls } = record(delta);
    this.#add(message, "reasoning", { type: "reasoning" }, text(thought) || text(reasoning));
    this.#add(message, "text", { type: "text" }, text(content) || text(refusal));
    for (const { index: at, id, function: called, custom } of list(calls)) {
      const { name, arguments: given, input } = { ...record(called), ...record(custom) } as JsonRecord;
      const named = { ...(id === undefined ? {} : { id }), ...(text(name) === "" ? {} : { name }) };
      this.#add(message, `call/${String(at)}`, { type: "tool_call", ...named }, text(given) || text(input));
    }
    if (typeof reason === "string") message.finishReason = reason;
  }

  /** An event of Anthropic's messages. */
  #takeBlock({ index, delta, content_block: block }: JsonRecord): void {
    const message = this.#message("message");
    const slot = String(index);
    const { type, id, name, text: first, thinking } = record(block);
    const { text: words, thinking: thought, partial_json: json, stop_reason: reason } = record(delta);
    if (typeof reason === "string") message.finishReason = reason;
    if (typeof name === "string") this.#add(message, slot, { type: "tool_call", id, name }, "");
    else if (type === "text" || words !== undefined) {
      this.#add(message, slot, { type: "text" }, text(first) + text(words));
    } else if (type === "thinking" || thought !== undefined) {
      this.#add(message, slot, { type: "reasoning" }, text(thinking) + text(thought));
    } else if (json !== undefined) this.#add(message, slot, { type: "tool_call" }, text(json));
  }

  /** An event of OpenAI's responses. */
  #takeResponse({ type, output_index: index, item, delta, response }: JsonRecord): void {
    const message = this.#message("message");
    const slot = String(index);
    const kind = text(type);
    if (kind === "response.output_item.added") {
      const { type: itemType, call_id: id, name } = record(item);
      if (/^(?:function|custom_tool)_call$/.test(text(itemType))) {
        this.#add(message, slot, { type: "tool_call", id, name }, "");
      }
    } else if (/^response\.(?:output_text|refusal)\.delta$/.test(kind)) {
      this.#add(message, `${slot}/text`, { type: "text" }, text(delta));
    } else if (/^response\.reasoning\w*\.delta$/.test(kind)) {
      this.#add(message, `${slot}/reasoning`, { type: "reasoning" }, text(delta));
    } else if (/^response\.(?:function_call_arguments|custom_tool_call_input)\.delta$/.test(kind)) {
      this.#add(message, slot, { type: "tool_call" }, text(delta));
    } else if (/^response\.(?:completed|incomplete|failed)$/.test(kind)) {
      message.finishReason = text(record(response).status);
    }
  }
}

import type { ChatCompletionChunk } from "openai/resources/chat/completions";
import {
  type ChatProviderId,
  type FinishReason,
  ProviderFailure,
  type ProviderOutcome,
} from "#core/providers/provider.ts";
import { SseParser } from "#core/providers/sse-parser.ts";
import { failureFromBody } from "./errors.ts";
import { type ReasoningCount, toTokenUsage } from "./usage.ts";

/**
 * The tap on an OpenAI-shaped stream: bytes pass on as they came, whole frames at a time, and only frames that carry
 * something we must know (the first content, a finish reason, usage, an error) are parsed. What is not in the common form
 * (`data: {…}` and a blank line) goes through a real SSE parser and leaves in the common form.
 */

const maxFrameBytes = 8 * 1024 * 1024;
const frameEnd = "\n\n";
const dataPrefix = Buffer.from("data: {");
const donePrefix = Buffer.from("data: [DONE]");
const empty = Buffer.alloc(0);

const finishReasons: Readonly<Record<string, FinishReason>> = {
  stop: "stop",
  length: "length",
  tool_calls: "tool_calls",
  function_call: "tool_calls",
  content_filter: "content_filter",
};

type Chunk = Partial<ChatCompletionChunk> & { readonly usage?: unknown };

const textLength = (value: unknown): number => (typeof value === "string" ? value.length : 0);

export interface TapOptions {
  readonly provider: ChatProviderId;
  readonly outcome: ProviderOutcome;
  readonly reasoning: ReasoningCount;
  /** Changes a chunk that the provider does not send as OpenAI would; given, every frame is parsed. */
  readonly rewrite?: ((chunk: Chunk) => Chunk) | undefined;
}

export class StreamTap {
  readonly #options: TapOptions;
  #carry: Buffer = empty;
  #parser: SseParser | undefined;
  /** Bytes of a frame that are not content, learnt from the first one: lets content be counted without parsing. */
  #frameOverheadBytes = 0;
  #done = false;

  constructor(options: TapOptions) {
    this.#options = options;
  }

  /** Takes what arrived and returns whole frames to pass on, possibly none. @throws ProviderFailure */
  push(bytes: Buffer): Buffer | string {
    if (this.#parser !== undefined) return this.#reframe(this.#parser, bytes);
    const joined = this.#carry.length === 0 ? bytes : Buffer.concat([this.#carry, bytes]);
    if (joined.includes(13)) {
      this.#carry = empty;
      this.#parser = new SseParser({ maxFrameBytes });
      return this.#reframe(this.#parser, joined);
    }
    const end = joined.lastIndexOf(frameEnd);
    if (end < 0) {
      if (joined.length > maxFrameBytes) throw this.#malformed(`a frame is longer than ${maxFrameBytes} bytes`);
      this.#carry = joined;
      return empty;
    }
    const ready = end + 2 === joined.length ? joined : joined.subarray(0, end + 2);
    this.#carry = end + 2 === joined.length ? empty : joined.subarray(end + 2);
    return this.#passOn(ready);
  }

  /** Call when the body ended. Returns what is left to pass on. @throws ProviderFailure when the answer is not whole. */
  end(): Buffer | string {
    let rest: Buffer | string = empty;
    if (this.#parser === undefined && this.#carry.length > 0) {
      // Some servers leave out the last blank line.
      rest = this.push(Buffer.from(frameEnd));
    } else if (this.#parser !== undefined) {
      rest = this.#emit(this.#parser.end());
    }
    if (this.#options.outcome.finishReason === undefined) {
      throw this.#malformed("the stream ended without a finish reason");
    }
    return rest;
  }

  #malformed(what: string): ProviderFailure {
    return new ProviderFailure(this.#options.provider, "malformed", `${this.#options.provider}: ${what}`);
  }

  /** The fast way: frames as they came, unless one of them has to be read. */
  #passOn(ready: Buffer): Buffer | string {
    const { outcome, rewrite } = this.#options;
    const mustRead =
      !outcome.contentStarted ||
      rewrite !== undefined ||
      ready.includes('"finish_reason":"') ||
      ready.includes('"finish_reason": "') ||
      ready.includes('"usage":{') ||
      ready.includes('"usage": {') ||
      ready.includes('"error"') ||
      ready.includes("[DONE]");
    let frames = 0;
    for (let start = 0; start < ready.length; ) {
      const end = ready.indexOf(frameEnd, start);
      if (!this.#isCommon(ready, start, end)) return this.#passOnRead(ready);
      frames += 1;
      start = end + 2;
    }
    if (mustRead) return this.#passOnRead(ready);
    outcome.outputCharacters += Math.max(frames, ready.length - frames * this.#frameOverheadBytes);
    return ready;
  }

  /** Whether a frame is one `data: {…}` line, or the end mark. */
  #isCommon(ready: Buffer, start: number, end: number): boolean {
    const isData = ready.compare(dataPrefix, 0, dataPrefix.length, start, start + dataPrefix.length) === 0;
    if (!isData && ready.compare(donePrefix, 0, donePrefix.length, start, start + donePrefix.length) !== 0)
      return false;
    const line = ready.indexOf(10, start);
    return line === end;
  }

  /** Reads every frame; those in the common form and unchanged leave as the very bytes that came. */
  #passOnRead(ready: Buffer): Buffer | string {
    const kept: Buffer[] = [];
    let changed = false;
    for (let start = 0; start < ready.length; ) {
      const end = ready.indexOf(frameEnd, start);
      const frame = ready.subarray(start, end + 2);
      if (!this.#isCommon(ready, start, end)) {
        // A comment, an event name, two data lines: the parser knows them all.
        const parser = new SseParser({ maxFrameBytes });
        const text = this.#emit([...parser.push(frame), ...parser.end()]);
        changed = true;
        if (text !== "") kept.push(Buffer.from(text));
      } else {
        const text = frame.toString("utf8", 6, frame.length - 2);
        const result = this.#read(text, frame.length);
        if (result === "keep") kept.push(frame);
        else {
          changed = true;
          if (result !== "drop") kept.push(Buffer.from(`data: ${result}${frameEnd}`));
        }
      }
      start = end + 2;
    }
    return changed ? Buffer.concat(kept) : ready;
  }

  #reframe(parser: SseParser, bytes: Buffer): string {
    return this.#emit(parser.push(bytes));
  }

  #emit(events: readonly { readonly data: string }[]): string {
    let text = "";
    for (const { data } of events) {
      if (data === "") continue;
      const result = this.#read(data, data.length);
      if (result === "keep") text += `data: ${data.includes("\n") ? data.replaceAll("\n", " ") : data}${frameEnd}`;
      else if (result !== "drop") text += `data: ${result}${frameEnd}`;
    }
    return text;
  }

  /** Reads one frame's data: "keep" it as it is, "drop" it, or pass on the text returned. */
  #read(data: string, frameBytes: number): string {
    if (data.startsWith("[DONE]")) {
      this.#done = true;
      return "drop";
    }
    // Whatever a server sends after its end mark is not part of the answer.
    if (this.#done) return "drop";
    const { provider, rewrite } = this.#options;
    let chunk: Chunk;
    try {
      chunk = JSON.parse(data) as Chunk;
    } catch {
      throw this.#malformed("a frame is not JSON");
    }
    if (typeof chunk !== "object" || chunk === null) throw this.#malformed("a frame is not an object");
    const failure = failureFromBody(provider, chunk);
    if (failure !== undefined) throw failure;
    const rewritten = rewrite === undefined ? chunk : rewrite(chunk);
    return this.#note(rewritten, rewritten === chunk ? undefined : rewritten, frameBytes);
  }

  #note(chunk: Chunk, rewritten: Chunk | undefined, frameBytes: number): string {
    const { outcome, reasoning } = this.#options;
    if (chunk.usage !== undefined && chunk.usage !== null) {
      outcome.usage = toTokenUsage(chunk.usage, reasoning) ?? outcome.usage;
    }
    outcome.responseModel ??= chunk.model;
    outcome.responseId ??= chunk.id;
    const choices = Array.isArray(chunk.choices) ? chunk.choices : [];
    // Usage alone (or a content-filter preamble): the core writes its own usage frame when the caller asked for one.
    if (choices.length === 0) return "drop";
    this.#noteContent(choices, frameBytes);
    if (chunk.usage !== undefined && chunk.usage !== null) {
      const { usage: _, ...rest } = chunk;
      return JSON.stringify(rest);
    }
    return rewritten === undefined ? "keep" : JSON.stringify(rewritten);
  }

  #noteContent(choices: readonly ChatCompletionChunk.Choice[], frameBytes: number): void {
    const { outcome } = this.#options;
    for (const choice of choices) {
      const reason: string | null | undefined = choice.finish_reason;
      if (typeof reason === "string" && reason !== "") {
        if (reason === "error") throw this.#malformed("the answer ended in an error");
        outcome.finishReason = finishReasons[reason] ?? "stop";
        outcome.contentStarted = true;
      }
      const delta = choice.delta as unknown as Readonly<Record<string, unknown>> | undefined;
      if (delta === undefined || delta === null) continue;
      const toolCalls = Array.isArray(delta.tool_calls) ? (delta.tool_calls as readonly unknown[]) : [];
      let characters =
        textLength(delta.content) +
        textLength(delta.refusal) +
        textLength(delta.reasoning_content) +
        textLength(delta.reasoning);
      for (const call of toolCalls) {
        const body = (call as { function?: { arguments?: unknown; name?: unknown } }).function;
        characters += textLength(body?.arguments) + textLength(body?.name);
      }
      if (characters === 0 && toolCalls.length === 0) continue;
      if (!outcome.contentStarted) {
        outcome.contentStarted = true;
        this.#frameOverheadBytes = Math.max(0, frameBytes - characters);
      }
      outcome.outputCharacters += characters;
    }
  }
}

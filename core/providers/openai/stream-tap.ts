import { ProviderFailure } from "#core/providers/provider.ts";
import { SseFrameTooLargeError, SseParser } from "#core/providers/sse-parser.ts";
import { areSilent, toContractChunks } from "./contract-chunks.ts";
import type { Chunk } from "./dialect.ts";
import { failureFromBody } from "./errors.ts";
import type { AnswerOptions } from "./from-response.ts";
import { noteChunk } from "./note-chunk.ts";
import { chunkEnd, cutUsage, lastUsage, withoutUsage } from "./take-usage.ts";
import { toTokenUsage } from "./usage.ts";

/**
 * The tap on an OpenAI-shaped stream: bytes pass on as they came, whole frames at a time, and only frames that carry
 * something we must know (the first content, a finish reason, usage, an error) are parsed. What is not in the common form
 * (`data: {…}` and a blank line) goes through a real SSE parser and leaves in the common form.
 */

const maxFrameBytes = 8 * 1024 * 1024;
const frameEnd = "\n\n";
const dataPrefix = "data: {";
const donePrefix = "data: [DONE]";
const empty = Buffer.alloc(0);
const lineFeed = 10;
const carriageReturn = 13;

/** What a frame holds that has to be read wherever it stands. One pattern is looked for three times as fast as four texts. */
const telling = /finish_reason": ?"|error"|\[DONE\]/;
/** A usage has to be read as well, and taken off. */
const tellingUsage = /usage": ?\{/;
/** Either. */
const tellingAny = new RegExp(`${telling.source}|${tellingUsage.source}`);

/**
 * Whether a frame is one `data: {…}` line, or the end mark. One that breaks off inside its JSON has to be found out here:
 * the fast way does not parse.
 */
const isCommon = (view: string, start: number, end: number): boolean => {
  const isData = view.startsWith(dataPrefix, start) && view[end - 1] === "}";
  return (isData || view.startsWith(donePrefix, start)) && view.indexOf("\n", start) === end;
};

/**
 * Reads usage and content from a stream of chunks as it passes, and repairs what does not follow the contract.
 * Fields: the state of one stream, kept flat because every chunk passes through them.
 */
export class StreamTap {
  readonly #options: AnswerOptions;
  /** Reads of a frame that is not whole yet. Joined once it is: a long one costs one copy however many reads it took. */
  #carry: Buffer[] = [];
  #carryBytes = 0;
  #parser: SseParser | undefined;
  /** Bytes of a frame that are not content, learnt from the first one: lets content be counted without parsing. */
  #frameOverheadBytes: number | undefined;
  #done = false;
  /** The usage that a read told last, still as text: where each chunk tells one, only the last of a read counts. */
  #usageText: string | undefined;
  /** A frame with a choice has been seen. */
  #begun = false;
  /** Content has been passed on: a later fault must not swallow what came before it in the same read. */
  #delivered = false;
  #fault: unknown;

  constructor(options: AnswerOptions) {
    this.#options = options;
  }

  /** Takes what arrived and returns whole frames to pass on, possibly none. @throws ProviderFailure */
  push(bytes: Buffer): Buffer | string {
    this.throwFault();
    const ready = this.#take(bytes);
    this.#delivered ||= this.#options.outcome.contentStarted;
    return ready;
  }

  /** Call after what `push` returned was passed on. @throws ProviderFailure that the same read brought. */
  throwFault(): void {
    if (this.#fault !== undefined) throw this.#fault;
  }

  /** Call when the body ended. Returns what is left to pass on. @throws ProviderFailure when the answer is not whole. */
  end(): Buffer | string {
    let rest: Buffer | string = empty;
    if (this.#parser === undefined && this.#carryBytes > 0) {
      // Some servers leave out the last blank line.
      rest = this.push(Buffer.from(frameEnd));
    } else if (this.#parser !== undefined) {
      rest = this.#emit(this.#parser.end());
    }
    this.throwFault();
    if (this.#options.outcome.finishReason === undefined) {
      throw this.#malformed("the stream ended without a finish reason");
    }
    return rest;
  }

  #malformed(what: string): ProviderFailure {
    return new ProviderFailure(this.#options.provider, "malformed", `${this.#options.provider}: ${what}`);
  }

  #take(bytes: Buffer): Buffer | string {
    if (this.#parser !== undefined) return this.#reframe(this.#parser, bytes);
    const hasReturn = bytes.includes(carriageReturn);
    if (!hasReturn && this.#carryBytes > 0 && !this.#endsFrame(bytes)) return this.#keep(bytes);
    const joined = this.#carryBytes === 0 ? bytes : Buffer.concat([...this.#carry, bytes]);
    this.#carry = [];
    this.#carryBytes = 0;
    if (hasReturn) {
      this.#parser = new SseParser({ maxFrameBytes });
      return this.#reframe(this.#parser, joined);
    }
    // One character a byte: text is searched faster than bytes are.
    const view = joined.toString("latin1");
    const end = view.lastIndexOf(frameEnd);
    if (end < 0) return this.#keep(joined);
    const whole = end + frameEnd.length;
    if (whole === joined.length) return this.#passOn(joined, view);
    this.#keep(joined.subarray(whole));
    return this.#passOn(joined.subarray(0, whole), view.slice(0, whole));
  }

  /** Whether bytes that follow the kept ones bring the end of a frame, which may lie across both. */
  #endsFrame(bytes: Buffer): boolean {
    return (bytes[0] === lineFeed && this.#carry.at(-1)?.at(-1) === lineFeed) || bytes.includes(frameEnd);
  }

  /** Keeps the beginning of a frame. @throws ProviderFailure */
  #keep(bytes: Buffer): Buffer {
    this.#carry.push(bytes);
    this.#carryBytes += bytes.length;
    if (this.#carryBytes > maxFrameBytes) throw this.#malformed(`a frame is longer than ${maxFrameBytes} bytes`);
    return empty;
  }

  /** Whether frames hold something that has to be known, or come where everything is read. */
  #mustRead(view: string): boolean {
    return this.#readsAll || tellingAny.test(view) || this.#isRewritten(view);
  }

  /** The same for anything but a usage. */
  #mustParse(view: string): boolean {
    return this.#readsAll || telling.test(view) || this.#isRewritten(view);
  }

  /** Nothing said yet, or everything. */
  get #readsAll(): boolean {
    return this.#frameOverheadBytes === undefined || this.#done;
  }

  #isRewritten(view: string): boolean {
    const { rewriter } = this.#options;
    return rewriter !== undefined && rewriter.rewrites?.test(view) !== false;
  }

  /** Counts content by the length of its frames, without parsing them. */
  #count(bytes: number, frames: number): void {
    this.#options.outcome.outputCharacters += Math.max(frames, bytes - frames * (this.#frameOverheadBytes ?? 0));
  }

  /** The fast way: frames as they came, unless one of them has to be read. `view` is the same in Latin-1. */
  #passOn(ready: Buffer, view: string): Buffer | string {
    if (this.#mustRead(view)) return this.#passOnRead(ready, view);
    let frames = 0;
    for (let start = 0; start < view.length; ) {
      const end = view.indexOf(frameEnd, start);
      if (!isCommon(view, start, end)) return this.#passOnRead(ready, view);
      frames += 1;
      start = end + frameEnd.length;
    }
    this.#count(ready.length, frames);
    return ready;
  }

  /** Reads what has to be read, frame by frame; those in the common form and unchanged leave as the very bytes that came. */
  #passOnRead(ready: Buffer, view: string): Buffer | string {
    const kept: Buffer[] = [];
    let changed = false;
    try {
      for (let start = 0; start < ready.length; ) {
        const end = view.indexOf(frameEnd, start);
        const frame = ready.subarray(start, end + frameEnd.length);
        const text = this.#readFrame(frame, view.slice(start, end + frameEnd.length));
        start = end + frameEnd.length;
        if (text === undefined) kept.push(frame);
        else if (typeof text === "number") {
          changed = true;
          kept.push(frame.subarray(0, text), chunkEnd);
        } else {
          changed = true;
          if (text !== "") kept.push(Buffer.from(text));
        }
        if (this.#fault !== undefined) break;
      }
      this.#noteUsage();
    } catch (fault) {
      this.#hold(fault);
      changed = true;
    }
    return changed ? Buffer.concat(kept) : ready;
  }

  /** One frame to pass on in other words, undefined for its own bytes, or a number for so many of them and its end. */
  #readFrame(frame: Buffer, view: string): string | number | undefined {
    if (isCommon(view, 0, view.length - frameEnd.length)) {
      // A burst brings the whole answer in one read: its end must not make every word of it be parsed.
      if (!this.#mustParse(view)) {
        if (!tellingUsage.test(view)) {
          this.#count(frame.length, 1);
          return undefined;
        }
        const usageAt = this.#takeUsage(view);
        if (usageAt !== undefined) return usageAt;
      }
      this.#noteUsage();
      const text = frame.toString("utf8", "data: ".length, frame.length - frameEnd.length);
      const result = this.#read(text, frame.length);
      return result === undefined || result === "" ? result : `data: ${result}${frameEnd}`;
    }
    this.#noteUsage();
    // A comment, an event name, two data lines: the parser knows them all.
    const parser = new SseParser({ maxFrameBytes });
    return this.#emit([...parser.push(frame), ...parser.end()]);
  }

  /** Takes the usage of a frame that has nothing else to tell, as some send it on every chunk. Returns where it begins. */
  #takeUsage(view: string): number | undefined {
    const { outcome } = this.#options;
    // Behind the finish reason it may stand beside an empty delta, which is not passed on.
    if (outcome.finishReason !== undefined) return undefined;
    const last = lastUsage(view);
    if (last === undefined) return undefined;
    // One without counts takes nothing back.
    if (this.#usageText === undefined || /\d/.test(last.text)) this.#usageText = last.text;
    this.#count(last.at + chunkEnd.length, 1);
    return last.at;
  }

  /** Reads the usage that was taken last. Before any other frame is read, whose own usage comes later. @throws ProviderFailure */
  #noteUsage(): void {
    const text = this.#usageText;
    if (text === undefined) return;
    this.#usageText = undefined;
    const { outcome, reasoning } = this.#options;
    outcome.usage = toTokenUsage(this.#parse(text), reasoning) ?? outcome.usage;
  }

  #reframe(parser: SseParser, bytes: Buffer): string {
    try {
      return this.#emit(parser.push(bytes));
    } catch (error) {
      throw error instanceof SseFrameTooLargeError ? this.#malformed(error.message) : error;
    }
  }

  #emit(events: readonly { readonly data: string }[]): string {
    let text = "";
    try {
      for (const { data } of events) {
        if (data === "") continue;
        const result = this.#read(data, data.length) ?? data.replaceAll("\n", " ");
        if (result !== "") text += `data: ${result}${frameEnd}`;
      }
    } catch (fault) {
      this.#hold(fault);
    }
    return text;
  }

  /** Keeps a fault until the frames before it were passed on; where none ever was, another target may still answer. */
  #hold(fault: unknown): void {
    if (!this.#delivered) throw fault;
    this.#fault = fault;
  }

  /** Reads one frame's data: the text to pass on instead, "" for none, undefined when it may stay as it is. */
  #read(data: string, frameBytes: number): string | undefined {
    if (data.startsWith("[DONE]")) {
      this.#done = true;
      return "";
    }
    // Whatever a server sends after its end mark is not part of the answer.
    if (this.#done) return "";
    const { provider, rewriter } = this.#options;
    const chunk: Chunk = this.#parse(data);
    const failure = failureFromBody(provider, chunk);
    if (failure !== undefined) throw failure;
    const rewritten = rewriter === undefined ? chunk : rewriter.chunk(chunk);
    const choices = Array.isArray(rewritten.choices) ? rewritten.choices : [];
    const characters = noteChunk(rewritten, choices, this.#options);
    // Usage alone (or a content-filter preamble): the core writes its own usage frame when the caller asked for one.
    if (choices.length === 0) return "";
    // OpenRouter tells it beside an empty delta, behind the finish reason.
    const tellsUsage = rewritten.usage !== undefined && rewritten.usage !== null;
    if (tellsUsage && this.#begun && areSilent(choices)) return "";
    if (characters !== undefined) this.#frameOverheadBytes ??= Math.max(0, frameBytes - characters);
    const parts = toContractChunks(rewritten, choices, this.#begun);
    this.#begun = true;
    if (parts.length === 1 && parts[0] === chunk) {
      if (!tellsUsage) return undefined;
      const cut = cutUsage(data, chunk.usage);
      if (cut !== undefined) return cut;
    }
    return parts.map((part) => JSON.stringify(withoutUsage(part))).join(`${frameEnd}data: `);
  }

  #parse(data: string): object {
    let chunk: unknown;
    try {
      chunk = JSON.parse(data);
    } catch {
      throw this.#malformed("a frame is not JSON");
    }
    if (typeof chunk !== "object" || chunk === null) throw this.#malformed("a frame is not an object");
    return chunk;
  }
}

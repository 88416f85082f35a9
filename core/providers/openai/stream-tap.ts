import { ProviderFailure } from "#core/providers/provider.ts";
import { SseFrameTooLargeError, SseParser } from "#core/providers/sse-parser.ts";
import { isRecord, type JsonRecord } from "#core/values/records.ts";
import { isFilled } from "./answer-facts.ts";
import type { ShapedChoice } from "./contract-choices.ts";
import { ContractStream } from "./contract-stream.ts";
import type { AnswerRewriter, Chunk } from "./dialect.ts";
import { failureFromBody } from "./errors.ts";
import { FrameTemplates } from "./frame-templates.ts";
import type { AnswerOptions } from "./from-response.ts";
import { noteChunk } from "./note-chunk.ts";
import { readCall } from "./tool-call-facts.ts";
import { noteUsage } from "./usage.ts";

/**
 * The tap on an OpenAI-shaped stream: bytes pass on as they came, whole frames at a time. A frame is parsed unless it looks,
 * but for its text, like one that was (frame-templates.ts). What has to be changed to be OpenAI's, is (contract-stream.ts);
 * what is not in the common form (`data: {…}` and a blank line) goes through a real SSE parser and leaves in it.
 */

const maxFrameBytes = 8 * 1024 * 1024;
const frameEnd = "\n\n";
const dataPrefix = "data: {";
const empty = Buffer.alloc(0);
const lineFeed = 10;
const carriageReturn = 13;

/** The one text that a delta adds to: words, thoughts, or the arguments of a call that was named before. */
const addedText = (delta: JsonRecord): { readonly text: string; readonly isCall: boolean } | undefined => {
  const { tool_calls: calls, function_call: called } = delta;
  if (called !== undefined) return undefined;
  if (calls === undefined || calls === null) {
    const text = [delta.content, delta.reasoning_content, delta.reasoning].find(isFilled);
    return text === undefined ? undefined : { text, isCall: false };
  }
  const [only, ...others] = Array.isArray(calls) ? (calls as readonly unknown[]) : [];
  if (others.length > 0 || !isRecord(only)) return undefined;
  const { type, id, name, text } = readCall(only);
  return type === "custom" || id !== undefined || name !== undefined ? undefined : { text, isCall: true };
};

/** A chunk as its provider's rewriter makes it. */
const rewrite = (rewriter: AnswerRewriter, chunk: Chunk, shaped: readonly ShapedChoice[]) => {
  const rewritten = rewriter.chunk({ ...chunk, choices: shaped.map(({ choice }) => choice) });
  const choices = (rewritten.choices ?? []).map(
    (choice, position): ShapedChoice => ({ choice, hasDelta: shaped[position]?.hasDelta ?? true }),
  );
  return { rewritten, choices };
};

/** Whether a frame is one `data: {…}` line. */
const isCommon = (view: string): boolean =>
  view.startsWith(dataPrefix) && view.indexOf("\n") === view.length - frameEnd.length && view.at(-3) === "}";

/** Where the frame ends that begins at `start`. A line feed more than a blank line needs is all that may be left without an end. */
const endOfFrame = (view: string, start: number): number => {
  const end = view.indexOf(frameEnd, start);
  return end < 0 ? view.length : end + frameEnd.length;
};

const toFrames = (chunks: readonly Chunk[]): string =>
  chunks.map((chunk) => `data: ${JSON.stringify(chunk)}${frameEnd}`).join("");

/**
 * Reads usage and content from a stream of chunks as it passes, and repairs what does not follow the contract.
 * Fields: the state of one stream, kept flat because every chunk passes through them.
 */
export class StreamTap {
  readonly #options: AnswerOptions;
  readonly #contract: ContractStream;
  readonly #templates = new FrameTemplates();
  /** Reads of a frame that is not whole yet. Joined once it is: a long one costs one copy however many reads it took. */
  #carry: Buffer[] = [];
  #carryBytes = 0;
  #parser: SseParser | undefined;
  #done = false;
  /** The last usage of a read, still as text: where each chunk has one, only the last of a read counts. */
  #usageText: string | undefined;
  /** Calls of the answer when looks were learnt last: looks of calls hold until another one begins. */
  #callsBegun = 0;
  /** Content has been passed on: a later fault must not swallow what came before it in the same read. */
  #delivered = false;
  #fault: unknown;

  constructor(options: AnswerOptions) {
    this.#options = options;
    this.#contract = new ContractStream(options);
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
    const last = this.finish();
    return last === "" ? rest : rest.toString() + last;
  }

  /** The chunks that end the answer. They wait for the end of the stream: more may follow what looked like the end. */
  finish(): string {
    if (this.#options.outcome.finishReason === undefined) {
      throw this.#malformed("the stream ended without a finish reason");
    }
    return toFrames(this.#contract.end());
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

  /** Whole frames: those of a known look as they come or with what is wrong around their text put right, others read. */
  #passOn(ready: Buffer, view: string): Buffer | string {
    this.#templates.open(view);
    try {
      return this.#passFrames(ready, view);
    } finally {
      this.#templates.close();
    }
  }

  #passFrames(ready: Buffer, view: string): Buffer | string {
    const kept: Buffer[] = [];
    // From here on bytes leave as they came.
    let from = 0;
    const keep = (to: number): void => {
      if (to > from) kept.push(ready.subarray(from, to));
    };
    let start = 0;
    try {
      while (start < view.length) {
        const known = this.#done ? -1 : this.#templates.match(start);
        const end = known < 0 ? endOfFrame(view, start) : known;
        const other = known < 0 ? this.#readFrame(ready, view, start, end) : this.#known(ready, view);
        if (other !== undefined) {
          keep(start);
          kept.push(...other);
          from = end;
        }
        start = end;
        if (this.#fault !== undefined) {
          keep(start);
          return Buffer.concat(kept);
        }
      }
      this.#noteUsage();
    } catch (fault) {
      this.#hold(fault);
      keep(start);
      return Buffer.concat(kept);
    }
    if (kept.length === 0 && from === 0) return ready;
    keep(ready.length);
    return kept.length === 1 && kept[0] !== undefined ? kept[0] : Buffer.concat(kept);
  }

  /** A frame of a known look: what to pass on instead, or undefined for its own bytes. */
  #known(ready: Buffer, view: string): readonly Buffer[] | undefined {
    const { template, textFrom, textTo, tailTo } = this.#templates;
    if (template === undefined) return undefined;
    this.#options.outcome.outputCharacters += textTo - textFrom;
    if (template.call !== undefined) {
      template.call.scan.push(JSON.parse(`"${view.slice(textFrom, textTo)}"`) as string);
    }
    if (template.rest === "usage") {
      const text = view.slice(tailTo, view.indexOf(frameEnd, tailTo) - 1);
      // One without counts takes nothing back.
      if (this.#usageText === undefined || /\d/.test(text)) this.#usageText = text;
    }
    const { out } = template;
    return out === undefined ? undefined : [out.head, ready.subarray(textFrom, textTo), out.tail];
  }

  /** Reads one frame. What to pass on instead of it, or undefined for its own bytes. */
  #readFrame(ready: Buffer, whole: string, start: number, end: number): readonly Buffer[] | undefined {
    if (this.#done) return [];
    this.#noteUsage();
    const view = whole.slice(start, end);
    if (isCommon(view)) {
      const text = ready.toString("utf8", start + "data: ".length, end - frameEnd.length);
      const sent = this.#read(text, view);
      return sent === undefined ? undefined : sent === "" ? [] : [Buffer.from(sent)];
    }
    // A comment, an event name, two data lines: the parser knows them all.
    const parser = new SseParser({ maxFrameBytes });
    const sent = this.#emit([...parser.push(ready.subarray(start, end)), ...parser.end()]);
    return sent === "" ? [] : [Buffer.from(sent)];
  }

  /** Reads the usage that was taken last. Before any other frame is read, whose own usage comes later. @throws ProviderFailure */
  #noteUsage(): void {
    const text = this.#usageText;
    if (text === undefined) return;
    this.#usageText = undefined;
    noteUsage(this.#options.outcome, this.#parse(text), this.#options.reasoning);
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
        text += this.#read(data, undefined) ?? `data: ${data.replaceAll("\n", " ")}${frameEnd}`;
      }
    } catch (fault) {
      this.#hold(fault);
    }
    return text;
  }

  /** Keeps a fault until the frames before it were passed on; where none ever was, another target may still answer. */
  #hold(fault: unknown): void {
    // An answer that has ended is whole: what is wrong behind it must not take it back.
    if (!this.#delivered && this.#options.outcome.finishReason === undefined) throw fault;
    this.#fault = fault;
  }

  /**
   * Reads one frame's data. Returns the frame to pass on instead, "" for none, undefined where it may stay as it is.
   * @param view the frame in Latin-1, whose look is learnt; undefined for one that came in another form.
   */
  #read(data: string, view: string | undefined): string | undefined {
    if (data.startsWith("[DONE]")) this.#done = true;
    // Whatever a server sends after its end mark is not part of the answer.
    if (this.#done) return "";
    const { provider, rewriter, outcome, reasoning } = this.#options;
    const chunk: Chunk = this.#parse(data);
    const failure = failureFromBody(provider, chunk);
    if (failure !== undefined) throw failure;
    const tellsUsage = noteChunk(chunk, outcome, reasoning);
    const shaped = this.#contract.shape(chunk);
    if (shaped.length === 0) return "";
    const begun = shaped.every(({ choice }) => this.#contract.hasBegun(choice.index));
    const { rewritten, choices } =
      rewriter === undefined ? { rewritten: chunk, choices: shaped } : rewrite(rewriter, chunk, shaped);
    const { chunk: sent, characters } = this.#contract.take(rewritten, choices, tellsUsage);
    if (characters !== undefined) {
      outcome.contentStarted = true;
      outcome.outputCharacters += characters;
    }
    if (this.#contract.callsBegun !== this.#callsBegun) {
      this.#callsBegun = this.#contract.callsBegun;
      this.#templates.forgetCalls();
    }
    if (sent === undefined) return "";
    const text = sent === chunk ? undefined : toFrames([sent]);
    if (begun && rewriter === undefined && view !== undefined) this.#learn(view, text, shaped, characters);
    return text;
  }

  /** Learns the look of a frame that does no more than add to one text. */
  #learn(
    view: string,
    sent: string | undefined,
    shaped: readonly ShapedChoice[],
    characters: number | undefined,
  ): void {
    const [only, ...others] = shaped;
    if (only === undefined || others.length > 0 || only.choice.finish_reason !== null) return;
    const added = addedText(only.choice.delta as unknown as JsonRecord);
    if (added === undefined || added.text.length !== characters) return;
    const call = added.isCall ? this.#contract.callsOf(only.choice.index)?.last : undefined;
    this.#templates.learn(view, sent, call);
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

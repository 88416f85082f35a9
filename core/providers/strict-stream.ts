import type { ChatCompletionChunk } from "openai/resources/chat/completions";
import type { ChatProviderId } from "#core/catalog/provider-ids.ts";
import { deltaSays } from "./openai/contract-delta.ts";
import { ProviderFailure } from "./provider.ts";
import { cutsOff, type StrictJudge } from "./strict-judge.ts";

type Choice = ChatCompletionChunk.Choice;
type ToolCall = ChatCompletionChunk.Choice.Delta.ToolCall;

const dataPrefix = "data: ";
const frameEnd = "\n\n";

/** Whether no choice says or ends anything. */
const areSilent = (choices: readonly Choice[]): boolean =>
  choices.every(({ delta, finish_reason: reason }) => !deltaSays(delta) && typeof reason !== "string");

const toFrame = (chunk: ChatCompletionChunk): string => dataPrefix + JSON.stringify(chunk) + frameEnd;

/** A call of a strict tool, put together until its choice ends. */
interface HeldCall {
  readonly choice: number;
  /** The chunk that it began in. */
  readonly chunk: ChatCompletionChunk;
  call: ToolCall;
}

export interface StrictStreamOptions {
  readonly provider: ChatProviderId;
  readonly judge: StrictJudge;
  /** What a call that breaks its schema becomes. */
  readonly toFailure: (fault: string) => Error;
}

/** Takes frames and gives on what may leave: everything at once but the calls of strict tools. */
class StrictStream {
  readonly #provider: ChatProviderId;
  readonly #judge: StrictJudge;
  /** By choice and index. */
  readonly #held = new Map<string, HeldCall>();
  /** Frames that say nothing yet: once one has left, no other target is tried. */
  #silent = "";
  #begun = false;
  /** What is wrong with a call. Nothing leaves any more. */
  fault: string | undefined;

  constructor({ provider, judge }: StrictStreamOptions) {
    this.#provider = provider;
    this.#judge = judge;
  }

  push(part: Buffer | string): string {
    const text = typeof part === "string" ? part : part.toString("utf8");
    let ready = "";
    for (const frame of text.split(frameEnd)) {
      if (frame !== "" && this.fault === undefined) ready += this.#frame(frame);
    }
    return this.fault === undefined ? ready : "";
  }

  /** The stream ended: calls of choices without an end. */
  end(): string {
    return [...this.#held.values()].map(({ choice }) => this.#release(choice, undefined)).join("");
  }

  #frame(frame: string): string {
    if (!frame.startsWith("data: {")) return frame + frameEnd;
    const chunk = this.#parse(frame);
    const choices = chunk.choices.flatMap((choice) => this.#choice(chunk, choice));
    const released = chunk.choices.map(({ index, finish_reason: reason }) =>
      typeof reason === "string" ? this.#release(index, reason) : "",
    );
    if (this.fault !== undefined) return "";
    const isWhole = choices.length === chunk.choices.length && choices.every((one, at) => one === chunk.choices[at]);
    const said = choices.length === 0 ? "" : isWhole ? frame + frameEnd : toFrame({ ...chunk, choices });
    const ready = released.join("") + said;
    if (this.#begun) return ready;
    if (released.join("") === "" && areSilent(choices)) {
      this.#silent += said;
      return "";
    }
    this.#begun = true;
    return this.#silent + ready;
  }

  #parse(frame: string): ChatCompletionChunk {
    try {
      return JSON.parse(frame.slice(dataPrefix.length)) as ChatCompletionChunk;
    } catch {
      throw new ProviderFailure(this.#provider, "malformed", `${this.#provider}: a frame is not JSON`);
    }
  }

  /** A choice without the calls that are held back; nothing where it was only those. */
  #choice(chunk: ChatCompletionChunk, choice: Choice): Choice[] {
    const { tool_calls: calls, ...delta } = choice.delta ?? {};
    if (!Array.isArray(calls) || calls.length === 0) return [choice];
    const free = calls.filter((call) => !this.#hold(chunk, choice.index, call));
    if (free.length === calls.length) return [choice];
    if (free.length > 0) return [{ ...choice, delta: { ...delta, tool_calls: free } }];
    const says = Object.keys(delta).length > 0 || typeof choice.finish_reason === "string";
    return says ? [{ ...choice, delta }] : [];
  }

  /** Adds to a call of a strict tool. False for any other. */
  #hold(chunk: ChatCompletionChunk, choice: number, call: ToolCall): boolean {
    const key = `${choice} ${call.index}`;
    const known = this.#held.get(key);
    if (known === undefined) {
      const name = call.function?.name;
      if (name === undefined || !this.#judge.isStrict(name)) return false;
      this.#held.set(key, { choice, chunk, call });
      return true;
    }
    const text = (known.call.function?.arguments ?? "") + (call.function?.arguments ?? "");
    known.call = {
      ...known.call,
      ...call,
      ...namedAs(known.call),
      function: { ...known.call.function, arguments: text },
    };
    return true;
  }

  /** The calls of a choice that has ended, in one delta each. */
  #release(choice: number, reason: string | undefined): string {
    let ready = "";
    for (const [key, held] of this.#held) {
      if (held.choice !== choice) continue;
      this.#held.delete(key);
      const { name = "", arguments: text = "" } = held.call.function ?? {};
      if (!cutsOff(reason)) this.fault ??= this.#judge.faultOf(name, text);
      const released: Choice = {
        index: choice,
        delta: { tool_calls: [held.call] },
        logprobs: null,
        finish_reason: null,
      };
      ready += toFrame({ ...held.chunk, choices: [released] });
    }
    return ready;
  }
}

/** What a call's later deltas must not take away. */
const namedAs = ({ id, type }: ToolCall): Partial<ToolCall> => ({
  ...(id === undefined ? {} : { id }),
  ...(type === undefined ? {} : { type }),
});

/**
 * A stream's frames with the calls of strict tools held back until their choice ends, and judged then. Text and other calls
 * flow on. Nothing leaves before something is said, so that what breaks before may still be asked for again.
 * @throws what the source throws, and what `toFailure` makes of a call that breaks its schema. The source is read to its end
 * before that: it tells its usage last.
 */
export async function* strictFrames(
  frames: AsyncIterable<Buffer | string>,
  options: StrictStreamOptions,
): AsyncGenerator<string, void, undefined> {
  const stream = new StrictStream(options);
  try {
    for await (const part of frames) {
      const ready = stream.push(part);
      if (ready !== "") yield ready;
    }
  } catch (error) {
    throw stream.fault === undefined ? error : options.toFailure(stream.fault);
  }
  const rest = stream.fault === undefined ? stream.end() : "";
  if (stream.fault !== undefined) throw options.toFailure(stream.fault);
  if (rest !== "") yield rest;
}

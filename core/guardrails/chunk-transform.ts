import type { ChatCompletionChunk } from "openai/resources/chat/completions";
import { isRecord } from "#core/values/records.ts";
import type { ChoiceFindings } from "./choice-findings.ts";
import { findPii } from "./scan.ts";
import type { TextChannel } from "./text-channel.ts";
import { textsIn } from "./text-leaves.ts";

type Choice = ChatCompletionChunk.Choice;
type Delta = Record<string, unknown>;

/** Thoughts, which end when the answer itself begins, and the texts of the answer. */
const thoughtFields = ["reasoning_content", "reasoning"] as const;
const answerFields = ["content", "refusal"] as const;
const textFields: readonly string[] = [...thoughtFields, ...answerFields];

/** What a stream's choice ends with when a guardrail ends it. */
export const endedChoice = (index: number, findings: ChoiceFindings): Choice => {
  findings.block(index);
  return findings.mark({ index, delta: {}, logprobs: null, finish_reason: "content_filter" }, true);
};

export interface ChunkTransformOptions {
  /** Makes the way of one text of a choice. @param json it is a tool's arguments. */
  readonly channel: (choice: number, json: boolean) => TextChannel;
  /**
   * The channels judge: what repeats the text in another form (logprobs) is taken off, and the fields of a delta that we do
   * not know wait for the end of the choice. They leave when nothing was found in them nor in the choice.
   */
  readonly judges: boolean;
  /** For the last chunk of each choice. */
  readonly findings: ChoiceFindings;
}

interface ChoiceState {
  readonly index: number;
  readonly channels: Map<string, TextChannel>;
  /** Deltas of fields that wait. */
  readonly waiting: Delta[];
  ended: boolean;
}

/** Sends every text of a stream of chunks through a channel of its own: of each choice, each field and each tool call. */
export class ChunkTransform {
  readonly #options: ChunkTransformOptions;
  readonly #states = new Map<number, ChoiceState>();
  #last: ChatCompletionChunk | undefined;

  constructor(options: ChunkTransformOptions) {
    this.#options = options;
  }

  /** The chunks that may leave now, each of one choice. A chunk without choices leaves as it came. */
  push(chunk: ChatCompletionChunk): ChatCompletionChunk[] {
    if (!Array.isArray(chunk.choices) || chunk.choices.length === 0) return [chunk];
    this.#last = chunk;
    return chunk.choices.flatMap((choice) => this.#choice(choice)).map((choice) => ({ ...chunk, choices: [choice] }));
  }

  /** The stream ended: what choices without a finish reason still hold. */
  end(): ChatCompletionChunk[] {
    const last = this.#last;
    if (last === undefined) return [];
    return [...this.#states.values()].flatMap((state) => {
      if (state.ended) return [];
      state.ended = true;
      const choices = this.#rest(state).map((delta) => choiceOf(state.index, delta));
      if (this.#isBlocked(state)) choices.push(this.#block(state));
      return choices.map((choice) => ({ ...last, choices: [choice] }));
    });
  }

  #choice(choice: Choice): Choice[] {
    const state = this.#stateOf(choice.index ?? 0);
    if (state.ended) return [];
    const delta = isRecord(choice.delta) ? this.#delta(choice.delta, state) : {};
    const logprobs = this.#options.judges ? null : choice.logprobs;
    const choices: Choice[] = [];
    const add = (part: Delta): void => {
      if (Object.keys(part).length > 0)
        choices.push({ ...choice, delta: part, logprobs, finish_reason: null } as Choice);
    };
    add(delta);
    if (this.#isBlocked(state)) return [...choices, this.#block(state)];
    if (typeof choice.finish_reason !== "string") return choices;
    for (const rest of this.#rest(state)) add(rest);
    if (this.#isBlocked(state)) return [...choices, this.#block(state)];
    state.ended = true;
    return [...choices, this.#options.findings.mark({ ...choice, delta: {}, logprobs: null }, false)];
  }

  #stateOf(index: number): ChoiceState {
    let state = this.#states.get(index);
    if (state === undefined) {
      state = { index, channels: new Map(), waiting: [], ended: false };
      this.#states.set(index, state);
    }
    return state;
  }

  #isBlocked({ channels }: ChoiceState): boolean {
    for (const channel of channels.values()) if (channel.blocked) return true;
    return false;
  }

  #block(state: ChoiceState): Choice {
    state.ended = true;
    return endedChoice(state.index, this.#options.findings);
  }

  #channel(state: ChoiceState, name: string, json: boolean): TextChannel {
    let channel = state.channels.get(name);
    if (channel === undefined) {
      channel = this.#options.channel(state.index, json);
      state.channels.set(name, channel);
    }
    return channel;
  }

  /** What of a delta may leave now; empty when it is all held back. */
  #delta(delta: Delta, state: ChoiceState): Delta {
    const ready: Delta = {};
    const answers = answerFields.some((field) => typeof delta[field] === "string" && delta[field] !== "");
    if (answers || Array.isArray(delta.tool_calls)) this.#endTexts(thoughtFields, state, ready);
    for (const [field, value] of Object.entries(delta)) {
      if (field === "tool_calls") this.#toolCalls(value, state, ready);
      else if (textFields.includes(field) && typeof value === "string" && value !== "") {
        append(ready, field, this.#channel(state, field, false).push(value));
      } else if (field === "role" || textFields.includes(field) || !this.#options.judges) ready[field] = value;
      else state.waiting.push({ [field]: value });
    }
    return ready;
  }

  #toolCalls(value: unknown, state: ChoiceState, ready: Delta): void {
    const calls = (Array.isArray(value) ? value : []).filter(isRecord).flatMap((call) => {
      const index = String(call.index ?? 0);
      const { function: named, custom, ...rest } = call;
      const judged = { ...call };
      let says = Object.keys(rest).some((key) => key !== "index");
      for (const [field, body, text] of [
        ["function", named, "arguments"],
        ["custom", custom, "input"],
      ] as const) {
        if (!isRecord(body)) continue;
        const given = body[text];
        if (typeof given !== "string") {
          says = true;
          continue;
        }
        const left = this.#channel(state, `${field} ${index}`, field === "function").push(given);
        judged[field] = { ...body, [text]: left };
        if (left !== "" || given === "" || Object.keys(body).length > 1) says = true;
      }
      return says ? [judged] : [];
    });
    if (calls.length > 0) ready.tool_calls = calls;
  }

  #endTexts(fields: readonly string[], state: ChoiceState, ready: Delta): void {
    for (const field of fields) append(ready, field, state.channels.get(field)?.end() ?? "");
  }

  /** Everything that is still held back, in deltas. */
  #rest(state: ChoiceState): Delta[] {
    const ready: Delta = {};
    this.#endTexts(textFields, state, ready);
    const calls: Delta[] = [];
    for (const [name, channel] of state.channels) {
      const [kind = "", index] = name.split(" ");
      if (index === undefined) continue;
      const text = channel.end();
      if (text !== "")
        calls.push({ index: Number(index), [kind]: { [kind === "function" ? "arguments" : "input"]: text } });
    }
    if (calls.length > 0) ready.tool_calls = calls;
    const deltas = Object.keys(ready).length > 0 ? [ready] : [];
    return this.#isBlocked(state) ? deltas : [...deltas, ...this.#waited(state)];
  }

  /** The fields that waited, if nothing was found: a signed thought cannot be changed, so it leaves whole or not at all. */
  #waited({ index, waiting }: ChoiceState): Delta[] {
    if (waiting.length === 0 || !this.#options.findings.of(index).isEmpty) return [];
    return findPii(textsIn(waiting).join("")).length === 0 ? waiting.splice(0) : [];
  }
}

const choiceOf = (index: number, delta: Delta): Choice => ({ index, delta, logprobs: null, finish_reason: null });

const append = (delta: Delta, field: string, text: string): void => {
  if (text !== "") delta[field] = `${typeof delta[field] === "string" ? delta[field] : ""}${text}`;
};

import type { ChatCompletionChunk } from "openai/resources/chat/completions";
import { GatewayError } from "#core/errors.ts";
import type { ChoiceFindings } from "./choice-findings.ts";
import { endedChoice } from "./chunk-transform.ts";
import type { Moderate } from "./moderation.ts";
import type { GuardrailAction } from "./settings.ts";
import { textsIn } from "./text-leaves.ts";

/** A window is judged at the end of a sentence once it has this many characters, or without one at twice as many. */
const windowLength = 400;
/** The first one is shorter, so that an answer begins soon. */
const firstWindowLength = 120;
/** What stands before a window is judged with it: harm may need a context. */
const overlapLength = 200;
/** What a flagging moderation looks at, at most. */
const maxFlaggedLength = 100_000;

const sentenceEnd = /[.!?。！？\n]["')\]]*\s*$/;

export interface StreamModerationOptions {
  readonly action: GuardrailAction;
  readonly moderate: Moderate;
  readonly signal: AbortSignal;
  readonly findings: ChoiceFindings;
}

interface ChoiceState {
  readonly index: number;
  queue: ChatCompletionChunk[];
  window: string;
  context: string;
  first: boolean;
  ended: boolean;
}

/**
 * The content moderation of a stream. With `flag` it only reads along and judges at the end; else chunks wait until the
 * window that they belong to was judged, and of a flagged window nothing leaves. Rejects when nobody can be asked.
 */
export class StreamModeration {
  readonly #options: StreamModerationOptions;
  readonly #states = new Map<number, ChoiceState>();

  constructor(options: StreamModerationOptions) {
    this.#options = options;
  }

  /** @param chunk of at most one choice. @throws GatewayError SERVICE_UNAVAILABLE */
  async push(chunk: ChatCompletionChunk): Promise<ChatCompletionChunk[]> {
    const [choice] = chunk.choices;
    if (choice === undefined) return [chunk];
    const state = this.#stateOf(choice.index);
    if (state.ended) return [];
    state.window += textsIn({ ...choice.delta, role: undefined }).join("");
    const finished = typeof choice.finish_reason === "string";
    if (this.#options.action === "flag") {
      return finished ? this.#flagged(chunk, state) : [chunk];
    }
    state.queue.push(chunk);
    if (state.window === "" || finished || isReady(state)) return this.#judge(chunk, state, finished);
    return [];
  }

  /** The stream ended without finish reasons: judges what still waits. */
  async end(): Promise<ChatCompletionChunk[]> {
    const chunks: ChatCompletionChunk[] = [];
    for (const state of this.#states.values()) {
      const last = state.queue.at(-1);
      if (last !== undefined && !state.ended) chunks.push(...(await this.#judge(last, state, true)));
    }
    return chunks;
  }

  #stateOf(index: number): ChoiceState {
    let state = this.#states.get(index);
    if (state === undefined) {
      state = { index, queue: [], window: "", context: "", first: true, ended: false };
      this.#states.set(index, state);
    }
    return state;
  }

  /** Notes the categories of a text. */
  async #isFlagged(text: string, index: number): Promise<boolean> {
    const [categories = []] = await this.#options.moderate([text], this.#options.signal);
    for (const category of categories) this.#options.findings.of(index).add("content_moderation", category);
    return categories.length > 0;
  }

  async #judge(chunk: ChatCompletionChunk, state: ChoiceState, finished: boolean): Promise<ChatCompletionChunk[]> {
    const { window, queue } = state;
    state.queue = [];
    state.window = "";
    state.ended ||= finished;
    if (window === "") return queue;
    if (await this.#isFlagged(state.context + window, state.index)) {
      state.ended = true;
      return [{ ...chunk, choices: [endedChoice(state.index, this.#options.findings)] }];
    }
    state.context = (state.context + window).slice(-overlapLength);
    state.first = false;
    return queue;
  }

  async #flagged(chunk: ChatCompletionChunk, state: ChoiceState): Promise<ChatCompletionChunk[]> {
    state.ended = true;
    const { findings, signal } = this.#options;
    try {
      await this.#isFlagged(state.window.slice(0, maxFlaggedLength), state.index);
    } catch (error) {
      if (!(error instanceof GatewayError) || signal.aborted) throw error;
      findings.of(state.index).add("content_moderation", "unavailable");
    }
    return [{ ...chunk, choices: chunk.choices.map((choice) => findings.mark(choice, false)) }];
  }
}

const isReady = ({ window, first }: ChoiceState): boolean => {
  const length = first ? firstWindowLength : windowLength;
  return window.length >= 2 * length || (window.length >= length && sentenceEnd.test(window));
};

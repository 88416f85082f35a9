import type { ChatProviderId } from "#core/catalog/provider-ids.ts";
import { ProviderFailure, type ProviderOutcome } from "#core/providers/provider.ts";
import type { JsonRecord } from "#core/values/records.ts";
import { type AnswerFacts, withFacts } from "./answer-facts.ts";
import { type Choice, ChoiceShaper, type ShapedChoice } from "./contract-choices.ts";
import { contractDelta, deltaSays } from "./contract-delta.ts";
import type { Chunk } from "./dialect.ts";
import { charactersOf } from "./note-chunk.ts";
import { StreamedCalls } from "./streamed-calls.ts";
import { withoutUsage } from "./without-usage.ts";

const chunkObject = "chat.completion.chunk";

/** One choice of the answer so far. */
interface OpenChoice {
  begun: boolean;
  readonly calls: StreamedCalls;
  /** How it ended. It is reported when the stream is over: more may follow. */
  end: { readonly chunk: Chunk; readonly choice: Choice } | undefined;
}

export interface ContractOptions {
  readonly provider: ChatProviderId;
  readonly outcome: ProviderOutcome;
  readonly facts: AnswerFacts;
  /** How many choices were asked for. */
  readonly choices: number;
}

/** What one chunk becomes. */
export interface ContractChunk {
  /** Undefined where nothing of it is passed on. */
  readonly chunk: Chunk | undefined;
  /** Characters that it adds to the answer; undefined where it adds nothing. */
  readonly characters: number | undefined;
}

/**
 * Makes the chunks of one stream OpenAI's: the first delta of a choice names the role, calls are counted and named as OpenAI
 * does, and each choice ends once, last and with an empty delta. What is right already stays the same object.
 */
export class ContractStream {
  readonly #options: ContractOptions;
  readonly #shaper: ChoiceShaper;
  readonly #choices = new Map<number, OpenChoice>();
  /** Of every chunk that leaves: OpenAI's SDK takes another one for another answer. */
  #id: string | undefined;

  constructor(options: ContractOptions) {
    this.#options = options;
    this.#shaper = new ChoiceShaper({ choices: options.choices, fault: this.#fault });
  }

  readonly #fault = (what: string): ProviderFailure =>
    new ProviderFailure(this.#options.provider, "malformed", `${this.#options.provider}: ${what}`);

  /** The choices of a chunk with members of the right kinds. @throws ProviderFailure */
  shape(chunk: Chunk): readonly ShapedChoice[] {
    return this.#shaper.shape(chunk);
  }

  /** Whether the choice that a frame speaks for has been spoken for before: its role is sent. */
  hasBegun(index: number): boolean {
    return this.#choices.get(index)?.begun === true;
  }

  /** Calls of all choices so far. */
  get callsBegun(): number {
    let begun = 0;
    for (const { calls } of this.#choices.values()) begun += calls.count;
    return begun;
  }

  callsOf(index: number): StreamedCalls | undefined {
    return this.#choices.get(index)?.calls;
  }

  /** Takes a chunk with its shaped choices. @throws ProviderFailure */
  take(chunk: Chunk, shaped: readonly ShapedChoice[], tellsUsage: boolean): ContractChunk {
    const said: Choice[] = [];
    let characters: number | undefined;
    for (const one of shaped) {
      const choice = this.#take(chunk, one, tellsUsage);
      if (choice === undefined) continue;
      said.push(choice);
      const found = charactersOf(choice.delta as unknown as JsonRecord);
      if (found !== undefined) characters = (characters ?? 0) + found;
    }
    if (said.length === 0) return { chunk: undefined, characters };
    const named = this.#name(chunk);
    const given = chunk.choices ?? [];
    const isSame = said.length === given.length && said.every((choice, position) => choice === given[position]);
    return { chunk: isSame ? named : { ...named, choices: said }, characters };
  }

  #take(chunk: Chunk, { choice, hasDelta }: ShapedChoice, tellsUsage: boolean): Choice | undefined {
    const open = this.#open(choice.index);
    const { finish_reason: reason } = choice;
    const given = choice.delta as unknown as JsonRecord;
    const delta = contractDelta(given, open.calls, this.#fault);
    if (reason !== null) this.#end(open, chunk, choice);
    const says = deltaSays(delta);
    // An end is sent later, and what says nothing is needed only to begin with.
    if (!says && (reason !== null || !hasDelta || open.end !== undefined || (open.begun && tellsUsage)))
      return undefined;
    const role = open.begun || delta.role !== undefined ? undefined : "assistant";
    open.begun = true;
    if (role === undefined && delta === given && reason === null) return choice;
    return { ...choice, delta: role === undefined ? delta : { role, ...delta }, finish_reason: null } as Choice;
  }

  /** A chunk with what OpenAI's schema requires around its choices. */
  #name(chunk: Chunk): Chunk {
    const { outcome, facts } = this.#options;
    const named = withFacts(withoutUsage(chunk), chunkObject, facts);
    this.#id ??= named.id ?? facts.completionId;
    outcome.responseId = this.#id;
    return named.id === this.#id ? named : { ...named, id: this.#id };
  }

  #open(index: number): OpenChoice {
    const known = this.#choices.get(index);
    if (known !== undefined) return known;
    const opened: OpenChoice = { begun: false, calls: new StreamedCalls(), end: undefined };
    this.#choices.set(index, opened);
    return opened;
  }

  /** The first end counts, unless it is a plain one: some say `stop` on every chunk. */
  #end(open: OpenChoice, chunk: Chunk, choice: Choice): void {
    const { outcome } = this.#options;
    if (open.end === undefined || open.end.choice.finish_reason === "stop") open.end = { chunk, choice };
    outcome.finishReason = toReason(open, open.end.choice);
    outcome.contentStarted = true;
  }

  /** The stream is over: the last chunks of each choice. @throws ProviderFailure where one has not ended */
  end(): readonly Chunk[] {
    const chunks: Chunk[] = [];
    for (const [index, open] of [...this.#choices].sort(([left], [right]) => left - right)) {
      const { end } = open;
      if (end === undefined) throw this.#fault("the stream ended without a finish reason");
      const base = this.#name(end.chunk);
      const calls = open.calls.end();
      if (calls === undefined) throw this.#fault("a tool call has no name");
      const role = { role: "assistant" as const, content: "" };
      if (!open.begun) chunks.push({ ...base, choices: [{ index, delta: role, finish_reason: null }] });
      if (calls.length > 0)
        chunks.push({ ...base, choices: [{ index, delta: { tool_calls: calls }, finish_reason: null }] });
      const reason = toReason(open, end.choice);
      chunks.push({ ...base, choices: [endOf(end.choice, reason)] });
      this.#options.outcome.finishReason = toReason(open, end.choice);
    }
    this.#choices.clear();
    return chunks;
  }
}

/** Calls that wait for results end an answer as `tool_calls`, and without any it cannot end so. */
const toReason = (
  { calls }: OpenChoice,
  { finish_reason: reason }: Choice,
): "stop" | "length" | "tool_calls" | "content_filter" => {
  const said = reason === null || reason === "function_call" ? "stop" : reason;
  if (said === "length" || said === "content_filter") return said;
  return calls.count > 0 ? "tool_calls" : "stop";
};

const endOf = (choice: Choice, reason: Choice["finish_reason"]): Choice =>
  Object.keys(choice.delta).length === 0
    ? { ...choice, finish_reason: reason }
    : { ...choice, delta: {}, logprobs: null, finish_reason: reason };

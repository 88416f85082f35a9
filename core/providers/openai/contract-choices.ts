import type { ChatCompletionChunk } from "openai/resources/chat/completions";
import { isRecord, type JsonRecord } from "#core/values/records.ts";
import { isFilled } from "./answer-facts.ts";
import type { Chunk } from "./dialect.ts";
import { toFinishReason } from "./finish-reason.ts";
import { toLogprobs } from "./logprobs.ts";

export type Choice = ChatCompletionChunk.Choice;

/** A choice of a chunk whose members are of the right kind, before anything is made of what they say. */
export interface ShapedChoice {
  readonly choice: Choice;
  /** There was a delta at all. */
  readonly hasDelta: boolean;
}

const indexOf = (value: unknown, position: number): number | undefined => {
  if (value === undefined || value === null) return position;
  const index = isFilled(value) ? Number(value) : value;
  return Number.isSafeInteger(index) && (index as number) >= 0 ? (index as number) : undefined;
};

/** An end that is an error has none: `fault` says so. */
const reasonOf = (value: unknown, fault: (what: string) => Error): Choice["finish_reason"] => {
  if (!isFilled(value)) return null;
  const reason = toFinishReason(value);
  if (reason === undefined) throw fault("the answer ended in an error");
  return reason;
};

export interface ShapeOptions {
  /** How many choices were asked for. */
  readonly choices: number;
  readonly fault: (what: string) => Error;
}

/** Puts the choices of a stream's chunks into OpenAI's shape. It remembers how the provider counts. */
export class ChoiceShaper {
  readonly #choices: number;
  readonly #fault: (what: string) => Error;
  /** The provider's number of the one choice. */
  #only: number | undefined;

  constructor({ choices, fault }: ShapeOptions) {
    this.#choices = choices;
    this.#fault = fault;
  }

  /** The choices of a chunk; each is the same object where nothing is wrong with it. */
  shape(chunk: Chunk): readonly ShapedChoice[] {
    const given: readonly unknown[] = Array.isArray(chunk.choices) ? chunk.choices : [];
    const shaped: ShapedChoice[] = [];
    for (const [position, choice] of given.entries()) {
      if (isRecord(choice)) shaped.push(this.#shape(choice, position));
    }
    return shaped;
  }

  #shape(given: JsonRecord, position: number): ShapedChoice {
    const { delta, logprobs, finish_reason: said } = given;
    const index = this.#index(given.index, position);
    const reason = reasonOf(said, this.#fault);
    const fixed: JsonRecord = {};
    if (given.index !== index) fixed.index = index;
    if (said !== reason) fixed.finish_reason = reason;
    if (!isRecord(delta)) fixed.delta = {};
    if (logprobs !== undefined && logprobs !== null) {
      const valid = toLogprobs(logprobs);
      if (valid !== logprobs) fixed.logprobs = valid;
    }
    if (given.usage !== undefined) fixed.usage = undefined;
    const isRight = Object.keys(fixed).length === 0;
    return { choice: (isRight ? given : { ...given, ...fixed }) as unknown as Choice, hasDelta: isRecord(delta) };
  }

  #index(value: unknown, position: number): number {
    const index = indexOf(value, position);
    if (this.#choices === 1) {
      this.#only ??= index ?? 0;
      if (value === undefined || value === null || index === undefined || index === this.#only) return 0;
    } else if (index !== undefined && index < this.#choices) return index;
    throw this.#fault(`a choice has the number ${String(value).slice(0, 20)}, and ${this.#choices} were asked for`);
  }
}

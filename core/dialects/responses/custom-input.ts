import { isRecord, type JsonRecord } from "#core/values/records.ts";
import { textOf } from "./read.ts";

/**
 * Custom tools, which are called with plain text, for models that know functions only: the text is the one argument of a
 * function, and is taken out of its JSON again, also while it streams.
 */

export const customParameters = {
  type: "object",
  properties: { input: { type: "string", description: "The whole input of the tool, as plain text." } },
  required: ["input"],
  additionalProperties: false,
} as const satisfies JsonRecord;

/** The description of a custom tool, with the grammar that its input has to follow. */
export const customDescription = (definition: JsonRecord): string => {
  const described = textOf(definition.description) ?? "";
  const format = isRecord(definition.format) ? definition.format : {};
  // The grammar stands in the format itself, or below it as in a chat completion.
  const grammar = isRecord(format.grammar) ? format.grammar : format;
  const text = textOf(grammar.definition);
  if (text === undefined) return described;
  const syntax = textOf(grammar.syntax) ?? "lark";
  return `${described}\n\nThe input must match this ${syntax} grammar:\n${text}`.trim();
};

/** The arguments of the function that stands for a custom tool. */
export const customArguments = (input: string): string => JSON.stringify({ input });

/** The input that whole arguments hold. What a model made of it otherwise is the input itself. */
export const inputOfArguments = (text: string): string => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return cutInput(text) ?? text;
  }
  if (isRecord(value) && typeof value.input === "string") return value.input;
  return typeof value === "string" ? value : text;
};

const opening = /^\s*\{\s*"input"\s*:\s*"/;

/** The input of arguments that broke off, as far as it came. */
const cutInput = (text: string): string | undefined => {
  const reader = new InputReader();
  const read = reader.push(text);
  return reader.recognised ? read : undefined;
};

const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

const special = /["\\]/g;
/** Of an escape such as `\u00e9`. */
const unicodeLength = 6;

/** The character of an escape, without its backslash. */
const unescaped = (text: string): string => {
  if (text.length === 1) return escapes[text] ?? "";
  const code = Number.parseInt(text.slice(1), 16);
  return Number.isNaN(code) ? "" : String.fromCharCode(code);
};

/** Reads the input out of arguments that come in pieces, piece by piece. */
export class InputReader {
  #pending = "";
  #inside = false;
  #ended = false;

  /** Whether the arguments have the form that was asked for, as far as they came. */
  get recognised(): boolean {
    return this.#inside;
  }

  /** The part of the input that a piece adds. */
  push(piece: string): string {
    if (this.#ended) return "";
    this.#pending += piece;
    if (!this.#inside) {
      const start = opening.exec(this.#pending);
      if (start === null) return "";
      this.#inside = true;
      this.#pending = this.#pending.slice(start[0].length);
    }
    return this.#take();
  }

  #take(): string {
    const text = this.#pending;
    let read = "";
    let at = 0;
    for (;;) {
      special.lastIndex = at;
      const next = special.exec(text)?.index ?? text.length;
      read += text.slice(at, next);
      at = next;
      if (at === text.length) break;
      if (text[at] === '"') {
        this.#ended = true;
        at = text.length;
        break;
      }
      const length = text[at + 1] === "u" ? unicodeLength : 2;
      // An escape that is not whole yet.
      if (at + length > text.length) break;
      read += unescaped(text.slice(at + 1, at + length));
      at += length;
    }
    this.#pending = text.slice(at);
    return read;
  }
}

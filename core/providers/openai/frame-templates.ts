import type { StreamedCall } from "./streamed-calls.ts";

/**
 * What a stream's frames look like around the text that they add. A frame of a look that was read before is known without
 * being parsed: all but its text is the same, byte for byte, and so is what it becomes.
 */
export interface FrameTemplate {
  /** Up to and with the text's opening quote, one character a byte. */
  readonly head: string;
  /** From the text's closing quote on. */
  readonly tail: string;
  /** What follows the tail: the end of the frame is part of it, or a usage, or padding of any length comes before it. */
  readonly rest: "nothing" | "usage" | "padding";
  /** What it becomes, or undefined where it leaves as the bytes that came. */
  readonly out: { readonly head: Buffer; readonly tail: Buffer } | undefined;
  /** Whose arguments the text is. */
  readonly call: StreamedCall | undefined;
}

/** Where a text begins that may be the one to change. */
const textStarts = ["content", "arguments", "reasoning_content", "reasoning"].map(
  (name) => new RegExp(`"${name}": ?"`, "g"),
);
const maxTemplates = 4;

/** What must not stand in a JSON text as it is. */
const control = /[^ -\uffff]/;
const simpleEscapes = '"\\/bfnrt';
const hexadecimal = /^[0-9a-fA-F]{4}$/;
const paddingStart = /"obfuscation": ?"/;
const paddingEnd = '"}\n\n';
const usageStart = /, ?"usage": ?(?=\{)/;

/**
 * Reads texts in a view. By searches for single characters: a pattern that matches keeps the whole view alive until the next
 * one does, and one with choices fills a stack.
 */
class TextReader {
  readonly #view: string;
  /** The first backslash at or behind the place that was looked at last. */
  #backslash = -1;

  constructor(view: string) {
    this.#view = view;
  }

  /** Where the closing quote of a text stands that begins at `from`; -1 where it is no JSON text. */
  closingQuote(from: number): number {
    let at = from;
    for (;;) {
      const quote = this.#view.indexOf('"', at);
      if (quote < 0) return -1;
      if (this.#backslash < at) this.#backslash = this.#nextBackslash(at);
      if (this.#backslash > quote) return control.test(this.#view.slice(from, quote)) ? -1 : quote;
      const length = this.#escapeLength(this.#backslash);
      if (length === 0) return -1;
      at = this.#backslash + length;
    }
  }

  #nextBackslash(at: number): number {
    const found = this.#view.indexOf("\\", at);
    return found < 0 ? Number.POSITIVE_INFINITY : found;
  }

  #escapeLength(at: number): number {
    const escaped = this.#view[at + 1] ?? "";
    if (escaped === "u") return hexadecimal.test(this.#view.slice(at + 2, at + 6)) ? 6 : 0;
    return escaped !== "" && simpleEscapes.includes(escaped) ? 2 : 0;
  }
}

const nothing = new TextReader("");

/** Whether a text stands at a place. Comparing a slice is five times as fast as `startsWith`. */
const standsAt = (view: string, text: string, at: number): boolean => view.slice(at, at + text.length) === text;

/** The one text of a frame that is not empty: where it begins and ends. */
const textIn = (view: string): { readonly from: number; readonly to: number } | undefined => {
  const reader = new TextReader(view);
  for (const start of textStarts) {
    start.lastIndex = 0;
    if (!start.test(view)) continue;
    const from = start.lastIndex;
    if (start.test(view)) continue;
    const to = reader.closingQuote(from);
    if (to > from) return { from, to };
  }
  return undefined;
};

const splitTail = (tail: string): Pick<FrameTemplate, "tail" | "rest"> | undefined => {
  const usage = usageStart.exec(tail);
  if (usage !== null) return { tail: tail.slice(0, usage.index + usage[0].length), rest: "usage" };
  const pad = paddingStart.exec(tail);
  if (pad === null) return { tail, rest: "nothing" };
  const from = pad.index + pad[0].length;
  const isLast = tail.indexOf('"', from) === tail.length - paddingEnd.length && tail.endsWith(paddingEnd);
  return isLast ? { tail: tail.slice(0, from), rest: "padding" } : undefined;
};

export class FrameTemplates {
  #known: FrameTemplate[] = [];
  #view = "";
  #reader = nothing;
  /** Of the frame that matched last. */
  template: FrameTemplate | undefined;
  textFrom = 0;
  textTo = 0;
  /** Where the tail ended. */
  tailTo = 0;

  /**
   * Remembers the look of a frame that was read.
   * @param view the frame, one character a byte. @param sent what it became, or undefined for its own bytes.
   */
  learn(view: string, sent: string | undefined, call: StreamedCall | undefined): void {
    const text = textIn(view);
    const split = text === undefined ? undefined : splitTail(view.slice(text.to));
    if (text === undefined || split === undefined) return;
    const out = sent === undefined ? undefined : textIn(sent);
    if (sent !== undefined && out === undefined) return;
    const template: FrameTemplate = {
      head: view.slice(0, text.from),
      ...split,
      call,
      out:
        sent === undefined || out === undefined
          ? undefined
          : { head: Buffer.from(sent.slice(0, out.from)), tail: Buffer.from(sent.slice(out.to)) },
    };
    this.#known = [template, ...this.#known.slice(0, maxTemplates - 1)];
  }

  /** Forgets the looks of calls: their numbers mean other calls now. */
  forgetCalls(): void {
    if (this.#known.some(({ call }) => call !== undefined))
      this.#known = this.#known.filter(({ call }) => call === undefined);
  }

  /** What is looked at from now on, one character a byte. */
  open(view: string): void {
    this.#view = view;
    this.#reader = new TextReader(view);
  }

  /** Lets go of it: what one read brought must not outlive it. */
  close(): void {
    this.#view = "";
    this.#reader = nothing;
  }

  /** Whether the frame that begins at `from` has a known look, and where it ends; -1 for none. */
  match(from: number): number {
    const view = this.#view;
    for (const template of this.#known) {
      if (!standsAt(view, template.head, from)) continue;
      const textFrom = from + template.head.length;
      const textTo = this.#reader.closingQuote(textFrom);
      if (textTo < 0 || !standsAt(view, template.tail, textTo)) continue;
      const end = endOf(view, textTo + template.tail.length, template);
      if (end < 0) continue;
      this.template = template;
      this.textFrom = textFrom;
      this.textTo = textTo;
      this.tailTo = textTo + template.tail.length;
      return end;
    }
    return -1;
  }
}

/** Where a frame ends whose tail ends at `tailTo`; -1 where it is not as the template has it. */
const endOf = (view: string, tailTo: number, { rest }: FrameTemplate): number => {
  if (rest === "nothing") return tailTo;
  const end = view.indexOf("\n\n", tailTo);
  if (end < 0) return -1;
  if (rest === "usage") return view[end - 1] === "}" && isUsage(view.slice(tailTo, end - 1)) ? end + 2 : -1;
  const isPadding =
    view.indexOf('"', tailTo) === end - 2 && view[end - 1] === "}" && !view.slice(tailTo, end).includes("\\");
  return isPadding ? end + 2 : -1;
};

/** Whether a text is one object of plain members, as far as its braces tell: most usages are, and need no parser for that. */
const isFlatObject = (text: string): boolean =>
  text.startsWith("{") && text.indexOf("}") === text.length - 1 && text.lastIndexOf("{") === 0;

const isUsage = (text: string): boolean => {
  if (isFlatObject(text)) return true;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

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

/** The rest of a JSON text: what JSON allows between quotes, and the closing one. */
const textRest = /(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const padding = /[\w+/=-]*"\}\n\n/y;
const paddingStart = /"obfuscation": ?"/;
const usageStart = /, ?"usage": ?(?=\{)/;

/** Where the closing quote of a text stands that begins at `from`; -1 where it is no JSON text. */
const closingQuote = (view: string, from: number): number => {
  textRest.lastIndex = from;
  return textRest.test(view) ? textRest.lastIndex - 1 : -1;
};

/** The one text of a frame that is not empty: where it begins and ends. */
const textIn = (view: string): { readonly from: number; readonly to: number } | undefined => {
  for (const start of textStarts) {
    start.lastIndex = 0;
    if (!start.test(view)) continue;
    const from = start.lastIndex;
    if (start.test(view)) continue;
    const to = closingQuote(view, from);
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
  padding.lastIndex = from;
  const isLast = padding.test(tail) && padding.lastIndex === tail.length;
  return isLast ? { tail: tail.slice(0, from), rest: "padding" } : undefined;
};

export class FrameTemplates {
  #known: FrameTemplate[] = [];
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

  /** Whether the frame that begins at `from` has a known look, and where it ends; -1 for none. */
  match(view: string, from: number): number {
    for (const template of this.#known) {
      if (!view.startsWith(template.head, from)) continue;
      const textFrom = from + template.head.length;
      const textTo = closingQuote(view, textFrom);
      if (textTo < 0 || !view.startsWith(template.tail, textTo)) continue;
      const end = this.#endOf(view, textTo + template.tail.length, template);
      if (end < 0) continue;
      this.template = template;
      this.textFrom = textFrom;
      this.textTo = textTo;
      this.tailTo = textTo + template.tail.length;
      return end;
    }
    return -1;
  }

  #endOf(view: string, tailTo: number, { rest }: FrameTemplate): number {
    if (rest === "nothing") return tailTo;
    if (rest === "usage") {
      const end = view.indexOf("\n\n", tailTo);
      return end < 0 || !isUsage(view.slice(tailTo, end - 1)) || view[end - 1] !== "}" ? -1 : end + 2;
    }
    padding.lastIndex = tailTo;
    return padding.test(view) ? padding.lastIndex : -1;
  }
}

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

import { ownValue } from "#core/values/records.ts";

/**
 * JSON text that comes in pieces, as a reader of its strings sees it: `b\u0040c` is `b@c`. What is written differently is
 * kept beside it, so that any part can leave exactly as it came.
 */

const escapeOf: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", b: "\b", f: "\f" };
const escapePattern = /\\(?:u[0-9a-fA-F]{4}|[^u]|u)/g;
const unfinishedEscape = /(?:^|[^\\])(?:\\\\)*(\\(?:u[0-9a-fA-F]{0,3})?)$/;

interface Escape {
  /** Place in the read text. */
  readonly at: number;
  readonly written: string;
}

const readEscape = (written: string): string => {
  const kind = written.charAt(1);
  if (kind === "u" && written.length === 6) return String.fromCharCode(Number.parseInt(written.slice(2), 16));
  return ownValue(escapeOf, kind) ?? kind;
};

export class JsonText {
  /** The text as read, from the earliest place that is still kept. */
  text = "";
  #escapes: Escape[] = [];
  /** The first escape that has not been given on. */
  #nextEscape = 0;
  #carry = "";
  #inString = false;

  push(piece: string): void {
    const written = this.#carry + piece;
    this.#carry = unfinishedEscape.exec(written)?.[1] ?? "";
    this.#read(this.#carry === "" ? written : written.slice(0, -this.#carry.length));
  }

  /** Reads what looks like half an escape as it stands. */
  end(): void {
    const rest = this.#carry;
    this.#carry = "";
    this.text += rest;
  }

  #read(written: string): void {
    if (!written.includes("\\")) {
      this.text += written;
      return;
    }
    let from = 0;
    for (const match of written.matchAll(escapePattern)) {
      this.text += written.slice(from, match.index);
      this.#escapes.push({ at: this.text.length, written: match[0] });
      this.text += readEscape(match[0]);
      from = match.index + match[0].length;
    }
    this.text += written.slice(from);
  }

  /** A part of the text as it was written. Parts are asked for in order: it follows where strings begin and end. */
  written(from: number, to: number): string {
    let out = "";
    let at = from;
    const add = (end: number): void => {
      const part = this.text.slice(at, end);
      for (let quote = part.indexOf('"'); quote >= 0; quote = part.indexOf('"', quote + 1)) {
        this.#inString = !this.#inString;
      }
      out += part;
    };
    for (; this.#nextEscape < this.#escapes.length; this.#nextEscape += 1) {
      const escaped = this.#escapes[this.#nextEscape];
      if (escaped === undefined || escaped.at >= to) break;
      // It stands in a part that was redacted.
      if (escaped.at < at) continue;
      add(escaped.at);
      out += escaped.written;
      at = escaped.at + 1;
    }
    add(to);
    return out;
  }

  /** Whether the last part that was asked for ended inside a string. */
  get inString(): boolean {
    return this.#inString;
  }

  /** Forgets what was given on and stands before a place, which becomes 0. */
  forget(before: number): void {
    this.text = this.text.slice(before);
    this.#escapes = this.#escapes.slice(this.#nextEscape).map(({ at, written }) => ({ at: at - before, written }));
    this.#nextEscape = 0;
  }
}

/** A whole JSON text as a reader of its strings sees it. */
export const readJsonText = (written: string): string => {
  const json = new JsonText();
  json.push(written);
  json.end();
  return json.text;
};

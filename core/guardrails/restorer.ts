import type { TextChannel } from "./text-channel.ts";

const placeholder = /\[[A-Z]{2,6}_\d{1,6}\]/g;
/** The start of a placeholder at the end of a text. */
const unfinished = /\[(?:[A-Z]{0,6}|[A-Z]{2,6}_\d{0,6})$/;
const longestPlaceholder = "[SECRET_999999]".length;

const inJsonString = (value: string): string => JSON.stringify(value).slice(1, -1);

/** Puts the caller's own values back where a provider's answer has their placeholders. Holds values: never log it. */
export class Restorer {
  readonly #values: ReadonlyMap<string, string>;

  constructor(values: ReadonlyMap<string, string>) {
    this.#values = values;
  }

  /** @param json the text is JSON (a tool's arguments): values are escaped for a string in it. */
  restore(text: string, json = false): string {
    if (!text.includes("[")) return text;
    return text.replace(placeholder, (written) => {
      const value = this.#values.get(written);
      return value === undefined ? written : json ? inJsonString(value) : value;
    });
  }

  /** The reverse: placeholders where a text has the values, also as they stand in JSON. */
  hide(text: string): string {
    // A value may be part of a longer one.
    const longestFirst = [...this.#values].sort(([, left], [, right]) => right.length - left.length);
    return longestFirst.reduce(
      (left, [written, value]) => left.replaceAll(value, written).replaceAll(inJsonString(value), written),
      text,
    );
  }

  /** Restores a text that comes in pieces, also where a placeholder is split. */
  channel(json: boolean): TextChannel {
    let held = "";
    return {
      blocked: false,
      push: (piece) => {
        const text = held + piece;
        const tail = text.slice(-longestPlaceholder);
        const found = unfinished.exec(tail);
        const ready = found === null ? text.length : text.length - tail.length + found.index;
        held = text.slice(ready);
        return this.restore(text.slice(0, ready), json);
      },
      end: () => {
        const rest = held;
        held = "";
        return rest;
      },
    };
  }
}

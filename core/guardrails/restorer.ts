import type { TextChannel } from "./text-channel.ts";

const placeholder = /\[[A-Z]{2,6}_\d{1,6}\]/g;
/** The start of a placeholder at the end of a text. */
const unfinished = /\[(?:[A-Z]{0,6}|[A-Z]{2,6}_\d{0,6})$/;
const longestPlaceholder = "[SECRET_999999]".length;

const inJsonString = (value: string): string => JSON.stringify(value).slice(1, -1);

interface HiddenValues {
  /** The placeholder of each value, as it is and as it stands in JSON. */
  readonly written: ReadonlyMap<string, string>;
  /** The lengths of the values that begin with the same characters, as many as the shortest has; longest first. */
  readonly lengths: ReadonlyMap<string, readonly number[]>;
  readonly shortest: number;
}

const hiddenValues = (values: ReadonlyMap<string, string>): HiddenValues => {
  const written = new Map(
    [...values].flatMap(([name, value]) => [[value, name] as const, [inJsonString(value), name] as const]),
  );
  written.delete("");
  const shortest = [...written.keys()].reduce((least, { length }) => Math.min(least, length), Number.POSITIVE_INFINITY);
  const lengths = new Map<string, Set<number>>();
  for (const value of written.keys()) {
    const start = value.slice(0, shortest);
    const known = lengths.get(start) ?? new Set();
    lengths.set(start, known.add(value.length));
  }
  return {
    written,
    lengths: new Map([...lengths].map(([start, known]) => [start, [...known].sort((left, right) => right - left)])),
    shortest: written.size === 0 ? 0 : shortest,
  };
};

/** Puts the caller's own values back where a provider's answer has their placeholders. Holds values: never log it. */
export class Restorer {
  readonly #values: ReadonlyMap<string, string>;
  #hidden: HiddenValues | undefined;

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

  /** The reverse: placeholders where a text has the values, also as they stand in JSON. Takes time linear in the text. */
  hide(text: string): string {
    this.#hidden ??= hiddenValues(this.#values);
    const { written, lengths, shortest } = this.#hidden;
    let hidden = "";
    let from = 0;
    for (let at = 0; shortest > 0 && at + shortest <= text.length; at++) {
      // A value may be part of a longer one.
      const length = lengths
        .get(text.slice(at, at + shortest))
        ?.find((candidate) => written.has(text.slice(at, at + candidate)));
      if (length === undefined) continue;
      hidden += text.slice(from, at) + written.get(text.slice(at, at + length));
      from = at + length;
      at = from - 1;
    }
    return hidden + text.slice(from);
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

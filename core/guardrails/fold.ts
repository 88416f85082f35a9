import type { Span } from "./finding.ts";
import { asciiOf, circledDigits, compatible, ignorable, raisedDigits, signForms } from "./look-alikes.ts";

/**
 * Texts as a person reads them: what looks like an ASCII digit, letter, separator or sign is one. Places in the given text
 * stay known.
 */

/** A longer run is no part of a value: it ends what precedes it, and what has to be kept of a text stays bounded. */
const maxIgnorableLength = 64;

const dots = "\\u00b7\\u2022\\u2027\\u2219\\u22c5\\u30fb\\uff65";
const stops = "\\u3002\\uff61\\u06d4";
const dashes = "\\u2014\\u2015\\u2500\\u30fc\\uff70";
const circledAs = "\\u24b6\\u24d0";
const contextual = `${dots}${stops}${dashes}${circledAs}`;

/** What stands around these says what they are: a dot between letters separates labels, one between digits groups. */
const inContext: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  [new RegExp(`(?<=[A-Za-z0-9])[${stops}](?=[a-z])|(?<=(?<!\\d)\\d{1,3})[${stops}](?=\\d)`, "g"), "."],
  [new RegExp(`(?<=[A-Za-z0-9])[${dots}](?=[A-Za-z])`, "g"), "."],
  [new RegExp(`(?<=\\d)[${dots}${dashes}](?=\\d)`, "g"), "-"],
  [new RegExp(`(?<=[A-Za-z0-9])[${circledAs}](?=[A-Za-z0-9])`, "g"), "@"],
];

const single = `[[\\p{Nd}--[0-9]][\\p{Zs}--[ ]]${signForms}${circledDigits}${compatible}]`;
const foldable = new RegExp(`(?<run>[${ignorable}]+)|${single}`, "gv");
const anyFoldable = new RegExp(`[${ignorable}${single}]`, "v");
const anyJoinable = new RegExp(`[${ignorable}${contextual}${raisedDigits}]`, "v");
const nonAscii = /[^\u0000-\u007f]/;
const highSurrogateAtEnd = /[\ud800-\udbff]$/;
/** More of the text decides whether and to what these fold. */
const undecidedAtEnd = new RegExp(`(?:[${contextual}]|(?<![${raisedDigits}])[${raisedDigits}]{1,2})$`);

const raised = new RegExp(`[${raisedDigits}]+`, "g");
/** Up to this length a raised run after a word is an exponent or a footnote. */
const maxExponentLength = 2;

const foldRaised = (text: string): string =>
  text.replace(raised, (run, at: number) => {
    const isExponent =
      run.length <= maxExponentLength && /\w/.test(text.charAt(at - 1)) && !/\d/.test(text.charAt(at + run.length));
    return isExponent ? run : [...run].map(asciiOf).join("");
  });

/** One way to read a text. */
export interface Reading {
  readonly text: string;
  /** The place in this reading of a place in the given text. */
  placeOf(given: number): number;
  /** The part of the given text that a part of this reading comes from, with the marks on its last character. */
  spanOf(span: Span): Span;
}

export interface ReadingOptions {
  /** More of the text will come: what it could change at the end is left out. */
  readonly open: boolean;
}

const asGiven = (text: string): Reading => ({ text, placeOf: (given) => given, spanOf: (span) => span });

interface FoldOptions extends ReadingOptions {
  /** What has no width is nothing and joins what it stands between; otherwise it separates. */
  readonly joined: boolean;
}

class Folded implements Reading {
  readonly text: string;
  /** From each of these places on, the two texts run in step: places in this reading, and in the given text. */
  readonly #places: number[] = [0];
  readonly #givenPlaces: number[] = [0];

  constructor(given: string, { open, joined }: FoldOptions) {
    let text = "";
    let from = 0;
    for (const match of given.matchAll(foldable)) {
      const [written] = match;
      const run = match.groups?.run;
      const isBreak = run !== undefined && (!joined || run.length > maxIgnorableLength);
      const read = isBreak ? "\n".repeat(run.length) : run === undefined ? asciiOf(written) : "";
      text += given.slice(from, match.index) + read;
      from = match.index + written.length;
      if (read.length === written.length) continue;
      this.#places.push(text.length);
      this.#givenPlaces.push(from);
    }
    text += given.slice(from);
    if (open) text = text.replace(highSurrogateAtEnd, "");
    this.text = joined ? foldInContext(open ? text.replace(undecidedAtEnd, "") : text) : text;
  }

  placeOf(given: number): number {
    const step = lastAtMost(this.#givenPlaces, given);
    const place = (this.#places[step] ?? 0) + given - (this.#givenPlaces[step] ?? 0);
    return Math.min(place, this.#places[step + 1] ?? place, this.text.length);
  }

  spanOf({ start, end }: Span): Span {
    return { start: this.#givenPlaceOf(start), end: this.#givenPlaceOf(end) };
  }

  /** After what was dropped there. */
  #givenPlaceOf(place: number): number {
    const step = lastAtMost(this.#places, place);
    return (this.#givenPlaces[step] ?? 0) + place - (this.#places[step] ?? 0);
  }
}

const foldInContext = (text: string): string => {
  let folded = text;
  for (const [pattern, replacement] of inContext) folded = folded.replace(pattern, replacement);
  return foldRaised(folded);
};

/** Index of the last number that is not above `most`; the numbers ascend and the first is not above it. */
const lastAtMost = (numbers: readonly number[], most: number): number => {
  let low = 0;
  let high = numbers.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((numbers[middle] ?? 0) <= most) low = middle;
    else high = middle - 1;
  }
  return low;
};

/** The ways to read a text: one, or two where something in it may join or separate. */
export const readings = (text: string, { open }: ReadingOptions): readonly Reading[] => {
  if (!nonAscii.test(text)) return [asGiven(text)];
  const isCut = open && highSurrogateAtEnd.test(text);
  const separated = isCut || anyFoldable.test(text) ? new Folded(text, { open, joined: false }) : asGiven(text);
  return isCut || anyJoinable.test(text) ? [separated, new Folded(text, { open, joined: true })] : [separated];
};

/** Where the `length` characters of context before a place begin, counted as they are read. */
export const contextStart = (text: string, to: number, length: number): number => {
  const longest = length * (maxIgnorableLength + 1);
  for (let taken = length; ; taken *= 2) {
    const start = Math.max(0, to - taken);
    if (start === 0 || taken >= longest) return start;
    const ways = readings(text.slice(start, to), { open: false });
    if (ways.every((reading) => reading.text.length >= length)) return start;
  }
};

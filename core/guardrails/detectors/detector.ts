import type { PiiType, Span } from "#core/guardrails/finding.ts";

/**
 * Finds one kind of personal data in a text.
 *
 * Streams rely on three properties of every detector:
 * - local: whether a match starts at a place depends on at most `contextLength` characters before it and on a bounded
 *   number after it, never on what else was matched;
 * - linear: each place costs a bounded number of steps;
 * - honest about its end: a match that more text could still change starts at or after what `undecidedFrom` (scan.ts)
 *   says for that text, through the classes of characters there or through `openFrom`.
 */
export interface Detector {
  readonly type: PiiType;
  /** Matches that start at or after `from`, by their start; they may overlap. What stands before `from` is context. */
  find(text: string, from: number): Span[];
  /** Where a match of a kind that has no short limit may have begun without its end being here; else the text's length. */
  openFrom?(text: string, from: number): number;
}

/** Characters before a place that a detector may look at. */
export const contextLength = 96;

/** The text right before a place, at most `length` characters of it (and never more than `contextLength`). */
export const before = (text: string, at: number, length: number): string => text.slice(Math.max(0, at - length), at);

/**
 * Tries a global pattern at every place from `from` on, and lets `accept` say what of a match is a finding. After one it
 * goes on at its end, else one place further, so that what is no finding hides nothing.
 * @param leadLength how far before a finding its match may begin, for patterns with a lead such as `password=`.
 */
export const matchesOf = (
  pattern: RegExp,
  text: string,
  from: number,
  accept: (match: RegExpExecArray) => Span | undefined,
  leadLength = 0,
): Span[] => {
  const spans: Span[] = [];
  pattern.lastIndex = Math.max(0, from - leadLength);
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const span = accept(match);
    const next = match.index + 1;
    pattern.lastIndex = span === undefined ? next : Math.max(next, span.end - leadLength);
    if (span !== undefined && span.start >= from) spans.push(span);
  }
  return spans;
};

/** The whole match as a finding. */
export const wholeMatch = (match: RegExpExecArray): Span => ({
  start: match.index,
  end: match.index + match[0].length,
});

import { cardDetector } from "./detectors/card.ts";
import { isNumberPart, isToken } from "./detectors/characters.ts";
import type { Detector } from "./detectors/detector.ts";
import { emailDetector } from "./detectors/email.ts";
import { ibanDetector } from "./detectors/iban.ts";
import { ipDetector } from "./detectors/ip.ts";
import { phoneDetector } from "./detectors/phone.ts";
import { privateKeyDetector } from "./detectors/private-key.ts";
import { announcedDetector, keyDetector, urlPasswordDetector, webTokenDetector } from "./detectors/secret.ts";
import { ssnDetector } from "./detectors/ssn.ts";
import { type PiiFinding, piiTypes, type Span } from "./finding.ts";
import { type Reading, readings } from "./fold.ts";

/** What can only be there with a digit in the text. */
const withDigits: readonly Detector[] = [
  ibanDetector,
  cardDetector,
  ssnDetector,
  phoneDetector,
  ipDetector,
  keyDetector,
  announcedDetector,
];
const always: readonly Detector[] = [emailDetector, webTokenDetector, privateKeyDetector, urlPasswordDetector];
const withOpenEnd: readonly Detector[] = [
  ibanDetector,
  webTokenDetector,
  privateKeyDetector,
  announcedDetector,
  urlPasswordDetector,
];

/** The longest match without spaces that has no `openFrom`: an address of 64 + 1 + 253 characters, and one after it. */
const maxTokenLength = 330;
/** The longest number in groups, and what may follow it. */
const maxNumberLength = 64;

const digit = /\d/;

const startOfRun = (text: string, from: number, maxLength: number, belongs: (code: number) => boolean): number => {
  let start = text.length;
  const earliest = Math.max(from, text.length - maxLength);
  while (start > earliest && belongs(text.charCodeAt(start - 1))) start -= 1;
  return start;
};

/** Where a number in groups may begin: not with the space or the dot before it. */
const startOfNumber = (text: string, from: number): number => {
  let start = startOfRun(text, from, maxNumberLength, isNumberPart);
  while (start < text.length && !/[\d+(]/.test(text.charAt(start))) start += 1;
  return start;
};

/**
 * The place from which on text that is yet to come could still change what is found. Everything that starts before it is
 * certain. It is never more than a word or a number back, but inside what already looks like a long key.
 */
const undecidedFrom = (text: string, from: number): number => {
  let undecided = Math.min(startOfRun(text, from, maxTokenLength, isToken), startOfNumber(text, from));
  for (const detector of withOpenEnd) undecided = Math.min(undecided, detector.openFrom?.(text, from) ?? text.length);
  return undecided;
};

/** Findings that overlap become one: a secret if one of them is, else of the type of the longest. */
const merged = (findings: readonly PiiFinding[]): PiiFinding[] => {
  const sorted = findings.toSorted(
    (one, other) =>
      one.start - other.start || other.end - one.end || piiTypes.indexOf(one.type) - piiTypes.indexOf(other.type),
  );
  const clusters: PiiFinding[] = [];
  let longest = 0;
  for (const finding of sorted) {
    const open = clusters.at(-1);
    const length = finding.end - finding.start;
    if (open === undefined || finding.start >= open.end) {
      clusters.push(finding);
      longest = length;
      continue;
    }
    const isSecret = open.type === "secret" || finding.type === "secret";
    const type = isSecret ? "secret" : length > longest ? finding.type : open.type;
    longest = Math.max(longest, length);
    clusters[clusters.length - 1] = { type, start: open.start, end: Math.max(open.end, finding.end) };
  }
  return clusters;
};

/** No text without one of these holds anything: most names and words of a schema are done here. */
const anyTrace = /[\d@]|eyJ|-----BEGIN /;

const matchesIn = (text: string, from: number): PiiFinding[] => {
  const rest = from === 0 ? text : text.slice(from);
  if (!anyTrace.test(rest)) return [];
  const detectors = digit.test(rest) ? [...withDigits, ...always] : always;
  return detectors.flatMap((detector) =>
    withoutInner(detector.find(text, from)).map(({ start, end }) => ({ type: detector.type, start, end })),
  );
};

/** What is found in any reading of a text, as places in the text. */
const allMatches = (ways: readonly Reading[], from: number): PiiFinding[] =>
  ways.flatMap((reading) =>
    matchesIn(reading.text, reading.placeOf(from)).map(({ type, ...span }) => ({ type, ...reading.spanOf(span) })),
  );

const undecidedIn = (reading: Reading, from: number): number => {
  const place = undecidedFrom(reading.text, reading.placeOf(from));
  return reading.spanOf({ start: place, end: place }).start;
};

/** Drops what begins inside a match of the same detector: a long run of keys must not become one without an end. */
const withoutInner = (spans: readonly Span[]): Span[] => {
  let last = 0;
  return spans.filter(({ start, end }) => {
    if (start < last) return false;
    last = end;
    return true;
  });
};

/** Everything personal or secret in a text, in order and without overlaps. */
export const findPii = (text: string): PiiFinding[] => merged(allMatches(readings(text, { open: false }), 0));

export interface PartialScan {
  /** What is certain, in order. */
  readonly findings: readonly PiiFinding[];
  /** Up to here the text is judged: nothing that starts before it is missing, and no finding crosses it. */
  readonly decided: number;
}

/**
 * Judges the start of a text that goes on. Any cutting of a text into parts gives the findings of the whole.
 * @param from what stands before it was judged already and is only context.
 */
export const scanPart = (text: string, from: number): PartialScan => {
  const ways = readings(text, { open: true });
  let decided = Math.min(...ways.map((reading) => undecidedIn(reading, from)));
  const findings = merged(allMatches(ways, from).filter(({ start }) => start < decided));
  // A finding that reaches into the undecided may yet grow together with one that begins there.
  while ((findings.at(-1)?.end ?? 0) > decided) decided = findings.pop()?.start ?? decided;
  return { findings, decided };
};

/** Judges the rest of a text that has ended. */
export const scanRest = (text: string, from: number): readonly PiiFinding[] =>
  merged(allMatches(readings(text, { open: false }), from));

import { isDigit, isNumberHyphen, isNumberSpace, isWord } from "./characters.ts";
import { before, type Detector, matchesOf } from "./detector.ts";

const minDigits = 13;
const maxDigits = 19;

/** Numbers of each network: first digits and lengths (ISO/IEC 7812; the networks' own publications). */
const networks: readonly {
  readonly prefix: RegExp;
  readonly lengths: readonly number[];
  readonly bare: readonly number[];
}[] = [
  { prefix: /^4/, lengths: [13, 16, 19], bare: [16] },
  { prefix: /^(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, lengths: [16], bare: [16] },
  { prefix: /^3[47]/, lengths: [15], bare: [15] },
  { prefix: /^(?:6011|64[4-9]|65)/, lengths: [16, 17, 18, 19], bare: [16] },
  { prefix: /^35(?:2[89]|[3-8])/, lengths: [16, 17, 18, 19], bare: [16] },
  { prefix: /^(?:30[0-5]|309|36|3[89])/, lengths: [14, 15, 16, 17, 18, 19], bare: [14, 16] },
  { prefix: /^62/, lengths: [16, 17, 18, 19], bare: [16] },
  { prefix: /^220[0-4]/, lengths: [16], bare: [16] },
  { prefix: /^(?:50|5[6-8]|6[37])/, lengths: [13, 14, 15, 16, 17, 18, 19], bare: [] },
];

/** How numbers are printed: 4-4-4-4, 4-4-4-4-3, 4-6-5, 4-6-4, 6-13. */
const shapes: ReadonlySet<string> = new Set(["4,4,4,4", "4,4,4,4,3", "4,6,5", "4,6,4", "6,13"]);

const context =
  /\b(?:card|visa|master ?card|amex|american express|maestro|discover|diners|union ?pay|jcb|pan|cc)\b[^\n]{0,24}$/i;
const contextLength = 48;

/** The check digit of ISO/IEC 7812 (Luhn). */
export const passesLuhn = (digits: string): boolean => {
  let sum = 0;
  for (let index = 0; index < digits.length; index += 1) {
    const digit = digits.charCodeAt(digits.length - 1 - index) - 48;
    const doubled = digit * 2;
    sum += index % 2 === 0 ? digit : doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
};

interface Group {
  readonly digits: string;
  readonly end: number;
}

/** Groups of digits from a place on, all with the same kind of separator. */
const groupsAt = (text: string, start: number): { readonly groups: Group[]; readonly hyphenated: boolean } => {
  const groups: Group[] = [];
  let total = 0;
  let separator: "space" | "hyphen" | undefined;
  for (let at = start; total <= maxDigits; ) {
    let end = at;
    while (end < text.length && end - at <= maxDigits && isDigit(text.charCodeAt(end))) end += 1;
    if (end === at) break;
    groups.push({ digits: text.slice(at, end), end });
    total += end - at;
    const next = text.charAt(end);
    const kind = next === "" ? undefined : isNumberSpace(next) ? "space" : isNumberHyphen(next) ? "hyphen" : undefined;
    if (kind === undefined || (separator !== undefined && kind !== separator)) break;
    separator = kind;
    at = end + 1;
  }
  return { groups, hyphenated: separator === "hyphen" };
};

const mayEndAt = (text: string, end: number, hyphenated: boolean): boolean => {
  if (isWord(text.charCodeAt(end))) return false;
  const goesOn = isDigit(text.charCodeAt(end + 1));
  return !(goesOn && (text.charAt(end) === "." || (hyphenated && isNumberHyphen(text.charAt(end)))));
};

const cardEnd = (text: string, start: number): number | undefined => {
  const { groups, hyphenated } = groupsAt(text, start);
  let named: boolean | undefined;
  const isNamed = (): boolean => {
    named ??= context.test(before(text, start, contextLength));
    return named;
  };
  // A number glued to a word is an order's or a document's, unless the text says card.
  if (isNumberHyphen(text.charAt(start - 1)) && isWord(text.charCodeAt(start - 2)) && !isNamed()) return undefined;
  for (let count = groups.length; count > 0; count -= 1) {
    const taken = groups.slice(0, count);
    const end = taken.at(-1)?.end ?? start;
    const digits = taken.map((group) => group.digits).join("");
    if (digits.length < minDigits) return undefined;
    if (digits.length > maxDigits || !mayEndAt(text, end, hyphenated)) continue;
    const printed = count > 1;
    if (printed && !shapes.has(taken.map((group) => group.digits.length).join(","))) continue;
    const known = networks.some(({ prefix, lengths, bare }) => {
      if (!prefix.test(digits)) return false;
      return printed || bare.includes(digits.length)
        ? lengths.includes(digits.length)
        : lengths.includes(digits.length) && isNamed();
    });
    if (known && passesLuhn(digits)) return end;
  }
  return undefined;
};

const candidate = /(?<![\w+])(?<!\d\.)[2-6]\d{3}/g;

/** Payment cards: 13 to 19 digits of a known network that pass Luhn, bare or in the groups that are printed on cards. */
export const cardDetector: Detector = {
  type: "card",
  find: (text, from) =>
    matchesOf(candidate, text, from, ({ index }) => {
      const end = cardEnd(text, index);
      return end === undefined ? undefined : { start: index, end };
    }),
};

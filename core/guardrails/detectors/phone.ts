import type { Span } from "#core/guardrails/finding.ts";
import { nationalDigits } from "./calling-codes.ts";
import { hyphens, spaces } from "./characters.ts";
import { before, type Detector, matchesOf, wholeMatch } from "./detector.ts";

/**
 * The shapes of phone numbers. Each pattern is bounded and unambiguous (between two runs of digits there is always a
 * separator), so that it takes a bounded number of steps at any place.
 */

const gap = `[${spaces}.${hyphens}/]`;
const group = `(?:${gap}{1,2}\\d{1,14}|${gap}{0,2}\\(\\d{1,5}\\)(?:${gap}?\\d{1,14})?)`;
/** Not inside a word, a longer number, a price, a URL's path or an order's name. */
const notInside = `(?<![\\w.+#$€£=/])(?<![\\w][${hyphens}])`;
const atEnd = `(?!\\w|[.${hyphens}]\\d)`;

const international = new RegExp(
  `(?<![\\w+])(?:\\+|00(?=[1-9]\\d{0,2}[ \\u00a0(${hyphens}/.]))[1-9]\\d{0,14}${group}{0,7}(?!\\w)`,
  "g",
);
const blank = `[${spaces}${hyphens}]`;
const northAmerican = new RegExp(
  `${notInside}(?:1[${spaces}.${hyphens}])?(?:\\([2-9]\\d{2}\\)${blank}?[2-9]\\d{2}[${spaces}.${hyphens}]|[2-9]\\d{2}(?:\\.[2-9]\\d{2}\\.|${blank}[2-9]\\d{2}${blank}))\\d{4}${atEnd}`,
  "g",
);
/** 0 and an area or network, then groups: with spaces, a slash or parentheses. Not pairs of digits only, as in a dump. */
const trunk = new RegExp(
  `${notInside}(?:\\(0[1-9]\\d{0,4}\\)[${spaces}]?\\d{2}|0[1-9][${spaces}/]\\d{3}|0[1-9]\\d{1,4}[${spaces}/]\\d{2})\\d{0,6}(?:${blank}\\d{2,5}){0,4}${atEnd}`,
  "g",
);
/** `03-1234-5678`, `090-1234-5678` */
const trunkHyphenated = new RegExp(`${notInside}0[1-9]\\d{0,2}[${hyphens}]\\d{3,4}[${hyphens}]\\d{4}${atEnd}`, "g");
/** `06.12.34.56.78` */
const pairs = new RegExp(
  `${notInside}(?<!\\d[${spaces}])0[1-9]([.${hyphens}${spaces}/])\\d{2}(?:\\1\\d{2}){3}(?!\\1\\d)${atEnd}`,
  "g",
);
/** `138 1234 5678` */
const chinese = new RegExp(`${notInside}1[3-9]\\d[${spaces}${hyphens}]\\d{4}[${spaces}${hyphens}]\\d{4}${atEnd}`, "g");
/** Any digits, where the text says that they are a phone number, also right after the word as in `TEL03`. */
const anyGroups = new RegExp(
  `(?:(?<![\\w.])|(?<=\\b(?:[Tt][Ee][Ll]|[Ff][Aa][Xx])))(?:\\(\\d{1,5}\\)${gap}?)?\\d{1,15}${group}{0,6}${atEnd}`,
  "g",
);
const named =
  /(?:\b(?:phone|telephone|tel|mobile|cell(?:phone)?|fax|whatsapp|sms|(?:call|text|ring) (?:me|us|him|her|them)|telefon|handy|mobil|rufnummer|portable|t[ée]l[ée]phone|tel[ée]fono|m[óo]vil|celular)\b|电话|手机|電話|携帯)(?: (?:number|no|nr)\b| nummer\b)?[^\d\n(+]{0,8}$/i;
const namedLength = 40;

/** A day, a month and a year in a row: a date, whatever follows. */
const date =
  /^(?:(?:0?[1-9]|[12]\d|3[01])([./ -])(?:0?[1-9]|1[0-2])\1(?:19|20)\d\d|(?:19|20)\d\d[-./ ](?:0[1-9]|1[0-2])[-./ ](?:0[1-9]|[12]\d|3[01]))/;

const minDigits = 8;
const maxDigits = 15;
const northAmericanDigits = /^[2-9]\d{2}[2-9]\d{6}$/;

const digitsOf = (text: string): string => text.replace(/\D/g, "");

/** The longest start of a match, in whole groups, that `accepts` takes for a number. */
const longestStart = (match: RegExpExecArray, accepts: (written: string) => boolean): Span | undefined => {
  let written = match[0];
  while (written !== "") {
    if (accepts(written)) return { start: match.index, end: match.index + written.length };
    const shorter = written.replace(/[^\d]*\d+\)?$/, "");
    if (shorter === written) return undefined;
    written = shorter;
  }
  return undefined;
};

const isInternational = (written: string): boolean => {
  const all = digitsOf(written);
  const digits = written.startsWith("+") ? all : all.slice(2);
  const national = nationalDigits(digits);
  if (national === undefined || /0{6}$/.test(national)) return false;
  if (digits.startsWith("1")) return northAmericanDigits.test(digits.slice(1));
  const grouped = /\d[^\d]+\d/.test(written);
  return digits.length >= (grouped ? minDigits : minDigits + 1) && digits.length <= maxDigits;
};

const hasDigits =
  (min: number, max: number) =>
  (written: string): boolean => {
    const { length } = digitsOf(written);
    return length >= min && length <= max && !date.test(written);
  };

const trunkDigits = hasDigits(9, 12);
const namedDigits = hasDigits(7, maxDigits);

/**
 * Phone numbers: international ones with a country's calling code; national ones in the grouping that people write (North
 * America, numbers with a leading 0, China); any other after a word such as "phone".
 */
export const phoneDetector: Detector = {
  type: "phone",
  find: (text, from) =>
    [
      ...matchesOf(international, text, from, (match) => longestStart(match, isInternational)),
      ...matchesOf(northAmerican, text, from, wholeMatch),
      ...matchesOf(trunk, text, from, (match) => longestStart(match, trunkDigits)),
      ...matchesOf(trunkHyphenated, text, from, wholeMatch),
      ...matchesOf(pairs, text, from, wholeMatch),
      ...matchesOf(chinese, text, from, wholeMatch),
      ...matchesOf(anyGroups, text, from, (match) =>
        named.test(before(text, match.index, namedLength)) ? longestStart(match, namedDigits) : undefined,
      ),
    ].sort((one, other) => one.start - other.start || other.end - one.end),
};

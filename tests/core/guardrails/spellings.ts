/** Ways to write a text so that a person still reads it as before. */

type Spelling = (text: string) => string;

/** Digits of a script, by the code point of its zero. */
const digitsFrom =
  (zero: number): Spelling =>
  (text) =>
    text.replace(/\d/g, (digit) => String.fromCodePoint(zero + Number(digit)));

const each =
  (forms: Readonly<Record<string, string>>): Spelling =>
  (text) =>
    text.replace(/./gsu, (character) => forms[character] ?? character);

const fullWidth: Spelling = (text) =>
  text
    .replace(/[!-~]/g, (character) => String.fromCharCode(character.charCodeAt(0) + 0xfee0))
    .replaceAll(" ", "\u3000");

const mathematical =
  (upper: number, lower: number, zero: number): Spelling =>
  (text) =>
    digitsFrom(zero)(text)
      .replace(/[A-Z]/g, (letter) => String.fromCodePoint(upper + letter.charCodeAt(0) - 65))
      .replace(/[a-z]/g, (letter) => String.fromCodePoint(lower + letter.charCodeAt(0) - 97));

/** Puts a character behind each that is visible. */
const interleaved =
  (mark: string, after = /[!-~]/g): Spelling =>
  (text) =>
    text.replace(after, (character) => character + mark);

/** Each keeps the meaning of every character that is ASCII. */
export const spellings: Readonly<Record<string, Spelling>> = {
  "full-width forms": fullWidth,
  "Arabic-Indic digits": digitsFrom(0x660),
  "Persian digits": digitsFrom(0x6f0),
  "Devanagari digits": digitsFrom(0x966),
  "Thai digits": digitsFrom(0xe50),
  "segmented digits": digitsFrom(0x1fbf0),
  "mathematical bold": mathematical(0x1d400, 0x1d41a, 0x1d7ce),
  "mathematical monospace": mathematical(0x1d670, 0x1d68a, 0x1d7f6),
  "circled digits": each(
    Object.fromEntries(
      [..."0123456789"].map((digit, at) => [digit, at === 0 ? "\u24ea" : String.fromCharCode(0x245f + at)]),
    ),
  ),
  "negative circled digits": each(
    Object.fromEntries(
      [..."0123456789"].map((digit, at) => [digit, at === 0 ? "\u24ff" : String.fromCharCode(0x2775 + at)]),
    ),
  ),
  keycaps: interleaved("\ufe0f\u20e3", /\d/g),
  "struck digits": interleaved("\u0336", /\d/g),
  "other spaces, hyphens, dots and signs": each({
    " ": "\u2007",
    "-": "\u2212",
    ".": "\u2024",
    "@": "\ufe6b",
    "+": "\u2795",
    "/": "\u2044",
    ":": "\u2236",
    "(": "\uff08",
    ")": "\uff09",
  }),
  "non-breaking spaces and hyphens": each({ " ": "\u00a0", "-": "\u2011" }),
  "small forms": each({ "-": "\ufe63", ".": "\ufe52", "@": "\ufe6b", "+": "\ufe62", ":": "\ufe55" }),
  "zero-width spaces": interleaved("\u200b"),
  "soft hyphens": interleaved("\u00ad"),
  "word joiners": interleaved("\u2060"),
  "directional marks": interleaved("\u200e"),
  "byte order marks": interleaved("\ufeff"),
  "variation selectors": interleaved("\u{e0100}"),
  "Arabic-Indic digits and zero-width joiners": (text) => interleaved("\u200d", /./gsu)(digitsFrom(0x660)(text)),
};

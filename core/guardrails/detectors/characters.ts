/** Classes of UTF-16 units that the detectors share. */

const asciiTable = (pattern: RegExp): Uint8Array =>
  Uint8Array.from({ length: 128 }, (_, code) => (pattern.test(String.fromCharCode(code)) ? 1 : 0));

/** Latin letters with marks, as names and domains of Europe have them. */
const isLatinLetter = (code: number): boolean => code >= 0xc0 && code <= 0x24f;

const of = (table: Uint8Array, withLatin: boolean) => (code: number) =>
  code < 128 ? table[code] === 1 : withLatin && isLatinLetter(code);

export const isDigit = (code: number): boolean => code >= 48 && code <= 57;
export const isLetterOrDigit = of(asciiTable(/[A-Za-z0-9]/), false);
/** As `\w` in a pattern. */
export const isWord = of(asciiTable(/\w/), false);
export const isLocalPart = of(asciiTable(/[A-Za-z0-9._%+'-]/), true);
export const isDomain = of(asciiTable(/[A-Za-z0-9.-]/), true);
/** What a match without spaces may be made of: addresses, keys, tokens, URLs. */
export const isToken = of(asciiTable(/[A-Za-z0-9._%+'~@:/=-]/), true);
export const isBase64Url = of(asciiTable(/[A-Za-z0-9_-]/), false);

/** Spaces and hyphens as people and models write them inside numbers. */
export const spaces = " \\u00a0\\u202f\\u2009";
export const hyphens = "\\-\\u2010\\u2011\\u2012\\u2013";

const spacePattern = new RegExp(`[${spaces}]`);
const hyphenPattern = new RegExp(`[${hyphens}]`);

export const isNumberSpace = (character: string): boolean => spacePattern.test(character);
export const isNumberHyphen = (character: string): boolean => hyphenPattern.test(character);

const numberTable = asciiTable(/[0-9 ()./+-]/);

/** What a number in groups may be made of, its separators included. */
export const isNumberPart = (code: number): boolean =>
  code < 128
    ? numberTable[code] === 1
    : code === 0xa0 || code === 0x202f || code === 0x2009 || (code >= 0x2010 && code <= 0x2013);

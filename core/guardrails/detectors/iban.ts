import { ownValue } from "#core/values/records.ts";
import { isLetterOrDigit, isNumberHyphen, isNumberSpace } from "./characters.ts";
import { type Detector, matchesOf } from "./detector.ts";

/** Length of the IBAN of each country (SWIFT IBAN registry). */
const lengths: Readonly<Record<string, number>> = Object.fromEntries(
  (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 " +
    "FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 " +
    "LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 " +
    "RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30"
  )
    .split(" ")
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
);

const groupLength = 4;

/** The check of ISO 7064 (mod 97-10) over the rearranged IBAN. */
export const passesMod97 = (iban: string): boolean => {
  let remainder = 0;
  for (const character of iban.slice(groupLength) + iban.slice(0, groupLength)) {
    const value = Number.parseInt(character, 36);
    remainder = (remainder * (value > 9 ? 100 : 10) + value) % 97;
  }
  return remainder === 1;
};

const isSeparator = (character: string): boolean =>
  character !== "" && (isNumberSpace(character) || isNumberHyphen(character));

const ibanEnd = (text: string, start: number): number | undefined => {
  const length = ownValue(lengths, text.slice(start, start + 2).toUpperCase());
  if (length === undefined) return undefined;
  let iban = "";
  let at = start;
  while (iban.length < length && at < text.length) {
    const character = text.charAt(at);
    if (isLetterOrDigit(text.charCodeAt(at))) iban += character;
    // Groups of four, as printed: no separator stands anywhere else.
    else if (iban.length % groupLength !== 0 || !isSeparator(character) || isSeparator(text.charAt(at - 1))) break;
    at += 1;
  }
  if (iban.length < length || isLetterOrDigit(text.charCodeAt(at))) return undefined;
  return passesMod97(iban.toUpperCase()) ? at : undefined;
};

const candidate = /(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}/g;
/** The longest IBAN with its separators, and one character more. */
const window = 48;
const digit = /\d/;
const unfinished = /(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}[A-Za-z0-9 \u00a0\u202f\u2009\u2010-\u2013-]*$/;

/** IBANs of the registry's countries with their exact length and check, bare or in groups of four. */
export const ibanDetector: Detector = {
  type: "iban",
  find: (text, from) =>
    matchesOf(candidate, text, from, ({ index }) => {
      const end = ibanEnd(text, index);
      return end === undefined ? undefined : { start: index, end };
    }),
  openFrom(text, from) {
    // Its groups may be letters only, which no other class holds back.
    const start = Math.max(from, text.length - window);
    if (!digit.test(text.slice(start))) return text.length;
    const found = unfinished.exec(text.slice(start));
    return found === null ? text.length : start + found.index;
  },
};

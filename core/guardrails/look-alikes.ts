/** Characters that look like ASCII ones, as parts of a class in a pattern with the flag `v`. */

/** Has no width, or only marks the character before it: `e` and an accent, the keycap around a digit. */
export const ignorable =
  "\\p{Default_Ignorable_Code_Point}\\u0300-\\u036f\\u1ab0-\\u1aff\\u1dc0-\\u1dff\\u20d0-\\u20ff\\ufe20-\\ufe2f";

const signs: Readonly<Record<string, string>> = {
  "-": "\u2010\u2011\u2012\u2013\u2212\u2043\u02d7\u2796",
  ".": "\u2024\ua4f8\u0701\u0702\u066b",
  "/": "\u2044\u2215",
  ":": "\u2236\ua789",
  "+": "\u2795",
};
export const signForms = Object.values(signs).join("");

/** Full-width and small forms, mathematical letters and digits, signs set high or low. */
export const compatible = "\\uff01-\\uff5e\\ufe50-\\ufe6b\\u{1d400}-\\u{1d7ff}\\u207a-\\u207e\\u208a-\\u208e";
export const raisedDigits = "\\u00b2\\u00b3\\u00b9\\u2070\\u2074-\\u2079\\u2080-\\u2089";
export const circledDigits =
  "\\u2460-\\u2468\\u24ea\\u24f5-\\u24fd\\u24ff\\u2776-\\u277e\\u2780-\\u2788\\u278a-\\u2792";

/** Sets of circled digits that NFKC does not know, each from one on. */
const circledSets = [0x24f5, 0x2776, 0x2780, 0x278a];
const circledZero = 0x24ff;

const circledDigitOf = (code: number): string | undefined => {
  if (code === circledZero) return "0";
  const first = circledSets.find((start) => code >= start && code < start + 9);
  return first === undefined ? undefined : String(code - first + 1);
};

const signOf = new Map(
  Object.entries(signs).flatMap(([sign, forms]) => [...forms].map((form) => [form, sign] as const)),
);
const decimal = /\p{Nd}/u;
const isDecimal = (code: number): boolean => decimal.test(String.fromCodePoint(code));
const singleAscii = /^[ -~]$/;
const space = /\p{Zs}/u;

/** One character by NFKC (UAX #15), which makes these forms one ASCII character, or by the tables above. */
const lookUp = (character: string): string => {
  const sign = signOf.get(character);
  if (sign !== undefined) return sign;
  const compatibleForm = character.normalize("NFKC");
  if (singleAscii.test(compatibleForm)) return compatibleForm;
  if (space.test(character)) return " ";
  const code = character.codePointAt(0) ?? 0;
  if (!isDecimal(code)) return circledDigitOf(code) ?? character;
  // The digits of a script are ten code points in a row, from zero on.
  let before = 0;
  while (isDecimal(code - before - 1)) before += 1;
  return String(before % 10);
};

/** Each of the few thousand characters that have an ASCII form is looked up once. */
const known = new Map<string, string>();

/** The ASCII form of a character of these classes; the character itself when it has none. */
export const asciiOf = (character: string): string => {
  let ascii = known.get(character);
  if (ascii === undefined) {
    ascii = lookUp(character);
    known.set(character, ascii);
  }
  return ascii;
};

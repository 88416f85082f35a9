/** Tells a key or a password from a word, a name of code or a placeholder. */

/** Bits a character, over the characters of the text itself. */
const entropyBits = (text: string): number => {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
};

type CharacterClass = "lower" | "upper" | "digit" | "other";

const classOf = (character: string): CharacterClass =>
  /[a-z]/.test(character) ? "lower" : /[A-Z]/.test(character) ? "upper" : /\d/.test(character) ? "digit" : "other";

/** What stands where a value would: variables, examples, masks. */
const placeholder =
  /^(?:[$%{<]|[.~]{0,2}\/|arn:|process\.|import\.|os\.|env\.|System\.|config\.|self\.|this\.|your|my[_-]|example|sample|placeholder|change|insert|null|none|true|false|undefined|\*{3}|x{4})/i;

/** `module.TypeName2` */
const codeName = /^[a-z_]\w*(?:\.[a-z_]\w*)+$/i;
const minPasswordLength = 8;
const minRandomLength = 12;
/** Whether the start of a value is random tells enough. */
const judgedLength = 128;

/**
 * Whether a value beside a word such as "password" or "token" looks like a real one. People make passwords of words, so
 * one of those needs no more than letters and a digit.
 */
export const looksSecret = (given: string, isPassword: boolean): boolean => {
  const value = given.slice(0, judgedLength);
  if (value.length < minPasswordLength || placeholder.test(value) || !/\d/.test(value)) return false;
  let changes = 0;
  let last: CharacterClass | undefined;
  const seen = new Set<CharacterClass>();
  for (const character of value) {
    const current = classOf(character);
    if (last !== undefined && current !== last) changes += 1;
    seen.add(current);
    last = current;
  }
  if (seen.size === 1) return false;
  // Dates, versions and paths: digits and separators, or words and separators with a number.
  if (seen.has("lower") === false && seen.has("upper") === false) return false;
  if (isPassword && value.length <= 64) return true;
  if (codeName.test(value)) return false;
  if (/^[a-z]+(?:[-_./:][a-z]+)*[-_./:]?\d{0,4}$/i.test(value)) return seen.size >= 4 && value.length <= 20;
  if (seen.size >= 3 && value.length <= 32 && seen.has("other") && !/[./:]/.test(value)) return true;
  if (value.length < minRandomLength) return seen.size >= 3;
  if (/^[0-9a-f]{16,}$/i.test(value)) return entropyBits(value) >= 2.8;
  return entropyBits(value) >= 3 && changes / value.length >= 0.3;
};

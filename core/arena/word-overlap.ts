/** How much two texts have in common, by their words alone: nothing is known of what they mean. */

export const wordsOf = (text: string): ReadonlySet<string> =>
  new Set(text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []);

/** Common words of all words, 0 to 1. Two texts without words are equal. */
export const overlapOf = (left: ReadonlySet<string>, right: ReadonlySet<string>): number => {
  let common = 0;
  for (const word of left) if (right.has(word)) common += 1;
  const all = left.size + right.size - common;
  return all === 0 ? 1 : common / all;
};

const numbersOf = (text: string): string => (text.match(/\d+(?:[.,]\d+)*/g) ?? []).toSorted().join(" ");
const stableOverlap = 0.9;

/** Whether an answer repeats another one: nearly the same words, and exactly the same numbers. */
export const repeats = (left: string, right: string): boolean =>
  numbersOf(left) === numbersOf(right) && overlapOf(wordsOf(left), wordsOf(right)) >= stableOverlap;

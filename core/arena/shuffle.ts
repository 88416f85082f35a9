import { createHash } from "node:crypto";

/** Fisher-Yates. */
export const shuffled = <Value>(values: readonly Value[], random: () => number): Value[] => {
  const result = [...values];
  for (let index = result.length - 1; index > 0; index--) {
    const other = Math.floor(random() * (index + 1));
    const [left, right] = [result[index], result[other]];
    if (left !== undefined && right !== undefined) [result[index], result[other]] = [right, left];
  }
  return result;
};

/** What an answer is called where nobody may know whose it is: A, B, C and so on. */
export const labelOf = (index: number): string => String.fromCharCode(65 + index);

/** Random numbers from 0 to 1 that are the same for the same seed (mulberry32). */
export const seededRandom = (seed: string): (() => number) => {
  let state = createHash("sha256").update(seed).digest().readUInt32LE(0);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
};

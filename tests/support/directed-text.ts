/** Texts as somebody makes them who has read how tokens are bounded: walked to where a bound tells the fewest of them. */

/** Chances that a seed decides. */
const chances = (seed: number) => {
  let state = seed >>> 0;
  return (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
};

export interface Walk {
  readonly letters: string;
  readonly seed: number;
  readonly steps: number;
  /** Of a text: what is bounded by what is true. */
  readonly ratioOf: (text: string) => number;
}

/** As long as a block whose pairs the bound counts. */
const blockLength = 256;

/** A block in which up to four characters at a time were changed wherever that lets the ratio fall. */
export const walkedBlock = ({ letters, seed, steps, ratioOf }: Walk): string => {
  const chance = chances(seed);
  const characters = [...letters];
  const pick = (): string => characters[chance(characters.length)] ?? "";
  let block = Array.from({ length: blockLength }, pick);
  let lowest = Number.POSITIVE_INFINITY;
  for (let step = 0; step < steps; step++) {
    const changed = [...block];
    const start = chance(blockLength - 4);
    for (let place = start; place <= start + chance(4); place++) changed[place] = pick();
    const ratio = ratioOf(changed.join(""));
    if (ratio > lowest) continue;
    [block, lowest] = [changed, ratio];
  }
  return block.join("");
};

/** So many lines of it: tokenizers take the square of a line's time. */
export const linesOf = (block: string, count: number): string => `${block}\n`.repeat(count);

import { o200kMerges } from "./o200k-merges.ts";
import type { tokenBound } from "./token-bound.ts";

/**
 * How many more tokens a text comes to than its bound: texts that are made against the weights of token-bound.ts. Random
 * blocks of it are counted by byte-pair merges. Those of the lowest ranks alone make as many tokens as all of them, or more: what
 * comes after them only joins their tokens. Characters beyond ASCII keep their weights, which are what each may come to.
 */

const ranks = new Map(
  o200kMerges
    .split("\n")
    // A line break is part of some.
    .map((token, rank) => [token.replaceAll("\0", "\n"), rank]),
);

/** o200k's pieces, of ASCII only: nothing is joined across them. In linear time, whatever the text. */
const [marks, blanks, breaks] = ["!-/:-@[-`{-~\\0-\\x08\\x0e-\\x1f\\x7f", "[ \\t\\v\\f]+", "[\\r\\n]+"];
const lines = `${breaks}(?:${blanks}${breaks})*`;
const pieces = new RegExp(
  "[^\\r\\na-zA-Z0-9\\x80-\\uffff]?(?:[A-Z]+[a-z]*|[a-z]+)(?:'(?:[sSdDmMtT]|[lL][lL]|[vVrR][eE]))?|" +
    `\\d{1,3}| ?[${marks}]+[\\r\\n/]*|${lines}|${blanks}(?:${lines}|(?![!-~]))|${blanks}`,
  "g",
);

/** A piece is cut into parts so long, as the work grows with the square of it. */
const longestPart = 64;
const never = 1 << 30;
const starts = new Int32Array(longestPart + 2);
const joined = new Int32Array(longestPart + 2);

/** Tokens of a part: two neighbours that have the lowest rank together become one, until none have any. */
const tokensOfPart = (part: string): number => {
  let count = part.length;
  const rankAt = (index: number): number =>
    index + 2 > count ? never : (ranks.get(part.slice(starts[index], starts[index + 2])) ?? never);
  for (let index = 0; index <= count; index++) starts[index] = index;
  for (let index = 0; index < count; index++) joined[index] = rankAt(index);
  for (;;) {
    let [lowest, place] = [never, -1];
    for (let index = 0; index < count; index++) {
      const rank = joined[index] ?? never;
      if (rank < lowest) [lowest, place] = [rank, index];
    }
    if (place < 0) return count;
    starts.copyWithin(place + 1, place + 2, count + 1);
    joined.copyWithin(place, place + 1, count);
    count--;
    joined[place] = rankAt(place);
    if (place > 0) joined[place - 1] = rankAt(place - 1);
  }
};

/** Never fewer tokens of a text's ASCII characters than o200k makes of them. */
export const asciiTokens = (text: string): number => {
  let tokens = 0;
  for (const [piece] of text.matchAll(pieces)) {
    if (piece.length === 1 || ranks.has(piece)) tokens++;
    else
      for (let start = 0; start < piece.length; start += longestPart)
        tokens += tokensOfPart(piece.slice(start, start + longestPart));
  }
  return tokens;
};

/** As long as a block whose pairs token-bound.ts counts. */
const blockLength = 256;

/**
 * One block of each part of the text, of so many equal parts, at a place that nobody can foresee: what is hidden counts for the part of
 * the text that it is. All of a short text.
 */
const blocksOf = (text: string, most: number): readonly string[] => {
  const isSample = text.length > most * blockLength;
  const count = isSample ? most : Math.ceil(text.length / blockLength);
  const stratum = text.length / count;
  const chances = isSample ? crypto.getRandomValues(new Uint32Array(count)) : [];
  return Array.from({ length: count }, (_, index) => {
    const start = isSample
      ? Math.floor(index * stratum + ((chances[index] ?? 0) / 2 ** 32) * (stratum - blockLength))
      : index * blockLength;
    return text.slice(start, start + blockLength);
  });
};

const factorOf = (text: string, mostBlocks: number, boundOf: typeof tokenBound): number => {
  let [counted, bound] = [0, 0];
  for (const block of blocksOf(text, mostBlocks)) {
    counted += asciiTokens(block) + boundOf(block, true);
    bound += boundOf(block);
  }
  return counted / bound;
};

/** Blocks that tell text of any language from text that is made to come to more, and those that say to how much more. */
const [fewBlocks, manyBlocks] = [32, 256] as const;
/** Usual text comes to less than this, of its bound. */
const usual = 0.9;

/**
 * How many times its bound a text may come to: 1 where the bound holds. A sample of bounded size is counted, whatever the length.
 * @param boundOf `tokenBound`, which a chat has loaded already: the import of it here would split a chat's bundle.
 */
export const tokenFactor = (texts: readonly string[], boundOf: typeof tokenBound): number => {
  const text = texts.join("\n");
  if (text === "" || factorOf(text, fewBlocks, boundOf) < usual) return 1;
  return Math.max(1, factorOf(text, manyBlocks, boundOf));
};

/**
 * An upper bound of the tokens that a text comes to, for reservations: never below what a byte-pair tokenizer counts in prose
 * of any script, code, JSON, numbers or base64, and on average 1.5 times that. A caller may send what no language has: rare
 * characters count as the most that a tokenizer makes of them, and texts without words of ASCII or Cyrillic at most an eighth
 * less. It takes one look at each character: what one adds depends on its kind and on the kind before it. The weights were fitted to two tokenizers (o200k and cl100k) over a
 * corpus and over patterns of random characters; tests/core/generation/token-bound.test.ts holds the bound against both.
 */

/** Weights are in parts of a token. */
const partsPerToken = 32;

/** Kinds of ASCII characters: the columns of `weights`. */
const [space, newline, tab, control, vowel, consonant, rare, upper, digit, point, mark] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
] as const;
const columns = 11;

/** What came before, which are the rows: a kind, the second or a later one of a run, or a character beyond ASCII. */
const rows = {
  space: 0,
  spaces: 1,
  newline: 2,
  tab: 3,
  control: 4,
  vowel: 5,
  consonant: 6,
  consonants: 7,
  rare: 8,
  upper: 9,
  uppers: 10,
  digit: 11,
  point: 12,
  mark: 13,
  other: 14,
} as const;

/**
 * Weights of characters that follow what the row says, a column for each kind in the order above, as digits of base 64. The first
 * set of columns fits texts that people and programs write. The others are for texts without words, which the first would
 * count far too low: each is at most what a text with words comes to by the first, and fits some of the others. The largest
 * sum of a block counts.
 */
// biome-ignore format: a table
const digits = [
  "jggw11qeyya v__0ov0zu00 0000vj00000 000000000_0",
  "8ggwqyqnl1d 0__0qlHT_50 00000R00000 00000000000",
  "a3gwqyuny1o 00__1w_R_Mu 00000000000 00000000000",
  "ag3wqqqnlnq ___0_______ 00000000000 00000000000",
  "aggqqqqnlnq 000_0000000 00000000000 00000000000",
  "9ggwi1yytyq h__0k00Etcj 1000g000000 f0000000000",
  "1rgw11yryjq a-_0c04V340 0000p0r0030 h000r000000",
  "agywwslyl1q 0D_00j62040 0000xE0i000 0000I000000",
  "aggwyyyyynq a-_000_00gv 00000000000 00000000000",
  "yggw1iyqlsq 0Q_00f07u70 00000H00000 00000000000",
  "1ggwdwyklnq 0w_0__00000 00000000000 00000000000",
  "yggwqyynlyq 0__0Y___0AN 00000000000 00000000000",
  "kngwt8qni1m r0_0OPySqig v0000z00000 00000u00000",
  "1ggwy4qnlnq v0_0J-Q_uop 00000000000 00000000000",
  "mwwwwwwwwyw 00000000000 00000000000 00000000000",
].join(" ").split(" ");

const sets = 4;
const base64 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_";

/** Two sums in one number: each stays below 2^16 in a block. */
const packed = (first: number, second: number): number => first | (second << 16);

/** The weights of a set for every cell, which is a row and a kind. */
const cellsOf = (set: number): readonly number[] =>
  digits
    .filter((_, index) => index % sets === set)
    .flatMap((columnsOfRow) => [...columnsOfRow].map((digit) => base64.indexOf(digit)));
const [usual, second, third, fourth] = [cellsOf(0), cellsOf(1), cellsOf(2), cellsOf(3)];
const weights = Int32Array.from(usual, (weight, cell) => packed(weight, second[cell] ?? 0));
const furtherWeights = Int32Array.from(third, (weight, cell) => packed(weight, fourth[cell] ?? 0));

const kindOf = (character: string): number => {
  if (character === " ") return space;
  if (character === "\n") return newline;
  if (character === "\t") return tab;
  if (character < " " || character === "\u007f") return control;
  if (/[aeiouy]/.test(character)) return vowel;
  if (/[jkqvwxz]/.test(character)) return rare;
  if (/[a-z]/.test(character)) return consonant;
  if (/[A-Z]/.test(character)) return upper;
  if (/\d/.test(character)) return digit;
  return ".,'-\"():;/_=`".includes(character) ? point : mark;
};

const kinds = Uint8Array.from({ length: 128 }, (_, code) => kindOf(String.fromCharCode(code)));
const rowOfKind = [
  rows.space,
  rows.newline,
  rows.tab,
  rows.control,
  rows.vowel,
  rows.consonant,
  rows.rare,
  rows.upper,
  rows.digit,
  rows.point,
  rows.mark,
];

/**
 * Scripts of two bytes a character, by the first code unit after them, with the weight of the first character of a run and of the
 * others. None comes to more than two tokens.
 */
const scripts: readonly (readonly [end: number, first: number, next: number])[] = [
  [0x3ac, 64, 64],
  [0x3cf, 54, 36],
  [0x430, 64, 64],
  [0x450, 54, 28],
  [0x5d0, 64, 64],
  [0x5eb, 53, 46],
  [0x621, 64, 64],
  [0x64b, 53, 43],
  [0x800, 64, 64],
];
const endOfScripts = 0x800;
/** Places of the ones in a bitmap, six to a digit. */
const marked = (bitmap: string): readonly number[] =>
  [...bitmap].flatMap((digit, index) =>
    [0, 1, 2, 3, 4, 5].filter((place) => (base64.indexOf(digit) >> (5 - place)) & 1).map((place) => index * 6 + place),
  );

const scriptOf = Uint8Array.from({ length: endOfScripts }, (_, code) => scripts.findIndex(([end]) => code < end));
/** Greek, Hebrew and Arabic letters that no tokenizer has a token for. */
for (const [start, bitmap] of [
  [0x3b0, "ww80Jw"],
  [0x5d0, "8Hlv"],
  [0x621, "R000fM"],
] as const) {
  for (const place of marked(bitmap)) scriptOf[start + place] = 0;
}

/**
 * Characters beyond them, in blocks of 64, which share the first bytes of their UTF-8. A bit says that one of the block comes to
 * three tokens, as no tokenizer has a token for those bytes; in other blocks none is more than two. Few common Chinese
 * characters and Hangul syllables are in blocks of three.
 */
const rareBlocks =
  "Y0M04S____P____f4j-Mcv____Yb__________________Y0a00xUwbU7w0D0900a_001XsYsUeg09f13w9_LUMo0fweZY033r__Xv_______ME_QYFD_2yujn_1P_" +
  "w1tfZtLWvn-PY00000___________v________s";
const blockSize = 64;
/** Half of a pair is half of an emoji, or of a rare sign of four tokens. */
const [oneToken, twoTokens, halfOfPair, threeTokens] = [48, 64, 66, 96] as const;

/** Weights of code units, from the end of the scripts on. */
const beyond = new Uint8Array(0x1_0000).fill(twoTokens);
for (const block of marked(rareBlocks)) {
  const start = endOfScripts + block * blockSize;
  beyond.fill(threeTokens, start, start + blockSize);
}
beyond.fill(halfOfPair, 0xd800, 0xe000);
/** Thai letters that the tokenizers have tokens for. */
for (const place of marked("qq0vuDkQ_s3pO")) beyond[0xe00 + place] = oneToken;

/** The row that a character leaves for the next one. */
const rowAfter = (kind: number, row: number): number => {
  if (kind === consonant || kind === rare) {
    const follows = row === rows.consonant || row === rows.rare || row === rows.consonants;
    return follows ? rows.consonants : kind === rare ? rows.rare : rows.consonant;
  }
  if (kind === upper) return row === rows.upper || row === rows.uppers ? rows.uppers : rows.upper;
  if (kind === space) return row === rows.space || row === rows.spaces ? rows.spaces : rows.space;
  return rowOfKind[kind] ?? rows.other;
};

const rowCount = 15;
const nextRows = Uint8Array.from({ length: rowCount * columns }, (_, index) =>
  rowAfter(index % columns, Math.floor(index / columns)),
);

/** Characters of a block: with shorter ones, words count too high; with longer ones, parts without words hide among words. */
const blockLength = 256;

/** The most tokens that a text comes to. Takes about 10 ms for a megabyte. */
export const tokenBound = (text: string): number => {
  let parts = partsPerToken - 1;
  let row: number = rows.newline;
  let script = -1;
  for (let start = 0; start < text.length; start += blockLength) {
    const end = Math.min(text.length, start + blockLength);
    let sums = 0;
    let furtherSums = 0;
    for (let index = start; index < end; index++) {
      const code = text.charCodeAt(index);
      if (code < 128) {
        const cell = row * columns + (kinds[code] ?? 0);
        sums += weights[cell] ?? 0;
        furtherSums += furtherWeights[cell] ?? 0;
        row = nextRows[cell] ?? 0;
        script = -1;
        continue;
      }
      row = rows.other;
      if (code >= endOfScripts) {
        parts += beyond[code] ?? threeTokens;
        script = -1;
        continue;
      }
      const found = scriptOf[code] ?? 0;
      parts += scripts[found]?.[found === script ? 2 : 1] ?? 0;
      script = found;
    }
    parts += Math.max(sums & 0xffff, sums >>> 16, furtherSums & 0xffff, furtherSums >>> 16);
  }
  return Math.floor(parts / partsPerToken);
};

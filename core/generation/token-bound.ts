/**
 * An upper bound of the tokens that a text comes to, for reservations: never below what a byte-pair tokenizer counts in prose
 * of any script, code, JSON, numbers or base64, and on average 1.4 times that. It takes one look at each character: what one
 * adds depends on its kind and on the kind before it. The weights were fitted to two tokenizers (o200k and cl100k) over a
 * corpus; tests/core/generation/token-bound.test.ts holds the bound against both.
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

// One row a line, in the order above; columns: space, newline, tab, control, vowel, consonant, rare, upper, digit, point, mark.
// biome-ignore format: a table
const weights = Uint8Array.of(
  19, 16, 16, 32,  1,  1, 26, 14, 34, 34, 10,
   8, 16, 16, 32, 26, 34, 26, 23, 21,  1, 13,
  10,  3, 16, 32, 26, 34, 30, 23, 34,  1, 24,
  10, 16,  3, 32, 26, 26, 26, 23, 21, 23, 26,
  10, 16, 16, 26, 26, 26, 26, 23, 21, 23, 26,
   9, 16, 16, 32, 18,  1, 34, 34, 29, 34, 26,
   1, 27, 16, 32,  1,  1, 34, 27, 34, 19, 26,
  10, 16, 34, 32, 32, 28, 21, 34, 21,  1, 26,
  10, 16, 16, 32, 34, 34, 34, 34, 34, 23, 26,
  34, 16, 16, 32,  1, 18, 34, 26, 21, 28, 26,
   1, 16, 16, 32, 13, 32, 34, 20, 21, 23, 26,
  34, 16, 16, 32, 26, 34, 34, 23, 21, 34, 26,
  20, 23, 16, 32, 29,  8, 26, 23, 18,  1, 22,
   1, 16, 16, 32, 34,  4, 26, 23, 21, 23, 26,
  22, 16, 16, 16, 26, 26, 26, 23, 21, 34, 26,
);

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

/** Scripts beyond ASCII, by the first code unit after them, with the weight of the first character of a run and of the others. */
const scripts: readonly (readonly [end: number, first: number, next: number])[] = [
  [0x250, 39, 39],
  [0x590, 54, 26],
  [0x900, 53, 43],
  [0x1200, 42, 49],
  [0x2000, 71, 71],
  [0x2070, 66, 66],
  [0x3000, 71, 52],
  [0x3100, 39, 40],
  [0x4e00, 71, 71],
  [0xa000, 98, 72],
  [0xac00, 71, 71],
  [0xd7b0, 55, 51],
  // Each half of a pair: an emoji, or a rare sign.
  [0xe000, 66, 66],
  [0xff00, 71, 71],
  [0x10000, 39, 40],
];

const scriptOf = (code: number): number => {
  let index = 0;
  while ((scripts[index]?.[0] ?? 0x10000) <= code) index++;
  return index;
};

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

/** The most tokens that a text comes to. Takes a few milliseconds for a megabyte. */
export const tokenBound = (text: string): number => {
  let parts = partsPerToken - 1;
  let row: number = rows.newline;
  let script = -1;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 128) {
      const cell = row * columns + (kinds[code] ?? 0);
      parts += weights[cell] ?? 0;
      row = nextRows[cell] ?? 0;
      script = -1;
      continue;
    }
    const found = scriptOf(code);
    parts += scripts[found]?.[found === script ? 2 : 1] ?? 0;
    script = found;
    row = rows.other;
  }
  return Math.floor(parts / partsPerToken);
};

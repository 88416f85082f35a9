/**
 * An upper bound of the tokens that a text comes to, for reservations: never below what a byte-pair tokenizer counts in prose
 * of any script, code, JSON, numbers or base64, and on average 1.5 times that. A caller may send what no language has: rare
 * characters count as the most that a tokenizer makes of them, and random nonsense stays within what a cap allows, a tenth.
 * Only a text made against these weights is lower, by a third. It takes one look at each character: what one adds depends on
 * its kind, on the kind before it, and on how often the block has had the pair. The weights were fitted to two tokenizers
 * (o200k and cl100k) over a corpus, random words and repeated patterns; tests/core/generation/token-bound.test.ts holds the
 * bound against both.
 */

/** Weights are in parts of a token. */
const partsPerToken = 32;

/** Kinds of ASCII characters, which are the columns of `weights`: four of space, the small letters by sound, four others. */
const [space, newline, tab, control] = [0, 1, 2, 3] as const;
const letters = "a e i o u n r s t l d cmp gh bf yw kv jqxz".split(" ");
const [upper, digit, point, mark] = [21, 22, 23, 24] as const;
const columns = 25;

/** The rows are the kind before, and these: a second or later space or capital, and a character beyond ASCII. */
const [spaces, uppers, other] = [25, 26, 27] as const;
const rowCount = 28;

/**
 * Weights of a character of a kind after another, as digits of base 64, in two sets: of the sums of a block by either, the
 * larger counts, and a sixteenth for what the corpus lacks. After a character beyond ASCII, all but a space weigh the same. One alone would be too high for words or too low for what looks like none.
 */
// biome-ignore format: a table
const digits = [
  "05gg460200000910a00603g00 z0Ijeh0e40010S20L0ky42Zc5",
  "002g0800700800300810gbg0c 70qjPUVYZZZZZZZVZZZYZTZZC",
  "gg5ggba9b9gggg94ggggdggdc 706kj0000tmiud70snrEceOZX",
  "ggggggggggggggggggggggggg p0jonjolkkoloimppqojjgljl",
  "4gbgdd3c900100000c060gg0g USAmkHpSh00600237i0H2ZUqO",
  "0c8g05acc0000000c0000gglg 0Oho0WKmZ0000200Xb000UK0K",
  "9ggg50c0g030090064g09gggg ZYNhk0n0z0r00w00FbU0jZMMZ",
  "0c9gcg00000ab000a930dcg7g eKfpDV00000WB000ZK00TZRSP",
  "bggg319cg06100gcaaggcgggg MIvi003wK10000FCZMvVHZNVN",
  "0d9g000098c0020000c076gbg 0Iih500eLrV0000000e0pjHHU",
  "8ggg0630800009009g00gggcg sKmj0000Z0c00id0at00DZEyI",
  "0ggg6000cbc000908g0c3dggg 6GEil094VIZ400U4fXfs9iC6A",
  "0cgg00004g0008g0090g5gg7g 0Qzp0000fN00tZs30v0I7mDcC",
  "9ggg00000gg00009gg45agggg BKj000001XQ0020LZC55yZAeD",
  "0b9g0000cg03g00cgd000gg0g 0Jco4005FYe0Q10ZTb200xAhv",
  "7ggg00506a7700070cg0g0gbg HNt010z0JZ0l00090fG0zWLZR",
  "ag4g546ba3000cgg7g74gggcg eIjoh04UNz0c4eeGbM9fFVHAN",
  "9gdga0698g04c07gg0a0gcggg iSzgk30sfu0aR0fRm7b7oZFVL",
  "0ggg0c8020g0cgg08g0bgggcg 0EBhgi0x40W0mGx0eG0cDFMrA",
  "cggg0007g0g0gc5g50d3ggggg eJg0000jy5J0DDKShaebCZOuN",
  "ggdgd06d26g00970gdgggggcg qGkot1cC0hU10bf0WcPXIWNAJ",
  "bggg90c6gcdg6cg7dcggg7gbg COBig8b7nZeZZrTuvzQyFAPZV",
  "gggggggggggggggggggggg4gg DMG0HQTKOZVZZZZPUWONTTcEP",
  "a7gg3007ca6j0g0qggggg7g6d g0N00XadqoBqASC7IyOHFkMpp",
  "b0gggggggg4gggggggggggggb q0I0TMxLPAJJMTZIPNWHQKJzz",
  "1gggcdgggcgcgggdgggggggdg 100g00000U000400D1e0r0Jf6",
  "gggg7gggggggggggggggggggg a0g0000ssZ0zZxUosmCyAmBbx",
  "j j",
].join(" ").split(" ");

const base64 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_";

/** Both weights in one number: each sum stays below 2^16 in a block. */
const weights = Int32Array.from({ length: rowCount * columns }, (_, cell) => {
  const [row, column] = [Math.floor(cell / columns), cell % columns];
  const weightIn = (set: number): number => base64.indexOf(digits[2 * row + set]?.[column] ?? "s");
  return weightIn(0) | (weightIn(1) << 16);
});

const kindOf = (character: string): number => {
  if (character === " ") return space;
  if (character === "\n") return newline;
  if (character === "\t") return tab;
  if (character < " " || character === "\u007f") return control;
  if (/[a-z]/.test(character)) return control + 1 + letters.findIndex((group) => group.includes(character));
  if (/[A-Z]/.test(character)) return upper;
  if (/\d/.test(character)) return digit;
  return ".,'-\"():;/_=`".includes(character) ? point : mark;
};

const kinds = Uint8Array.from({ length: 128 }, (_, code) => kindOf(String.fromCharCode(code)));

/**
 * Scripts of two bytes a character, by the first code unit after them, with the weight of the first character of a run and of the
 * others. None comes to more than two tokens.
 */
const scripts: readonly (readonly [end: number, first: number, next: number])[] = [
  [0x3ac, 64, 64],
  [0x3cf, 54, 36],
  [0x430, 64, 64],
  [0x450, 47, 30],
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

/** What spaces before a character of two tokens or more add to their usual weight: no token has both. Accents are apart. */
const endOfAccents = 0x180;
const [loneSpace, loneSpaces] = [10, 23] as const;
const beforeRare = (row: number): number => (row === space ? loneSpace : row === spaces ? loneSpaces : 0);

/** The row that a character leaves for the next one. */
const rowAfter = (kind: number, row: number): number => {
  if (kind === space) return row === space || row === spaces ? spaces : space;
  if (kind === upper) return row === upper || row === uppers ? uppers : upper;
  return kind;
};
const nextRows = Uint8Array.from({ length: rowCount * columns }, (_, cell) =>
  rowAfter(cell % columns, Math.floor(cell / columns)),
);

/**
 * A pair of characters that a block has had this often comes to a token each time: repeated nonsense splits where words do not.
 * Pairs are told apart by a hash. Runs of digits and spaces keep their weights.
 */
const often = 7;
const pairSlots = 1024;
const pairs = new Uint8Array(pairSlots);
const repeatedWeights = weights.map((weight, cell) => {
  const [row, column] = [Math.floor(cell / columns), cell % columns];
  const isRun = (row === digit && column === digit) || (column === space && (row === space || row === spaces));
  return isRun ? weight : partsPerToken | (partsPerToken << 16);
});

/** Characters of a block: with shorter ones, words count too high; with longer ones, parts without words hide among words. */
const blockLength = 256;

/** What a block's ASCII characters weigh at least, on average: a text made of the cheapest pairs alone is no prose. */
const leastWeight = partsPerToken / 3;

/** The most tokens that a text comes to. Takes about 10 ms for a megabyte. `leavesAscii`: without its ASCII characters. */
export const tokenBound = (text: string, leavesAscii = false): number => {
  if (text === "") return 0;
  let parts = partsPerToken - 1;
  let row: number = newline;
  let script = -1;
  let before = 0;
  for (let start = 0; start < text.length; start += blockLength) {
    const end = Math.min(text.length, start + blockLength);
    let sums = 0;
    let characters = 0;
    pairs.fill(0);
    for (let index = start; index < end; index++) {
      const code = text.charCodeAt(index);
      if (code < 128) {
        const cell = row * columns + (kinds[code] ?? 0);
        const slot = ((before * 33) ^ code) % pairSlots;
        const times = (pairs[slot] ?? 0) + 1;
        pairs[slot] = times;
        sums += (times > often ? repeatedWeights[cell] : weights[cell]) ?? 0;
        characters++;
        row = nextRows[cell] ?? 0;
        script = -1;
        before = code;
        continue;
      }
      const found = code < endOfScripts ? (scriptOf[code] ?? 0) : -1;
      const weight = found < 0 ? (beyond[code] ?? threeTokens) : (scripts[found]?.[found === script ? 2 : 1] ?? 0);
      parts += weight < twoTokens || code < endOfAccents ? weight : weight + beforeRare(row);
      row = other;
      script = found;
      before = code;
    }
    const sum = Math.max(sums & 0xffff, sums >>> 16);
    if (!leavesAscii) parts += Math.max(sum + (sum >> 4), leastWeight * characters);
  }
  return Math.max(1, Math.floor(parts / partsPerToken));
};

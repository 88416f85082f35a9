import { readFileSync } from "node:fs";
import { join } from "node:path";
import { encode as encodeCl100k } from "gpt-tokenizer/encoding/cl100k_base";
import { encode as encodeO200k } from "gpt-tokenizer/encoding/o200k_base";
import { describe, expect, it } from "vitest";
import { tokenBound } from "#core/generation/token-bound.ts";
import { fc, runs } from "#tests/support/property.ts";
import { filesBelow, repositoryRoot } from "#tests/support/repository-files.ts";

/** What two tokenizers that know nothing of our estimate count: the larger of both. */
const counted = (text: string): number =>
  Math.max(...[encodeCl100k, encodeO200k].map((encode) => encode(text, { disallowedSpecial: new Set() }).length));

/** Prose of scripts that the repository has no text in. */
const prose: Readonly<Record<string, string>> = {
  Chinese:
    "人工智能正在改变我们的生活方式。从智能手机到自动驾驶汽车，这项技术已经渗透到社会的各个角落。许多专家认为，未来十年将是关键时期。",
  "traditional Chinese":
    "臺灣的夜市文化聞名世界，每到傍晚，各式各樣的小吃攤位便開始營業，吸引無數遊客前來品嚐。從蚵仔煎、臭豆腐到珍珠奶茶，每一種美食都有其獨特的歷史與風味。",
  Japanese:
    "昨日は朝から雨が降っていたので、家で本を読んで過ごしました。夕方になってようやく雨が上がり、近くの公園まで散歩に出かけました。",
  Korean:
    "오늘은 날씨가 아주 좋아서 친구들과 함께 한강 공원에 놀러 갔습니다. 우리는 자전거를 타고 강변을 따라 달리다가 편의점에서 라면을 먹었습니다.",
  Hindi: "भारत एक विशाल देश है जहाँ अनेक भाषाएँ बोली जाती हैं। यहाँ की संस्कृति बहुत प्राचीन और समृद्ध है।",
  Thai: "วันนี้อากาศดีมาก เราไปเที่ยวทะเลกับครอบครัวและกินอาหารทะเลสดๆ ที่ร้านริมชายหาด",
  Arabic: "اللغة العربية من أقدم اللغات السامية وأكثرها انتشارا في العالم، ويتحدث بها أكثر من أربعمائة مليون شخص.",
  Hebrew: "השפה העברית היא אחת השפות העתיקות בעולם, והיא משמשת כיום כשפה הרשמית של מדינת ישראל.",
  Russian: "Вчера вечером мы с друзьями ходили в театр на премьеру нового спектакля, и он всем очень понравился.",
  Greek: "Η Ελλάδα είναι μια χώρα με πλούσια ιστορία και πολιτισμό, γνωστή για τα νησιά της και τη φιλοξενία.",
  German:
    "Übermäßig große Straßenbahnhaltestellen benötigen Geschwindigkeitsbegrenzungen, sagte die Rechtsschutzversicherung.",
  Polish: "W Szczebrzeszynie chrząszcz brzmi w trzcinie i Szczebrzeszyn z tego słynie.",
  Turkish: "Çekoslovakyalılaştıramadıklarımızdan mısınız? Muvaffakiyetsizleştiricileştiriveremeyebileceklerimizden.",
  Vietnamese: "Việt Nam là một quốc gia nằm ở phía đông bán đảo Đông Dương thuộc khu vực Đông Nam Á.",
  emoji: "😀😎🚀🔥🎉 👍🏽 👨‍👩‍👧‍👦 🏳️‍🌈 🇩🇪 ❤️✨",
};

const piecesOf = (file: string): readonly string[] => {
  const text = readFileSync(file, "utf8");
  return text.length < 2_000 ? [] : [text.slice(0, 3_000), text.slice(-3_000)];
};

const files = ["docs", "core/chat", "core/providers", "core/openapi", "infra/layout"]
  .flatMap((folder) => filesBelow(join(repositoryRoot, folder)))
  .filter((file) => /\.(ts|md)$/.test(file))
  .concat(join(repositoryRoot, "README.md"), join(repositoryRoot, "package.json"));

const text = (letters: string) =>
  fc.array(fc.constantFrom(...letters), { minLength: 200, maxLength: 600 }).map((picked) => picked.join(""));
const alphanumeric = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

describe("the bound of a text's tokens", () => {
  it("is never below an independent tokenizer's count in our own prose and code, and at most 2.1 times it", () => {
    const pieces = files.flatMap(piecesOf);
    expect(pieces.length).toBeGreaterThan(50);
    const ratios = pieces.map((piece) => ({ piece: piece.slice(0, 60), ratio: tokenBound(piece) / counted(piece) }));
    expect(ratios.filter(({ ratio }) => ratio < 1 || ratio > 2.1)).toEqual([]);
    const mean = ratios.reduce((sum, { ratio }) => sum + ratio, 0) / ratios.length;
    expect(mean).toBeLessThan(1.6);
  });

  it.each(Object.entries(prose))("is never below the count in %s, and at most 2.1 times it", (_, words) => {
    const long = words.repeat(4);
    expect(tokenBound(long)).toBeGreaterThanOrEqual(counted(long));
    expect(tokenBound(long)).toBeLessThanOrEqual(2.1 * counted(long));
  });

  it.each([
    ["base64", fc.uint8Array({ minLength: 300, maxLength: 900 }).map((bytes) => Buffer.from(bytes).toString("base64"))],
    [
      "hexadecimal digits",
      fc.uint8Array({ minLength: 300, maxLength: 900 }).map((bytes) => Buffer.from(bytes).toString("hex")),
    ],
    ["letters and digits without a pattern", text(alphanumeric)],
    ["small letters without a pattern", text("abcdefghijklmnopqrstuvwxyz")],
    ["digits", text("0123456789")],
    ["ids", fc.array(fc.uuid(), { minLength: 10, maxLength: 40 }).map((ids) => ids.join("\n"))],
  ])("is never below the count in %s", (_, arbitrary) => {
    fc.assert(
      fc.property(arbitrary, (words) => tokenBound(words) >= counted(words)),
      { numRuns: runs(30) },
    );
  });

  const kinds = [" ", "\n", "aeiouy", "bcdfghlmnprst", "jkqvwxz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"];
  const kind = fc.constantFrom(...kinds, ".,'-\"():;/_=`", "!@#$%^&*+<>?[]{}|~\\");
  const picks = fc.array(fc.nat(1_000_000), { minLength: 600, maxLength: 600 });

  it("counts at least 10 of 11 tokens, as a cap allows, in texts without words, of any kinds of characters in any pattern", () => {
    const pattern = fc.array(kind, { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(pattern, picks, fc.boolean(), fc.boolean(), (letters, numbers, inTurn, isFixed) => {
        const words = numbers.map((number, index) => {
          const place = inTurn ? index % letters.length : number % letters.length;
          const of = letters[place] ?? "";
          return of[Math.floor((isFixed ? (numbers[place] ?? 0) : number) / 7) % of.length] ?? "";
        });
        const made = words.join("");
        expect(tokenBound(made)).toBeGreaterThanOrEqual(counted(made) / 1.1);
      }),
      { numRuns: runs(150) },
    );
  });

  it("counts at least 10 of 11 tokens in words that no language has", () => {
    const letters = fc.constantFrom(
      "abcdefghijklmnopqrstuvwxyz",
      "etaoinshrdlu",
      "aeioustr",
      "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    );
    const separator = fc.constantFrom(" ", "\n", ", ", "-", "_", ".", "/", "  ", "\t", "");
    const [shortest, more] = [fc.integer({ min: 1, max: 8 }), fc.integer({ min: 0, max: 4 })];
    fc.assert(
      fc.property(
        letters,
        separator,
        shortest,
        more,
        fc.boolean(),
        picks,
        (of, between, short, extra, isTitle, numbers) => {
          let made = "";
          for (let index = 0; index < numbers.length; ) {
            const length = short + ((numbers[index] ?? 0) % (extra + 1));
            const word = numbers.slice(index, index + length).map((number) => of[number % of.length] ?? "");
            if (isTitle) word[0] = word[0]?.toUpperCase() ?? "";
            made += word.join("") + between;
            index += length;
          }
          expect(tokenBound(made)).toBeGreaterThanOrEqual(counted(made) / 1.1);
        },
      ),
      { numRuns: runs(150) },
    );
  });

  it("counts two thirds of the tokens in words made of the pairs that weigh the least", () => {
    const small = "abcdefghijklmnopqrstuvwxyz";
    /** By what a pair adds to a text without repeats. */
    const weightOf = (pair: string): number => tokenBound(`${pair}${pair}${pair}`) + (tokenBound(pair) - 1);
    const cheapAfter = new Map(
      [...small].map((letter) => [
        letter,
        [...small].sort((left, right) => weightOf(letter + left) - weightOf(letter + right)).slice(0, 8),
      ]),
    );
    fc.assert(
      fc.property(picks, (numbers) => {
        let made = "t";
        for (const number of numbers) {
          const after = cheapAfter.get(made.at(-1) ?? "") ?? [];
          made += after[number % after.length] ?? "";
        }
        expect(tokenBound(made)).toBeGreaterThanOrEqual((2 / 3) * counted(made));
      }),
      { numRuns: runs(60) },
    );
  });

  const madeOf = (area: number, places: readonly number[], same: boolean): string =>
    places.map((place) => String.fromCodePoint(area + (same ? (places[0] ?? 0) : place))).join("");
  const places = fc.array(fc.nat(0x3f), { minLength: 100, maxLength: 100 });
  const inBlocks = (from: number, to: number) => fc.nat((to - from) / 64 - 1).map((block) => from + block * 64);

  it.each([
    ["Latin letters with marks", fc.constantFrom(0x80, 0xc0, 0x100, 0x140, 0x180, 0x200, 0x250)],
    ["Greek, Hebrew and Arabic", fc.constantFrom(0x370, 0x3b0, 0x540, 0x580, 0x5c0, 0x600, 0x640, 0x700)],
    ["scripts from Samaritan to Braille", inBlocks(0x800, 0x2c00)],
    ["kana, signs and forms", inBlocks(0x2c00, 0x3400)],
    ["rare Chinese characters", inBlocks(0x3400, 0x4e00)],
    ["Chinese characters", inBlocks(0x4e00, 0xa000)],
    ["Hangul", inBlocks(0xac00, 0xd7c0)],
    ["private and compatible characters", inBlocks(0xe000, 0x10000)],
    ["signs and characters beyond the first plane", inBlocks(0x10000, 0x30000)],
  ])("is never below the count in %s that make no words, or in one repeated", (_, areas) => {
    fc.assert(
      fc.property(areas, places, fc.boolean(), (area, picked, same) => {
        const made = madeOf(area, picked, same);
        expect(tokenBound(made)).toBeGreaterThanOrEqual(counted(made));
      }),
      { numRuns: runs(120) },
    );
  });

  it("counts at least 10 of 11 tokens in letters of any script that make no words, with anything between them", () => {
    const separators = fc.constantFrom("", " ", "  ", "\n", ".", "a", "1", "A", " a", "中", "é", "α");
    const lengths = fc.integer({ min: 1, max: 10 });
    const cyrillic = fc.constantFrom(0x400, 0x410, 0x430, 0x440, 0x480);
    const areas = fc.oneof(cyrillic, inBlocks(0x80, 0xd800), inBlocks(0xe000, 0x30000));
    fc.assert(
      fc.property(areas, places, fc.boolean(), separators, lengths, (area, picked, same, separator, length) => {
        const letters = [...madeOf(area, picked, same).repeat(4)];
        const made = letters.map((letter, index) => (index % length === 0 ? separator + letter : letter)).join("");
        expect(tokenBound(made)).toBeGreaterThanOrEqual(counted(made) / 1.1);
      }),
      { numRuns: runs(100) },
    );
  });

  it("is at least one token, and nothing for no text", () => {
    expect(tokenBound("")).toBe(0);
    for (const one of ["a", " ", "\n", ".", "é", "中", "😀"]) expect(tokenBound(one)).toBeGreaterThan(0);
  });

  it("adds up: a longer text never has a lower bound", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (left, right) => {
        expect(tokenBound(left + right)).toBeGreaterThanOrEqual(tokenBound(left));
      }),
    );
  });
});

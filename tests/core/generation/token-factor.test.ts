import { readFileSync } from "node:fs";
import { join } from "node:path";
import { encode as encodeCl100k } from "gpt-tokenizer/encoding/cl100k_base";
import { encode as encodeO200k } from "gpt-tokenizer/encoding/o200k_base";
import { describe, expect, it } from "vitest";
import { tokenBound } from "#core/generation/token-bound.ts";
import { asciiTokens, tokenFactor } from "#core/generation/token-factor.ts";
import { renderMerges } from "#infra/commands/write-merges.ts";
import { linesOf, walkedBlock } from "#tests/support/directed-text.ts";
import { fc, longestMs, runs } from "#tests/support/property.ts";
import { filesBelow, repositoryRoot } from "#tests/support/repository-files.ts";

/** What tokenizers that know nothing of our estimate count: o200k, and the larger of it and an older one. */
const o200k = (text: string): number => encodeO200k(text, { disallowedSpecial: new Set() }).length;
const counted = (text: string): number =>
  Math.max(o200k(text), encodeCl100k(text, { disallowedSpecial: new Set() }).length);

const bound = (text: string): number => tokenBound(text) * tokenFactor([text], tokenBound);

const small = "abcdefghijklmnopqrstuvwxyz";
const printable = String.fromCharCode(...Array.from({ length: 95 }, (_, index) => 32 + index));
const alphabets = [
  small,
  `${small} `,
  `${small}ABCDEFGHIJKLMNOPQRSTUVWXYZ`,
  printable,
  "abcdefghij éàø中文αβ 😀",
] as const;
const walks = (steps: number) =>
  fc.record({ letters: fc.constantFrom(...alphabets), seed: fc.nat(), steps: fc.constant(steps) });

const files = ["docs/guide", "core/chat", "functions"]
  .flatMap((folder) => filesBelow(join(repositoryRoot, folder)))
  .filter((file) => /\.(ts|md)$/.test(file))
  .map((file) => readFileSync(file, "utf8"));

describe("how many times its bound a text may come to", () => {
  it("is told from the tokenizer's own merges", () => {
    expect(readFileSync(join(repositoryRoot, "core/generation/o200k-merges.ts"), "utf8")).toBe(renderMerges());
  });

  it("is told from a count that is never below the tokenizer's, in what is no language", () => {
    const ascii = fc.array(fc.constantFrom(...printable, "\n", "\t", "\r", " the", "'ll", "  ", "12"), {
      maxLength: 400,
    });
    fc.assert(
      fc.property(ascii, (parts) => {
        const text = parts.join("");
        expect(asciiTokens(text)).toBeGreaterThanOrEqual(o200k(text));
      }),
      { numRuns: runs(200) },
    );
  });

  it("is told from a count that is never below the tokenizer's, in prose and code", () => {
    for (const text of files) {
      const plain = text.replaceAll(/[^\0-\x7f]/g, "");
      expect(asciiTokens(plain)).toBeGreaterThanOrEqual(o200k(plain));
    }
  });

  it(
    "makes up for what a walk against the weights gains: at least 10 of 11 tokens count",
    () => {
      const ratioOf = (text: string): number => tokenBound(text) / o200k(text);
      let lowest = 1;
      fc.assert(
        fc.property(walks(400), (walk) => {
          const made = linesOf(walkedBlock({ ...walk, ratioOf }), 40);
          lowest = Math.min(lowest, ratioOf(made));
          expect(bound(made)).toBeGreaterThanOrEqual(counted(made) / 1.1);
        }),
        { numRuns: runs(6) },
      );
      // The walk is worth the name.
      expect(lowest).toBeLessThan(0.75);
    },
    longestMs(30_000),
  );

  it(
    "leaves nothing to a walk against the weights and the merges at once",
    () => {
      const ratioOf = (text: string): number =>
        Math.max(tokenBound(text), asciiTokens(text) + tokenBound(text, true)) / counted(text);
      fc.assert(
        fc.property(walks(200), (walk) => {
          const made = walkedBlock({ ...walk, ratioOf });
          expect(bound(made)).toBeGreaterThanOrEqual(counted(made) / 1.1);
          const long = linesOf(made, 40);
          expect(bound(long)).toBeGreaterThanOrEqual(counted(long) / 1.1);
        }),
        { numRuns: runs(6) },
      );
    },
    longestMs(30_000),
  );

  it("finds what is hidden among prose, wherever it is and however much of it", () => {
    const ratioOf = (text: string): number => tokenBound(text) / o200k(text);
    const made = walkedBlock({ letters: small, seed: 7, steps: 800, ratioOf });
    const prose = files.join("\n").replaceAll(/[^\0-\x7f]/g, "");
    const part = fc.record({ made: fc.nat(120), prose: fc.nat(30_000) });
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 8 }), (parts) => {
        let start = 0;
        const text = parts
          .map((each) => {
            start = (start + each.prose) % (prose.length - 30_000);
            return linesOf(made, each.made) + prose.slice(start, start + each.prose);
          })
          .join("");
        expect(bound(text)).toBeGreaterThanOrEqual(counted(text) / 1.1);
      }),
      { numRuns: runs(6) },
    );
  });

  it("is 1 in our prose and code, long and short: nothing more is reserved for them", () => {
    const all = files.join("\n");
    for (const text of [...files, all, all.repeat(3)]) expect(tokenFactor([text], tokenBound)).toBe(1);
    expect(bound(all)).toBeLessThanOrEqual(2.1 * counted(all));
  });

  it("is 1 without any text", () => {
    expect(tokenFactor([], tokenBound)).toBe(1);
    expect(tokenFactor([""], tokenBound)).toBe(1);
  });
});

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

/** docs/reference/faults.md names the test of each fault: what it names has to be there. */

const folder = import.meta.dirname;
const text = readFileSync(join(folder, "../../docs/reference/faults.md"), "utf8");
const read = (file: string): string => {
  const path = join(folder, file);
  return existsSync(path) ? readFileSync(path, "utf8") : "";
};

/** The last cell of a row: a test file, and words of the names of its tests. */
const named = [...text.matchAll(/\| `([a-z-]+)`: ([^|]+) \|$/gm)].flatMap(([, file = "", words = ""]) =>
  words.split(", ").map((word) => ({ file, word })),
);

describe("docs/reference/faults.md", () => {
  it.each(named)("names a test of $file: $word", ({ file, word }) => {
    const source = read(`${file}.test.ts`) + (file === "provider" ? read("support/provider-faults.ts") : "");
    expect(source).toContain(word);
  });

  const walked = [...text.matchAll(/`tests\/faults\/([a-z-]+)\.test\.ts`/g)].map(([, file = ""]) => file);

  it("names every test file of faults", () => {
    const files = readdirSync(folder).flatMap((name) => /^(?!documented)(.+)\.test\.ts$/.exec(name)?.[1] ?? []);
    expect([...new Set([...walked, ...named.map(({ file }) => file)])].toSorted()).toEqual(files.toSorted());
  });
});

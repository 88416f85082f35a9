import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { assets, pageHtml } from "#functions/dashboard/assets.generated.js";

const maxBytes = 60 * 1_024;

const imported = /(?:from|import)\s*["'`]\.\/([^"'`]+)["'`]/g;
const importedLater = /import\(\s*["'`]\.\/([^"'`]+)["'`]/g;

const named = (text: string, pattern: RegExp): readonly string[] =>
  [...text.matchAll(pattern)].map(([, name]) => name ?? "");

const textOf = (name: string): string => {
  const asset = assets.get(name);
  if (asset === undefined) throw new Error(`The build has no file ${name}`);
  return asset.text;
};

/** Files and everything that they need before they run. */
const withImports = (names: readonly string[]): ReadonlySet<string> => {
  const found = new Set<string>();
  const add = (name: string): void => {
    if (found.has(name)) return;
    found.add(name);
    for (const next of named(textOf(name), imported)) add(next);
  };
  names.forEach(add);
  return found;
};

const gzipped = (names: ReadonlySet<string>): number =>
  [...names].reduce((sum, name) => sum + gzipSync(textOf(name)).byteLength, 0);

const first = withImports(named(pageHtml, /%ASSETS%([^"]+)/g));
const laterOf = (names: Iterable<string>): readonly string[] => [
  ...new Set([...names].flatMap((name) => named(textOf(name), importedLater))),
];
const pages = laterOf(first);
/** What a page loads when it is needed, such as the colors of code. */
const onDemand = laterOf(withImports(pages)).filter((name) => !first.has(name) && !pages.includes(name));

describe("the dashboard's scripts and style, gzipped", () => {
  it("come with the code of one page, and every file is reached", () => {
    expect(pages.length).toBeGreaterThanOrEqual(8);
    for (const page of pages) expect([...first]).not.toContain(page);
    for (const name of onDemand) for (const page of pages) expect([...withImports([page])]).not.toContain(name);
    expect([...withImports([...first, ...pages, ...onDemand])].sort()).toEqual([...assets.keys()].sort());
  });

  it.each(pages)("stay under 60 KB for a first load of %s", (page) => {
    expect(gzipped(withImports([...first, page]))).toBeLessThan(maxBytes);
  });
});

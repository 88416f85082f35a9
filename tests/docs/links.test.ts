import { existsSync, readFileSync } from "node:fs";
import { dirname, extname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { filesBelow, repositoryRoot as root } from "#tests/support/repository-files.ts";

/** Links in Markdown, and paths of documents that code and workflows mention, lead to something that exists. */

const files = filesBelow();
const pages = files.filter((file) => extname(file) === ".md");

const withoutFences = (text: string): string => text.replaceAll(/^( *)(`{3,})[\s\S]*?^\1\2$/gm, "");

/** Headings as GitHub turns them into anchors; a repeated one gets a number. */
const anchorsOf = (markdown: string): ReadonlySet<string> => {
  const anchors = new Set<string>();
  for (const [, heading = ""] of withoutFences(markdown).matchAll(/^#{1,6} (.+)$/gm)) {
    const text = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
    const anchor = text.replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(/\s/g, "-");
    let unique = anchor;
    for (let count = 1; anchors.has(unique); count++) unique = `${anchor}-${count}`;
    anchors.add(unique);
  }
  return anchors;
};

interface Link {
  readonly page: string;
  readonly target: string;
}

const linksOf = (page: string): readonly Link[] => {
  const text = withoutFences(readFileSync(page, "utf8")).replaceAll(/`[^`\n]*`/g, "");
  const targets = [...text.matchAll(/\]\(([^()\s]+)(?: "[^"]*")?\)/g)].map(([, target = ""]) => target);
  return targets.filter((target) => !/^[a-z]+:/.test(target)).map((target) => ({ page, target }));
};

/** What is wrong with a link, or undefined. */
const problemOf = ({ page, target }: Link): string | undefined => {
  const [path = "", anchor] = target.split("#");
  const file = path === "" ? page : resolve(dirname(page), decodeURIComponent(path));
  if (!existsSync(file)) return `${target}: no such file`;
  if (anchor === undefined || extname(file) !== ".md") return undefined;
  return anchorsOf(readFileSync(file, "utf8")).has(anchor) ? undefined : `${target}: no such heading`;
};

describe("relative links", () => {
  it.each(pages.map((page) => relative(root, page)))("of %s resolve", (page) => {
    expect(linksOf(join(root, page)).flatMap((link) => problemOf(link) ?? [])).toEqual([]);
  });

  it("are found and judged: a missing file and a missing heading are problems", () => {
    const page = join(root, "README.md");
    expect(linksOf(page).length).toBeGreaterThan(5);
    expect(problemOf({ page, target: "docs/missing.md" })).toBeDefined();
    expect(problemOf({ page, target: "AGENTS.md#no-such-heading" })).toBeDefined();
    expect(anchorsOf("# A `b`: c & d\n\n# A `b`: c & d")).toEqual(new Set(["a-b-c--d", "a-b-c--d-1"]));
  });
});

describe("documents that code, scripts and workflows mention", () => {
  const mentionsOf = (file: string): readonly (readonly [path: string, file: string])[] =>
    [...readFileSync(file, "utf8").matchAll(/(?<![\w./-])docs\/[\w/-]+\.(?:md|png)/g)].map(([path]) => [
      path,
      relative(root, file),
    ]);
  const mentions = new Map(
    files
      .filter((file) => /\.(ts|tsx|mjs|json|ya?ml|md|sh)$/.test(file) && file !== import.meta.filename)
      .flatMap(mentionsOf),
  );

  it("exist", () => {
    expect(mentions.size).toBeGreaterThan(10);
    expect([...mentions].filter(([path]) => !existsSync(join(root, path)))).toEqual([]);
  });
});

import { createHash } from "node:crypto";
import { glob, readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { build } from "esbuild";
import { toLayout } from "./layout.ts";
import { docsRoot, pageOf, renderMarkdown } from "./markdown.ts";
import { modelsPage } from "./models-table.ts";
import { referencePages } from "./reference.ts";

/**
 * Prerenders the documentation: the guides of docs/, and an API reference from our own OpenAPI document. The result is two
 * modules that the functions of `/docs` import, so that nothing is read from a disk when a page is served.
 */

const root = path.resolve(import.meta.dirname, "../..");
const folder = path.join(root, "functions/docs");
const layoutFile = path.join(folder, "layout.generated.js");
const pagesFile = path.join(folder, "pages.generated.js");

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

const sources = [
  "docs/**/*.md",
  "core/**/*.ts",
  "infra/build-docs/*.ts",
  "functions/docs/page/*",
  "functions/dashboard/page/src/tokens.css",
  "package.json",
];

const hashSources = async (): Promise<string> => {
  const hash = createHash("sha256");
  const files = await Array.fromAsync(glob([...sources], { cwd: root }));
  for (const file of files.sort()) {
    hash
      .update(file)
      .update("\0")
      .update(await readFile(path.join(root, file)))
      .update("\0");
  }
  return hash.digest("hex");
};

const builtHash = async (): Promise<string | undefined> => {
  try {
    return /export const sourceHash = "(\w+)"/.exec(await readFile(pagesFile, "utf8"))?.[1];
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
};

interface Page {
  readonly path: string;
  readonly title: string;
  readonly html: string;
}

const guidePages = async (): Promise<readonly Page[]> => {
  const files = (await Array.fromAsync(glob("**/*.md", { cwd: path.join(root, "docs") }))).sort();
  const all = new Set(files);
  return Promise.all(
    files.map(async (file) => {
      const text = await readFile(path.join(root, "docs", file), "utf8");
      return { path: pageOf(file), ...renderMarkdown(text, file, all) };
    }),
  );
};

/** Script and style with a hash in their names, as `[name, asset]`. */
const assetsOf = async () => {
  const [tokens, style] = await Promise.all([
    readFile(path.join(root, "functions/dashboard/page/src/tokens.css"), "utf8"),
    readFile(path.join(folder, "page/docs.css"), "utf8"),
  ]);
  const { outputFiles } = await build({
    stdin: { contents: `${tokens}\n${style}`, loader: "css" },
    minify: true,
    write: false,
    target: ["chrome123", "firefox128", "safari17.5"],
  });
  const script = await build({
    entryPoints: [path.join(folder, "page/docs.ts")],
    bundle: true,
    minify: true,
    write: false,
    target: ["chrome123", "firefox128", "safari17.5"],
  });
  const named = (text: string, extension: string, contentType: string) =>
    [
      `docs-${sha256(text).slice(0, 8)}.${extension}`,
      { contentType, text, etag: `"${sha256(text).slice(0, 32)}"` },
    ] as const;
  return {
    style: named(outputFiles[0]?.text ?? "", "css", "text/css; charset=utf-8"),
    script: named(script.outputFiles[0]?.text ?? "", "js", "text/javascript; charset=utf-8"),
  };
};

const below = (pages: readonly Page[], prefix: string): readonly Page[] =>
  pages
    .filter(({ path: own }) => own.startsWith(`${prefix}/`))
    .sort((left, right) => left.title.localeCompare(right.title));

/** Renamed into place, so that no other process reads half a module. */
const write = async (file: string, exports: Readonly<Record<string, string>>): Promise<void> => {
  const lines = Object.entries(exports).map(([name, value]) => `export const ${name} = ${value};`);
  const unfinished = `${file}.${process.pid}`;
  await writeFile(unfinished, ["// Written by infra/build-docs. Do not edit.", ...lines, ""].join("\n"));
  await rename(unfinished, file);
};

/** Builds the documentation unless it was built from the very same sources already. Returns whether it built. */
export const buildDocs = async (): Promise<boolean> => {
  const sourceHash = await hashSources();
  if ((await builtHash()) === sourceHash) return false;
  const [guides, { style, script }] = await Promise.all([guidePages(), assetsOf()]);
  const reference = referencePages();
  const glossary = guides.filter(({ path: own }) => own === "glossary");
  const groups = [
    { title: "Guide", open: true, pages: below(guides, "guide") },
    { title: "API", open: true, pages: [...reference, { path: "models", title: "List of models" }] },
    { title: "Reference", open: true, pages: [...below(guides, "reference"), ...glossary] },
    { title: "Operations", open: false, pages: below(guides, "operations") },
    { title: "Quality", open: false, pages: below(guides, "quality") },
    { title: "Decisions", open: false, pages: below(guides, "decisions") },
  ];
  const home = guides.find(({ path: own }) => own === "");
  if (home === undefined) throw new Error("docs/README.md is missing");
  const references = reference
    .map(({ path: own, title }) => `<li><a href="${docsRoot}${own}">${title}</a></li>`)
    .join("");
  const index = {
    title: home.title,
    html: `${home.html}<h2>API reference</h2><ul class="operations">${references}</ul><p><a href="${docsRoot}../api/openapi.json">The OpenAPI document</a> describes every request, answer and error.</p>`,
  };
  const pages = [
    ...[...guides, ...reference].filter(({ path: own }) => own !== ""),
    { path: "models", title: "Models", html: modelsPage(Date.now()) },
  ].map(({ path: own, ...page }) => [own, page]);
  await write(layoutFile, {
    layout: JSON.stringify(toLayout(groups, script[0], style[0])),
    index: JSON.stringify(index),
  });
  await write(pagesFile, {
    sourceHash: JSON.stringify(sourceHash),
    pages: `new Map(${JSON.stringify(pages)})`,
    assets: `new Map(${JSON.stringify([style, script])})`,
  });
  return true;
};

if (import.meta.main) await buildDocs();

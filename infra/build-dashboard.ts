import { createHash } from "node:crypto";
import { glob, readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Rolldown } from "vite";

/**
 * Builds the dashboard's page with Vite and writes it as a module that the page's functions import: their bundles then
 * hold the page, and nothing is read from a disk or fetched from elsewhere when it is served.
 */

const root = path.resolve(import.meta.dirname, "..");
const folder = path.join(root, "functions/dashboard");
const pageFolder = path.join(folder, "page");
const generatedFile = path.join(folder, "assets.generated.js");

/** Replaced by the way from the page's address to its assets. */
const assetsPlaceholder = "%ASSETS%";

const contentTypes: Readonly<Record<string, string>> = {
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** What the page imports of the gateway itself. */
const sharedFiles = ["core/values/latency-histogram.ts"].map((file) => path.join(root, file));

/** Everything that the build depends on: the page's sources, what it shares, this file, and the exact packages. */
const hashSources = async (): Promise<string> => {
  const hash = createHash("sha256");
  const files = await Array.fromAsync(glob("**/*.*", { cwd: pageFolder }));
  const inputs = files.sort().map((file) => path.join(pageFolder, file));
  for (const file of [...inputs, ...sharedFiles, import.meta.filename, path.join(root, "package.json")]) {
    hash.update(path.relative(root, file)).update("\0");
    hash.update(await readFile(file)).update("\0");
  }
  return hash.digest("hex");
};

const builtHash = async (): Promise<string | undefined> => {
  try {
    return /export const sourceHash = "(\w+)"/.exec(await readFile(generatedFile, "utf8"))?.[1];
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
};

/**
 * The page without what a same-origin page needs not, and painted only once its script has run: the chosen theme is
 * known by then.
 */
const toPage = (html: string): string =>
  html
    .replaceAll(" crossorigin", "")
    .replace('<script type="module"', '<script type="module" blocking="render"')
    .replaceAll("./assets/", assetsPlaceholder)
    .replaceAll(/\n\s+/g, "\n");

type OutputFile = Rolldown.RolldownOutput["output"][number];

const textOf = (file: OutputFile): string => {
  if (file.type === "chunk") return file.code;
  return typeof file.source === "string" ? file.source : new TextDecoder().decode(file.source);
};

const toAsset = (file: OutputFile): [string, { contentType: string; text: string; etag: string }] => {
  const { base, ext } = path.parse(file.fileName);
  const contentType = contentTypes[ext];
  if (contentType === undefined) throw new Error(`The dashboard's build made a file of no known type: ${base}`);
  const text = textOf(file);
  return [base, { contentType, text, etag: `"${sha256(text).slice(0, 32)}"` }];
};

const buildPage = async (): Promise<readonly OutputFile[]> => {
  const { build } = await import("vite");
  // In memory: two processes may build at once, such as a test run beside `npm start`.
  const built = await build({ configFile: path.join(pageFolder, "vite.config.ts"), build: { write: false } });
  if (!("output" in built)) throw new Error("Vite did not build one bundle");
  return built.output;
};

const toModule = (sourceHash: string, pageHtml: string, assets: readonly (readonly [string, unknown])[]): string =>
  [
    "// Written by infra/build-dashboard.ts. Do not edit.",
    `export const sourceHash = ${JSON.stringify(sourceHash)};`,
    `export const assetsPlaceholder = ${JSON.stringify(assetsPlaceholder)};`,
    `export const pageHtml = ${JSON.stringify(pageHtml)};`,
    `export const assets = new Map(${JSON.stringify(assets)});`,
    "",
  ].join("\n");

/**
 * Builds the page unless it was built from the very same sources already. Throws Vite's error, which names file and line,
 * or an `Error` for a file type that the functions cannot serve. Returns whether it built.
 */
export const buildDashboard = async (): Promise<boolean> => {
  const sourceHash = await hashSources();
  if ((await builtHash()) === sourceHash) return false;
  const files = await buildPage();
  const page = files.find(({ fileName }) => fileName === "index.html");
  if (page === undefined) throw new Error("The dashboard's build made no page");
  const assets = files.filter((file) => file !== page).map(toAsset);
  // Renamed into place, so that no other process reads half a module.
  const unfinished = `${generatedFile}.${process.pid}`;
  await writeFile(unfinished, toModule(sourceHash, toPage(textOf(page)), assets));
  await rename(unfinished, generatedFile);
  return true;
};

if (import.meta.main) await buildDashboard();

import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import path from "node:path";
import { type BuildOptions, build, type Metafile, type Plugin } from "esbuild";
import { bundleConditions } from "./bundle-conditions.ts";

/**
 * Bundles functions as SST v4 does for `nodejs24.x` with the `nodejs` options of infra/functions.ts: one folder per
 * function with `bundle.mjs` and its chunks. The local cloud runs these bundles and the bundle budgets measure them, so
 * both see what is deployed.
 * Source of the options: anomalyco/sst, pkg/runtime/node/build.go.
 */

/** SST's own banner for ES modules: CommonJS code inside a bundle expects these names. */
const banner = [
  "import { createRequire as topLevelCreateRequire } from 'module';",
  "const require = topLevelCreateRequire(import.meta.url);",
  'import { fileURLToPath as topLevelFileUrlToPath, URL as topLevelURL } from "url"',
  "const __filename = topLevelFileUrlToPath(import.meta.url)",
  'const __dirname = topLevelFileUrlToPath(new topLevelURL(".", import.meta.url))',
  "",
].join("\n");

const sstOptions = {
  platform: "node",
  format: "esm",
  target: "es2024",
  mainFields: ["module", "main"],
  keepNames: false,
  bundle: true,
  splitting: true,
  metafile: true,
  write: true,
  external: ["sharp", "pg-native"],
  entryNames: "bundle",
  outExtension: { ".js": ".mjs" },
  banner: { js: banner },
  logLevel: "silent",
} as const satisfies BuildOptions;

const sourceExtensions = [".ts", ".tsx", ".mts", ".js", ".mjs"];

export interface BundleOptions {
  /** Handlers as the route table names them: `functions/chat-completions.handler`. Repeated ones are built once. */
  readonly handlers: readonly string[];
  /** Each function gets `<outDir>/<id>/`. A folder that is there already is replaced. */
  readonly outDir: string;
  /** The project's root: handlers and the paths in the metafile are relative to it. */
  readonly root: string;
  /** Default true, as SST's. */
  readonly minify?: boolean;
  /** Writes `bundle.mjs.map` beside the bundle. Default false. */
  readonly sourcemap?: boolean;
}

/** One built function and what esbuild knows of it. */
export interface FunctionBundle {
  /** As given: `functions/chat-completions.handler`. */
  readonly handler: string;
  /** Name of its folder: `chat-completions`. */
  readonly id: string;
  /** Absolute path of its folder: Lambda's task root. */
  readonly folder: string;
  /** Handler inside the folder, in Lambda's syntax: `bundle.handler`. */
  readonly entry: string;
  /** Bytes that are read before the first request: the entry and its static imports, transitively. */
  readonly eagerBytes: number;
  /** Bytes of all chunks, lazy ones too; source maps are not counted. */
  readonly totalBytes: number;
  /** Source files with code in an eager chunk, relative to the root, sorted. */
  readonly eagerInputs: readonly string[];
  /** Files of the eager chunks, relative to the root: the entry first. */
  readonly eagerOutputs: readonly string[];
  readonly metafile: Metafile;
}

const sourceOf = (handler: string, root: string): { file: string; exportName: string } => {
  const dot = handler.lastIndexOf(".");
  const stem = handler.slice(0, dot);
  const extension = sourceExtensions.find((candidate) => existsSync(path.join(root, stem + candidate)));
  if (dot < 0 || extension === undefined) throw new Error(`No source file for the handler ${handler}`);
  return { file: stem + extension, exportName: handler.slice(dot + 1) };
};

/** The entry's file and every chunk that it imports statically, transitively. Throws where the metafile has no such entry. */
export const eagerOutputs = ({ outputs }: Metafile, entryName = "bundle.mjs"): string[] => {
  // By name: with splitting, a chunk that is imported lazily has an `entryPoint` too.
  const entry = Object.keys(outputs).find((name) => path.basename(name) === entryName);
  if (entry === undefined) throw new Error("The metafile has no entry point");
  const seen = new Set([entry]);
  for (const name of seen) {
    for (const { kind, path: target, external } of outputs[name]?.imports ?? []) {
      if (kind === "import-statement" && external !== true) seen.add(target);
    }
  }
  return [...seen];
};

/** The source files that have code in an eager chunk, sorted: what a forbidden-input test looks through. */
export const eagerInputs = (metafile: Metafile): string[] => {
  const inputs = new Set<string>();
  for (const name of eagerOutputs(metafile)) {
    for (const [input, { bytesInOutput }] of Object.entries(metafile.outputs[name]?.inputs ?? {})) {
      if (bytesInOutput > 0) inputs.add(input);
    }
  }
  return [...inputs].sort();
};

const bytesOf = (metafile: Metafile, names: readonly string[]): number =>
  names.reduce((sum, name) => sum + (metafile.outputs[name]?.bytes ?? 0), 0);

/** The files that a source file imports, lazily or not, transitively, itself among them: what its bundle reads, used or not. */
export const inputsOf = ({ inputs }: Metafile, file: string): readonly string[] => {
  const seen = new Set([file]);
  for (const name of seen) for (const { path: target } of inputs[name]?.imports ?? []) seen.add(target);
  return [...seen].filter((name) => inputs[name] !== undefined);
};

/** Name of a function's folder or file: `functions/auth/callback.ts` is `auth-callback`. */
const idOf = (file: string): string =>
  file
    .replace(/^functions\//, "")
    .replace(/\.\w+$/, "")
    .replaceAll("/", "-");

const bundleFunction = async (handler: string, options: BundleOptions): Promise<FunctionBundle> => {
  const { outDir, root, minify = true, sourcemap = false } = options;
  const { file, exportName } = sourceOf(handler, root);
  const id = idOf(file);
  const folder = path.resolve(root, outDir, id);
  await rm(folder, { recursive: true, force: true });
  const { metafile } = await build({
    ...sstOptions,
    conditions: [...bundleConditions(handler)],
    absWorkingDir: path.resolve(root),
    entryPoints: [file],
    outdir: folder,
    minify,
    sourcemap: sourcemap ? "linked" : false,
  });
  const eager = eagerOutputs(metafile);
  return {
    handler,
    id,
    folder,
    entry: `bundle.${exportName}`,
    eagerBytes: bytesOf(metafile, eager),
    totalBytes: bytesOf(
      metafile,
      Object.keys(metafile.outputs).filter((name) => !name.endsWith(".map")),
    ),
    eagerInputs: eagerInputs(metafile),
    eagerOutputs: eager,
    metafile,
  };
};

/**
 * Builds every handler in parallel, keyed by handler. Throws esbuild's `BuildFailure`, whose message names file and
 * line, or an `Error` where a handler has no source file.
 */
export const bundleFunctions = async (options: BundleOptions): Promise<ReadonlyMap<string, FunctionBundle>> => {
  const handlers = [...new Set(options.handlers)];
  const bundles = await Promise.all(handlers.map((handler) => bundleFunction(handler, options)));
  return new Map(bundles.map((bundle) => [bundle.handler, bundle]));
};

/** Where a function of a common build is: Lambda's task root and handler. */
export type BuiltFunction = Pick<FunctionBundle, "handler" | "folder" | "entry">;

type CommonBuild = Pick<BundleOptions, "handlers" | "outDir" | "root">;

const handlerSources = ({ handlers, root }: CommonBuild) =>
  [...new Set(handlers)].map((handler) => ({ handler, ...sourceOf(handler, root) }));

/** Where `bundleTogether` puts functions: for a folder that it built before. Throws where a handler has no source file. */
export const builtTogether = (options: CommonBuild): ReadonlyMap<string, BuiltFunction> => {
  const folder = path.resolve(options.root, options.outDir);
  return new Map(
    handlerSources(options).map(({ handler, file, exportName }) => [
      handler,
      { handler, folder, entry: `${idOf(file)}.${exportName}` },
    ]),
  );
};

/**
 * Builds every handler with the same options in one go, into one folder: what functions share is read and written once, a
 * twentieth of the work. No function loads more code than its own bundle would hold, since a chunk is what the very same
 * set of functions imports. For the local cloud, which starts often; what is deployed and measured is `bundleFunctions`.
 * Throws as that does.
 */
export const bundleTogether = async (options: CommonBuild): Promise<ReadonlyMap<string, BuiltFunction>> => {
  await measureTogether(options);
  return builtTogether(options);
};

/**
 * Takes node:http and node:https from the process instead of importing them: an ES module's view of them reads every member,
 * one of which loads undici, a quarter of a cold start. In its own bundle no function has such an import (tests/bundle), but a
 * chunk that several share keeps one that only some need.
 */
const withoutHttpViews: Plugin = {
  name: "without-http-views",
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^(?:node:)?https?$/ }, ({ path: name, kind }) =>
      kind === "import-statement" ? { path: name.replace(/^node:/, ""), namespace: "builtin" } : undefined,
    );
    onLoad({ filter: /.*/, namespace: "builtin" }, ({ path: name }) => {
      const members = Object.entries(Object.getOwnPropertyDescriptors(process.getBuiltinModule(name) ?? {}));
      const values = members.flatMap(([member, { get }]) => (get === undefined ? [member] : []));
      return {
        contents: `const module = process.getBuiltinModule("node:${name}"); export default module; export const { ${values.join(", ")} } = module;`,
      };
    });
  },
};

/** The same, with what esbuild knows of all of them: an entry is `<id>.mjs`. */
export const measureTogether = async (options: CommonBuild): Promise<Metafile> => {
  const { outDir, root } = options;
  const folder = path.resolve(root, outDir);
  await rm(folder, { recursive: true, force: true });
  const { metafile } = await build({
    ...sstOptions,
    absWorkingDir: path.resolve(root),
    entryPoints: handlerSources(options).map(({ file }) => ({ in: file, out: idOf(file) })),
    entryNames: "[name]",
    outdir: folder,
    minify: true,
    plugins: [withoutHttpViews],
  });
  return metafile;
};

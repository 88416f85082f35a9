import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundleFunctions, eagerInputs, type FunctionBundle } from "#infra/bundle.ts";
import { FunctionPool } from "#infra/local/lambda/function-pool.ts";

let root = "";
let bundles: ReadonlyMap<string, FunctionBundle>;

const sources = {
  "functions/one.ts": `
    import { shared } from "../core/shared.ts";
    import { unused } from "../core/unused.ts";
    const name: string = shared();
    export const handler = async () => ({ name, lazy: (await import("../core/lazy.ts")).lazy(), dir: __dirname, required: typeof require("node:fs").existsSync });
    void unused;`,
  "functions/two.ts": 'export const handler = async () => ({ statusCode: 200, body: "two" });',
  // Shared with the lazy chunk, so it becomes a chunk that both import statically.
  "core/shared.ts": 'export function shared() { return "shared".repeat(2); }',
  "core/unused.ts": 'export const unused = "never used";',
  "core/lazy.ts":
    'import { shared } from "./shared.ts"; export const lazy = () => "lazy " + shared(); export const filler = "lazy filler";',
};

beforeAll(async () => {
  root = mkdtempSync(path.join(tmpdir(), "bundle-"));
  for (const [file, source] of Object.entries(sources)) {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), source);
  }
  mkdirSync(path.join(root, ".build/one"), { recursive: true });
  writeFileSync(path.join(root, ".build/one/chunk-STALE.mjs"), "");
  const handlers = ["functions/one.handler", "functions/two.handler", "functions/two.handler"];
  bundles = await bundleFunctions({ handlers, outDir: ".build", root });
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

const bundleOf = (handler: string): FunctionBundle => {
  const bundle = bundles.get(handler);
  if (bundle === undefined) throw new Error(`No bundle for ${handler}`);
  return bundle;
};

describe("bundleFunctions", () => {
  it("makes a folder for each function, built once, without chunks of an earlier build", () => {
    expect([...bundles.keys()]).toEqual(["functions/one.handler", "functions/two.handler"]);
    expect(bundleOf("functions/one.handler")).toMatchObject({
      id: "one",
      entry: "bundle.handler",
      folder: path.join(root, ".build/one"),
    });
    expect(existsSync(path.join(root, ".build/two/bundle.mjs"))).toBe(true);
    expect(existsSync(path.join(root, ".build/one/chunk-STALE.mjs"))).toBe(false);
  });

  it("counts as eager the entry and its static imports, and the lazy chunk only in the total", () => {
    const one = bundleOf("functions/one.handler");
    expect(one.eagerInputs).toEqual(["core/shared.ts", "functions/one.ts"]);
    expect(eagerInputs(one.metafile)).toEqual(one.eagerInputs);
    expect(one.eagerOutputs).toHaveLength(2);
    const bytes = one.eagerOutputs.reduce((sum, file) => sum + readFileSync(path.join(root, file)).length, 0);
    expect(one.eagerBytes).toBe(bytes);
    expect(one.totalBytes).toBeGreaterThan(one.eagerBytes);
    const two = bundleOf("functions/two.handler");
    expect(two.totalBytes).toBe(two.eagerBytes);
  });

  it("makes what Lambda's runtime runs, with require and __dirname as SST gives them", async () => {
    const { folder, entry } = bundleOf("functions/one.handler");
    const pool = new FunctionPool({ name: "One", handler: entry, taskRoot: folder, memoryMb: 256, timeoutMs: 20_000 });
    const outcome = await pool.invoke("{}");
    pool.stop();
    if (outcome.kind !== "buffered") throw new Error(JSON.stringify(outcome));
    expect(JSON.parse(outcome.payload)).toEqual({
      name: "sharedshared",
      lazy: "lazy sharedshared",
      dir: path.join(root, ".build/one/"),
      required: "function",
    });
  });

  it("names a handler without a source file, and the place of a syntax error", async () => {
    await expect(bundleFunctions({ handlers: ["functions/none.handler"], outDir: ".build", root })).rejects.toThrow(
      "functions/none.handler",
    );
    writeFileSync(path.join(root, "functions/broken.ts"), "export const handler = ;");
    await expect(bundleFunctions({ handlers: ["functions/broken.handler"], outDir: ".build", root })).rejects.toThrow(
      "functions/broken.ts:1",
    );
  });
});

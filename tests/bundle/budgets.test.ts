import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Metafile } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { backgroundFunctions, catchAll, type Route, routes } from "#core/routes.ts";
import { bundleFunctions, eagerOutputs, type FunctionBundle, inputsOf, measureTogether } from "#infra/bundle.ts";

const kilobyte = 1_024;

/**
 * What a function reads before its first request, bytes, minified as SST deploys it: every 100 KB is some 10 ms of a cold
 * start. Each number is what the function weighs now plus a small margin, so that a careless import shows.
 */
const eagerBudgets: Readonly<Record<string, number>> = {
  "functions/chat-completions.handler": 188 * kilobyte,
  "functions/health.handler": 32 * kilobyte,
  "functions/not-found.handler": 32 * kilobyte,
};

/** For every function without a number of its own: those that manage keys and sessions load their vendors' SDKs. */
const anyEagerBudget = 1_000 * kilobyte;

/** Never in any function, lazy chunks included: heavy, or a second way to do what another part does. */
const forbiddenEverywhere = [
  "aws-xray-sdk-core",
  "gpt-tokenizer",
  "js-tiktoken",
  "exa-js",
  "@aws-crypto/client-node",
  "@pydantic/genai-prices",
];

/** Never before a chat's first byte. */
const forbiddenInEagerChat = ["openai", "@anthropic-ai/sdk", "@aws-sdk", "@smithy", "@unkey/api", "undici"];

const root = join(import.meta.dirname, "../..");
const outDir = mkdtempSync(join(tmpdir(), "budgets-"));
const functions: readonly Pick<Route, "handler">[] = [...routes, catchAll, ...backgroundFunctions];
const handlers = [...new Set(functions.map(({ handler }) => handler))];
/** Built as SST does, each by itself: those whose numbers count, and what is so near its limit that shared chunks pass it. */
const measured = [
  ...Object.keys(eagerBudgets),
  "functions/models.handler",
  "functions/account-export.handler",
  "functions/messages.handler",
  "functions/responses.handler",
];
let bundles: ReadonlyMap<string, FunctionBundle>;
/** All in one go, a twentieth of the work: no function loads more code than its own bundle would hold. */
let together: Metafile;

beforeAll(async () => {
  bundles = await bundleFunctions({ handlers: measured, outDir: join(outDir, "measured"), root });
  together = await measureTogether({ handlers, outDir: join(outDir, "together"), root });
}, 300_000);

afterAll(() => rmSync(outDir, { recursive: true, force: true }));

const bundleOf = (handler: string): FunctionBundle => {
  const bundle = bundles.get(handler);
  if (bundle === undefined) throw new Error(`${handler} was not built`);
  return bundle;
};

const sourceOf = (handler: string): string => handler.replace(/\.handler$/, ".ts");
const entryOf = (handler: string): string =>
  sourceOf(handler)
    .replace(/^functions\//, "")
    .replaceAll("/", "-")
    .replace(/\.ts$/, ".mjs");

const eagerBytesOf = (handler: string): number =>
  bundles.get(handler)?.eagerBytes ??
  eagerOutputs(together, entryOf(handler)).reduce((sum, name) => sum + (together.outputs[name]?.bytes ?? 0), 0);

const comesFrom = (name: string) => (input: string) => input.includes(`node_modules/${name}/`);

/** Packages of a list that have code among these inputs. */
const found = (inputs: readonly string[], names: readonly string[]): readonly string[] =>
  names.filter((name) => inputs.some(comesFrom(name)));

const allInputs = (handler: string): readonly string[] => inputsOf(together, sourceOf(handler));

/** Inputs that left code in a chunk, lazy ones too: what was shaken off is not shipped. */
const shippedInputs = ({ outputs }: Metafile): readonly string[] => [
  ...new Set(
    Object.values(outputs).flatMap(({ inputs }) =>
      Object.keys(inputs).filter((input) => (inputs[input]?.bytesInOutput ?? 0) > 0),
    ),
  ),
];

/** Whether a handler reads or makes sessions, or deletes users: only those have a key of Supabase. */
const asksSupabase = (handler: string): boolean =>
  [...(routes as readonly Route[]), ...backgroundFunctions].some(
    ({ handler: own, grants }) => own === handler && grants.some((grant) => grant.startsWith("secret:Supabase")),
  );

describe("what a function reads before its first request", () => {
  it.each(handlers)("%s stays within its budget", (handler) => {
    expect(eagerBytesOf(handler)).toBeLessThanOrEqual(eagerBudgets[handler] ?? anyEagerBudget);
  });

  it("has a budget for no function that is gone", () => {
    expect(handlers).toEqual(expect.arrayContaining(Object.keys(eagerBudgets)));
  });

  it("holds no SDK of a provider, of AWS or of Unkey in a chat", () => {
    const { eagerInputs } = bundleOf("functions/chat-completions.handler");
    expect(found(eagerInputs, forbiddenInEagerChat)).toEqual([]);
  });

  it("holds zod/mini only in a chat, lazy chunks included: one user of zod's classic API would make every part of it eager", () => {
    const classic = shippedInputs(bundleOf("functions/chat-completions.handler").metafile).filter((input) =>
      /zod\/v4\/(?:classic|core\/(?:to-json-schema|json-schema-processors))/.test(input),
    );
    expect(classic).toEqual([]);
  });

  it.each(["functions/chat-completions.handler", "functions/models.handler", "functions/health.handler"])(
    "%s does not load undici: no static import of node:http or node:https, whose facades do",
    (handler) => {
      const { eagerOutputs, metafile } = bundleOf(handler);
      const external = eagerOutputs.flatMap((name) => metafile.outputs[name]?.imports ?? []).map(({ path }) => path);
      expect(external.filter((path) => /^(?:node:)?https?$/.test(path))).toEqual([]);
    },
  );

  it("loads no CommonJS package lazily: esbuild gives such a chunk no named exports", () => {
    const { inputs } = together;
    const lazy = Object.entries(inputs).flatMap(([file, { imports }]) =>
      imports.filter(({ kind }) => kind === "dynamic-import").map(({ path }) => ({ file, path })),
    );
    const own = lazy.filter(({ file }) => !file.includes("node_modules/"));
    expect(own.length).toBeGreaterThan(0);
    expect(own.filter(({ path }) => inputs[path]?.format === "cjs")).toEqual([]);
  });

  it("loads a provider's adapter only when it is called", () => {
    const { eagerInputs } = bundleOf("functions/chat-completions.handler");
    expect(eagerInputs.filter((input) => /^core\/providers\/(openai|anthropic)\/chat\.ts$/.test(input))).toEqual([]);
  });
});

/** Each chunk takes nearly 1 ms of a cold start: core/nothing.ts says what keeps them few. */
describe.each([
  ["functions/chat-completions.handler", "core/providers/openai/chat.ts"],
  ["functions/messages.handler", "core/providers/anthropic/chat.ts"],
  ["functions/responses.handler", "core/providers/openai/chat.ts"],
])("the chunks of %s", (handler, adapter) => {
  it("are its entry, all that it loads at once, and esbuild's own helpers", () => {
    expect(bundleOf(handler).eagerOutputs.length).toBeLessThanOrEqual(3);
  });

  it("are two more for the adapter that most requests call", () => {
    const { eagerOutputs: eager, metafile } = bundleOf(handler);
    const { outputs } = metafile;
    const chunks = new Set(Object.keys(outputs).filter((name) => outputs[name]?.entryPoint === adapter));
    for (const name of chunks) {
      for (const { kind, path, external } of outputs[name]?.imports ?? []) {
        if (kind === "import-statement" && external !== true && !eager.includes(path)) chunks.add(path);
      }
    }
    expect(chunks.size).toBeGreaterThan(0);
    expect(chunks.size).toBeLessThanOrEqual(2);
  });

  // A module that is loaded at once by one function and lazily by another has to import `#function` first, or is evaluated too early.
  it("load, the entry first and then every other", () => {
    const { folder } = bundleOf(handler);
    const load = `
      globalThis.awslambda = { streamifyResponse: (handler) => handler };
      const { readdirSync } = await import("node:fs");
      const files = readdirSync(process.argv[1]).filter((name) => name.endsWith(".mjs"));
      for (const name of ["bundle.mjs", ...files]) await import(process.argv[1] + "/" + name);
      process.stdout.write("loaded");
      process.exit(0);`;
    expect(execFileSync(process.execPath, ["--input-type=module", "-e", load, folder], { encoding: "utf8" })).toBe(
      "loaded",
    );
  });
});

describe("what no function carries", () => {
  it.each(handlers)("%s has none of the packages that were ruled out, lazy chunks included", (handler) => {
    expect(found(allInputs(handler), forbiddenEverywhere)).toEqual([]);
  });

  it("has no translations of zod's messages but English", () => {
    const locales = shippedInputs(together).filter((input) => input.includes("zod/v4/locales/"));
    expect(locales.filter((input) => !/locales\/en\.js$/.test(input))).toEqual([]);
  });

  it.each(handlers.filter((handler) => !asksSupabase(handler)))("%s has nothing of Supabase", (handler) => {
    expect(found(allInputs(handler), ["@supabase"])).toEqual([]);
  });
});

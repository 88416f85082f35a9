import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { build, type Plugin } from "esbuild";
import { appOf } from "#infra/stage.ts";
import type { MockedRun } from "./registration.ts";

/**
 * Runs `sst.config.ts` over SST's own components as the `sst` CLI would, with Pulumi's mocks in place of AWS. The bundle is
 * made with the CLI's own esbuild options, so that an import which the CLI cannot bundle fails here too.
 * Source of the options: anomalyco/sst, pkg/js/js.go and pkg/project/stack.go.
 */

const root = path.resolve(import.meta.dirname, "../..");
const platform = path.join(root, ".sst/platform");
const runTimeoutMs = 200_000;

const banner = [
  "import { createRequire as topLevelCreateRequire } from 'module';",
  "const require = topLevelCreateRequire(import.meta.url);",
  'import { fileURLToPath as topLevelFileUrlToPath, URL as topLevelURL } from "url"',
  "const __filename = topLevelFileUrlToPath(import.meta.url)",
  'const __dirname = topLevelFileUrlToPath(new topLevelURL(".", import.meta.url))',
  "",
].join("\n");

const externals = [
  "@pulumi/*",
  "undici",
  "@pulumiverse/*",
  "@sst-provider/*",
  "@aws-sdk/*",
  "esbuild",
  "archiver",
  "glob",
  "vite",
];

const quoted = (file: string): string => JSON.stringify(file);

/** What the CLI writes above each of our files: `aws` and `sst` are globals there. */
const globals = `import * as aws from "@pulumi/aws"; import * as sst from ${quoted(path.join(platform, "src/components"))};\n`;

const globalsPlugin: Plugin = {
  name: "globals",
  setup: (bundler) => {
    bundler.onLoad({ filter: /\.(js|ts|jsx|tsx)$/ }, async ({ path: file }) => {
      const source = await readFile(file, "utf8");
      return {
        contents: file.includes(".sst") ? source : globals + source,
        loader: file.endsWith(".js") ? "js" : "ts",
      };
    });
  },
};

export interface RunOptions {
  readonly stage: string;
  /** As in `sst dev`. Default false. */
  readonly dev?: boolean;
  /** Added to the environment of the run: settings and secrets. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** What a stage is told in tests and drawings. Every secret's value is its name, so that a leak can be found. */
export const mockedEnvironment: Readonly<Record<string, string>> = {
  SUPABASE_URL: "https://project.supabase.co",
  UNKEY_API_ID: "api_mocked",
  SST_SECRET_UnkeyRootKey: "secret-value-of-UnkeyRootKey",
  SST_SECRET_SupabaseAnonKey: "secret-value-of-SupabaseAnonKey",
  SST_SECRET_OpenaiApiKey: "secret-value-of-OpenaiApiKey",
};

const resultFileIn = (workFolder: string): string => path.join(workFolder, "run.json");

const entry = (workFolder: string): string => `
  import { run } from ${quoted(path.join(platform, "src/auto/run.ts"))};
  import config from ${quoted(path.join(root, "sst.config.ts"))};
  import { runMocked } from ${quoted(path.join(import.meta.dirname, "program.ts"))};
  try {
    await runMocked({
      app: $app,
      workFolder: ${quoted(workFolder)},
      resultFile: ${quoted(resultFileIn(workFolder))},
      run: () => run(config.run),
    });
    process.exit(0);
  } catch (error) {
    process.stderr.write(String(error instanceof Error ? error.stack : error));
    process.exit(1);
  }
`;

/** Bundles the program for a stage. Returns the input files, for tests that forbid some. */
export const bundleProgram = async (
  { stage, dev = false }: RunOptions,
  workFolder: string,
  outfile: string,
): Promise<{ readonly inputs: readonly string[]; readonly bytes: number }> => {
  const app = { ...appOf(stage), stage };
  const cli = {
    command: dev ? "dev" : "deploy",
    dev,
    state: { version: {} },
    paths: { root, platform, work: workFolder, home: workFolder },
  };
  const { metafile } = await build({
    absWorkingDir: root,
    stdin: {
      contents: entry(workFolder),
      resolveDir: root,
      sourcefile: "eval.ts",
      loader: "ts",
    },
    outfile,
    banner: { js: banner },
    mainFields: ["module", "main"],
    format: "esm",
    platform: "node",
    nodePaths: [path.join(platform, "node_modules")],
    plugins: [globalsPlugin],
    external: externals,
    define: { $app: JSON.stringify(app), $cli: JSON.stringify(cli), $dev: String(dev) },
    inject: [path.join(platform, "src/shim/run.js")],
    bundle: true,
    metafile: true,
    logLevel: "silent",
  });
  const bytes = Object.values(metafile.outputs).reduce((sum, output) => sum + output.bytes, 0);
  return { inputs: Object.keys(metafile.inputs).sort(), bytes };
};

const runs = new Map<string, Promise<MockedRun>>();

const runOnce = async (options: RunOptions): Promise<MockedRun> => {
  const workFolder = await mkdtemp(path.join(tmpdir(), "concurred-mocked-"));
  // Beside the platform: that is where the bundle's externals are resolved from.
  const outfile = path.join(platform, `mocked.${path.basename(workFolder)}.mjs`);
  try {
    await bundleProgram(options, workFolder, outfile);
    await promisify(execFile)(process.execPath, ["--no-warnings", outfile], {
      cwd: root,
      timeout: runTimeoutMs,
      env: { ...process.env, NODE_OPTIONS: "", ...mockedEnvironment, ...options.environment },
    });
    return JSON.parse(await readFile(resultFileIn(workFolder), "utf8")) as MockedRun;
  } finally {
    await rm(outfile, { force: true });
    await rm(workFolder, { recursive: true, force: true });
  }
};

/** Runs a stage in a process of its own, once for the same options. Throws with what the program wrote when it fails. */
export const runProgram = (options: RunOptions): Promise<MockedRun> => {
  const name = JSON.stringify(options);
  const known = runs.get(name) ?? runOnce(options);
  runs.set(name, known);
  return known;
};

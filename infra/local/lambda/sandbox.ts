import { spawn } from "node:child_process";
import { createRequire, getCompileCacheDir } from "node:module";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";

/** `thread`: light (about 18 MB each), shares this process. `process`: real isolation, for fault tests. */
export type SandboxMode = "thread" | "process";

export interface SandboxOptions {
  readonly mode: SandboxMode;
  readonly env: Readonly<Record<string, string>>;
  /** Caps the heap, so that a function that needs more fails here too. */
  readonly memoryMb: number;
  /** Each line that the function or its runtime writes. */
  readonly log: (stream: "stdout" | "stderr", line: string) => void;
  /** Called once: `exit status 1`, `signal: SIGKILL`, or undefined for a clean exit. */
  readonly exited: (reason: string | undefined) => void;
}

/** A running copy of AWS's Node runtime with one function in it. */
export interface Sandbox {
  /** Ends it at once, also in the middle of a busy loop. `exited` follows. */
  terminate(): void;
}

const runtimePath = createRequire(import.meta.url).resolve("aws-lambda-ric");
const shimPath = fileURLToPath(new URL("./runtime-shim.cjs", import.meta.url));

const forwardLines = (source: Readable | null, stream: "stdout" | "stderr", log: SandboxOptions["log"]): void => {
  if (source === null) return;
  createInterface({ input: source, crlfDelay: Number.POSITIVE_INFINITY }).on("line", (line) => log(stream, line));
};

/** Dozens of these share one machine, and V8's own choice lets each keep 6 MB more for what is garbage by the next request. */
const youngGenerationMb = 4;

/** The folder of this process's own cache, in one for this version of Node; undefined without one. */
const compileCache = getCompileCacheDir();

const startThread = ({ env, memoryMb, log, exited }: SandboxOptions): Sandbox => {
  const worker = new Worker(runtimePath, {
    env: { ...env },
    execArgv: ["--require", shimPath],
    // A thread does not take V8's cache of compiled code over by itself.
    workerData: { compileCache: compileCache === undefined ? undefined : dirname(compileCache) },
    resourceLimits: { maxOldGenerationSizeMb: memoryMb, maxYoungGenerationSizeMb: youngGenerationMb },
    stdout: true,
    stderr: true,
  });
  forwardLines(worker.stdout, "stdout", log);
  forwardLines(worker.stderr, "stderr", log);
  // A process prints what it dies of; a thread hands it over here.
  worker.on("error", (error) => log("stderr", error instanceof Error ? (error.stack ?? error.message) : String(error)));
  worker.once("exit", (code) => exited(code === 0 ? undefined : `exit status ${code}`));
  return { terminate: () => void worker.terminate() };
};

const startProcess = ({ env, memoryMb, log, exited }: SandboxOptions): Sandbox => {
  const args = [`--max-old-space-size=${memoryMb}`, "--require", shimPath, runtimePath];
  const child = spawn(process.execPath, args, { env: { ...env }, stdio: ["ignore", "pipe", "pipe"] });
  forwardLines(child.stdout, "stdout", log);
  forwardLines(child.stderr, "stderr", log);
  let ended = false;
  const end = (reason: string | undefined): void => {
    if (ended) return;
    ended = true;
    exited(reason);
  };
  child.once("error", (error) => {
    log("stderr", error.message);
    end(error.message);
  });
  child.once("exit", (code, signal) =>
    end(signal === null ? (code === 0 ? undefined : `exit status ${code}`) : `signal: ${signal}`),
  );
  return { terminate: () => void child.kill("SIGKILL") };
};

/** Starts AWS's own Node runtime (aws-lambda-ric) on the function that `env` names. */
export const startSandbox = (options: SandboxOptions): Sandbox =>
  options.mode === "thread" ? startThread(options) : startProcess(options);

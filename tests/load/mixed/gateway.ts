import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** `npm start` in a child process, with what a load test has to see of it from outside. */

export interface LoadedGateway {
  readonly url: string;
  readonly apiKey: string;
  readonly userId: string;
  /** Who can sign in. */
  readonly user: { readonly email: string; readonly password: string };
  /** Processes of functions, where each has one (`--processes`). */
  functionPids(): Promise<readonly number[]>;
  /** Where its tables are. */
  readonly dynamoDbEndpoint: string;
  readonly tableNames: Readonly<Record<string, string>>;
  /** Resident memory of the whole process: front, Runtime APIs and all workers. */
  residentBytes(): Promise<number>;
  /** The longest delay of the front's event loop in each second so far, ms. */
  loopDelaysMs(): Promise<readonly number[]>;
  stop(): Promise<void>;
}

const root = join(import.meta.dirname, "../../..");
const pageBytes = 4_096;

/** No limit and no cap of ours may be what is measured. */
const settings = {
  RATE_LIMIT_SCALE: "1000000",
  MAX_OPEN_REQUESTS: "10000",
  DAILY_SPEND_CAP_USD: "1000000",
  PORT: "0",
  // Room for every open stream and, beside them, for each other function.
  MAX_WORKERS: "120",
} as const;

const started = async (child: ChildProcess): Promise<void> => {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let text = "";
  child.stdout?.setEncoding("utf8").on("data", (part: string) => {
    text += part;
    if (text.includes("Ctrl+C stops it")) resolve();
  });
  child.stderr?.setEncoding("utf8").on("data", (part: string) => {
    text += part;
  });
  child.once("exit", (code) => reject(new Error(`npm start ended with ${code}: ${text.slice(-2_000)}`)));
  return promise;
};

/** Children of a process that run a function. */
const functionsOf = async (pid: number): Promise<readonly number[]> => {
  const threads = await readdir(`/proc/${pid}/task`);
  const lists = await Promise.all(
    threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, "utf8").catch(() => "")),
  );
  const children = lists.flatMap((list) => list.split(" ").filter((text) => text !== "")).map(Number);
  const commands = await Promise.all(
    children.map((child) => readFile(`/proc/${child}/cmdline`, "utf8").catch(() => "")),
  );
  return children.filter((_, index) => commands[index]?.includes("runtime-shim.cjs") === true);
};

/** Starts it with a data folder of its own, which goes with it, and with further settings and flags. */
export const startLoadedGateway = async (
  more: Readonly<Record<string, string>> = {},
  flags: readonly string[] = [],
): Promise<LoadedGateway> => {
  const dataDir = await mkdtemp(join(tmpdir(), "load-"));
  const delayFile = join(dataDir, "loop-delay.txt");
  const child = spawn(
    process.execPath,
    ["--import", join(import.meta.dirname, "loop-delay.mjs"), join(root, "infra/local/start.ts"), ...flags],
    {
      cwd: root,
      env: {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        LOCAL_DATA_DIR: dataDir,
        LOOP_DELAY_FILE: delayFile,
        ...settings,
        ...more,
      },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  const exited = once(child, "exit");
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    await exited;
    await rm(dataDir, { recursive: true, force: true });
  };
  try {
    await started(child);
    const { url, apiKey, user, pid, local } = JSON.parse(await readFile(join(dataDir, "ready.json"), "utf8")) as {
      readonly url: string;
      readonly apiKey: string;
      readonly user: LoadedGateway["user"];
      readonly pid: number;
      readonly local: Pick<LoadedGateway, "userId" | "dynamoDbEndpoint" | "tableNames">;
    };
    const { userId, dynamoDbEndpoint, tableNames } = local;
    return {
      url,
      apiKey,
      userId,
      user,
      functionPids: () => functionsOf(pid),
      dynamoDbEndpoint,
      tableNames,
      residentBytes: async () => Number((await readFile(`/proc/${pid}/statm`, "utf8")).split(" ")[1]) * pageBytes,
      loopDelaysMs: async () => (await readFile(delayFile, "utf8")).trim().split("\n").map(Number),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
};

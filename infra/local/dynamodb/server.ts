import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { basename, dirname } from "node:path";
import { UnusableData } from "#infra/local/unusable-data.ts";
import { hasLog, preallocateLog } from "./preallocate-log.ts";

/** A running DynamoDB endpoint. `close` ends the process and resolves once it is gone; calling it again is harmless. */
export interface DynamoDbServer {
  /** Such as `http://127.0.0.1:41233`. */
  readonly endpoint: string;
  readonly close: () => Promise<void>;
  /** Ends the process as a crash does. For tests. */
  readonly kill: () => void;
}

export interface DynamoDbServerOptions {
  /** The database file. Without it everything lives in memory. */
  readonly dataFile?: string | undefined;
  /** Without it, or 0: any free port. */
  readonly port?: number | undefined;
}

const host = "127.0.0.1";
const startTimeoutMs = 10_000;
const stopTimeoutMs = 5_000;
/** Between finding a free port and binding it another process may take it. */
const freePortAttempts = 3;
/** How the engine begins its complaint about a file of another format. */
const unreadableFile = "Database file";

/**
 * Starts the embedded DynamoDB stand-in (dynoxide: DynamoDB's API over SQLite) and waits until it accepts connections.
 * It dies with this process, however this process ends. Where it is known to differ from DynamoDB: rows are not deleted at
 * their time to live; transactions never conflict; every read is consistent; a write that changes nothing still enters the
 * stream; `REMOVE a.b` passes where `a` is missing; a stream has one shard, which always shows an ending sequence number; a
 * write to a table with a stream goes through all records of the stream's last day.
 * @throws Error where the platform has no binary (set `DYNAMODB_ENDPOINT` there), when it does not come up in 10 s, or for a
 * file of another format (UnusableData).
 */
export const startDynamoDb = async (options: DynamoDbServerOptions = {}): Promise<DynamoDbServer> => {
  const binary = binaryPath();
  if (options.dataFile !== undefined) await mkdir(dirname(options.dataFile), { recursive: true });
  const { dataFile } = options;
  if (dataFile !== undefined) {
    // A new database first gets its format, from the engine itself.
    if (!existsSync(dataFile)) await (await startAnywhere(binary, options)).close();
    if (await hasLog(dataFile)) await preallocateLog(dataFile);
  }
  return startAnywhere(binary, options);
};

const startAnywhere = async (binary: string, options: DynamoDbServerOptions): Promise<DynamoDbServer> => {
  const attempts = options.port ? 1 : freePortAttempts;
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOn(binary, options.port || (await freePort()), options.dataFile);
    } catch (error) {
      if (attempt >= attempts || error instanceof UnusableData) throw error;
    }
  }
};

const binaryPath = (): string => {
  try {
    return createRequire(import.meta.url).resolve("@dynoxide/linux-x64/dynoxide");
  } catch (cause) {
    throw new Error(
      `The embedded DynamoDB has no binary for ${process.platform}-${process.arch}. ` +
        "Set DYNAMODB_ENDPOINT to a DynamoDB that you run yourself, such as http://127.0.0.1:8000.",
      { cause },
    );
  }
};

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, host);
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("The system gave no free port");
  return address.port;
};

const startOn = async (binary: string, port: number, dataFile: string | undefined): Promise<DynamoDbServer> => {
  const args = ["--host", host, "--port", String(port), ...(dataFile === undefined ? [] : ["--db-path", dataFile])];
  // A process group of its own: Ctrl-C must not end the database while open streams still settle their usage.
  const child = spawn(binary, args, { stdio: ["ignore", "ignore", "pipe"], detached: true });
  const exited = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  const guard = killWithThisProcess(child);
  const close = async (): Promise<void> => {
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), stopTimeoutMs);
    await exited;
    clearTimeout(timer);
    guard?.kill("SIGKILL");
  };
  try {
    await listening(child);
  } catch (error) {
    await close();
    const reason = error instanceof Error ? error.message : String(error);
    if (dataFile !== undefined && reason.includes(unreadableFile)) {
      throw new UnusableData(dirname(dataFile), `${basename(dataFile)} is not readable`, { cause: error });
    }
    throw new Error(`The embedded DynamoDB did not start on port ${port}. ${reason}`, { cause: error });
  }
  return { endpoint: `http://${host}:${port}`, close, kill: () => child.kill("SIGKILL") };
};

/**
 * Resolves at the line that the process writes once it listens. Connecting to the port would not tell: another process
 * may have it.
 */
const listening = (child: ChildProcess): Promise<void> => {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let text = "";
  const fail = (reason: string): void => reject(new Error(`${reason} ${text.trim()}`.trim()));
  const timer = setTimeout(() => fail("It did not come up in time."), startTimeoutMs);
  child.stderr?.setEncoding("utf8").on("data", (more: string) => {
    text = (text + more).slice(-2_000);
    if (text.includes("listening on")) resolve();
  });
  child.once("error", (error) => fail(error.message));
  // Not `exit`: by then not all of what it said may have arrived.
  child.once("close", () => fail("It ended."));
  return promise.finally(() => clearTimeout(timer));
};

/**
 * A shell that waits for its standard input to end, which happens when this process dies in any way, SIGKILL included,
 * and then kills the database. An `exit` listener alone would leave it behind.
 */
const killWithThisProcess = (child: ChildProcess): ChildProcess | undefined => {
  if (child.pid === undefined) return undefined;
  const guard = spawn("/bin/sh", ["-c", 'read -r _; kill -KILL "$1"', "guard", String(child.pid)], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  // Without a shell the database still ends by close().
  guard.on("error", () => undefined);
  child.once("exit", () => guard.kill("SIGKILL"));
  guard.unref();
  return guard;
};

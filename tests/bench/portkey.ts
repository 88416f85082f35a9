import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

/**
 * A peer to compare with: Portkey's open-source gateway, from tests/bench/peer (`npm run bench` installs it). It checks no
 * keys, enforces no limits, meters nothing and runs in one process, so it does less than this gateway. The npm package fails on
 * every stream unless `@hono/node-server` is pinned to 1.13.8.
 */
export interface Peer {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** CPU time of its whole process since it started, microseconds. */
  cpuMicros(): number;
  close(): void;
}

const script = join(import.meta.dirname, "peer/node_modules/@portkey-ai/gateway/build/start-server.js");
const startTimeoutMs = 60_000;

/**
 * Nanoseconds on a core of all threads, by Linux's scheduler. /proc/<pid>/stat counts in hundredths of a second, too coarse for a
 * batch of requests.
 */
const cpuMicrosOf = (pid: number): number => {
  const tasks = `/proc/${pid}/task`;
  const nanos = readdirSync(tasks).map((task) => {
    const [onCore = "0"] = readFileSync(`${tasks}/${task}/schedstat`, "utf8").split(" ");
    return Number(onCore);
  });
  return nanos.reduce((sum, each) => sum + each, 0) / 1_000;
};

const freePort = async (): Promise<number> => {
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<number>();
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
  });
  return promise;
};

const answers = (url: string): Promise<boolean> =>
  fetch(url).then(
    () => true,
    () => false,
  );

/** Starts Portkey in front of a provider, or resolves to undefined when it is not installed. */
export const startPortkey = async (providerUrl: string): Promise<Peer | undefined> => {
  if (!existsSync(script)) return undefined;
  const port = await freePort();
  const child: ChildProcess = spawn(process.execPath, [script, `--port=${port}`, "--headless"], {
    env: { PATH: process.env.PATH, NODE_ENV: "production" },
    stdio: "ignore",
  });
  const { pid } = child;
  if (pid === undefined) throw new Error("Portkey did not start");
  const url = `http://127.0.0.1:${port}`;
  const until = performance.now() + startTimeoutMs;
  while (!(await answers(url))) {
    if (child.exitCode !== null || performance.now() > until) {
      child.kill("SIGKILL");
      throw new Error("Portkey did not come up");
    }
    await pause(100);
  }
  return {
    url: `${url}/v1/chat/completions`,
    headers: {
      authorization: "Bearer bench",
      "x-portkey-provider": "openai",
      "x-portkey-custom-host": providerUrl,
    },
    cpuMicros: () => cpuMicrosOf(pid),
    close: () => void child.kill("SIGKILL"),
  };
};

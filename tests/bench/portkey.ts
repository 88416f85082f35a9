import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
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
  /** CPU time of its process since it started, microseconds: its HTTP server's too. */
  cpuMicros(): number;
  close(): void;
}

const script = join(import.meta.dirname, "peer/node_modules/@portkey-ai/gateway/build/start-server.js");
const startTimeoutMs = 15_000;

/** Of /proc/<pid>/stat, which counts in hundredths of a second on every Linux that Node runs on. */
const microsPerTick = 10_000;

const cpuMicrosOf = (pid: number): number => {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The name in parentheses may hold anything; user and system time are the 14th and 15th field.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * microsPerTick;
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

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

/**
 * A peer to compare with: Portkey's open-source gateway, when it is installed. It has no keys, limits or usage of its own
 * and serves from one process, so it does less than we do. From npm it fails on every stream unless `@hono/node-server` is
 * held at 1.13.8.
 */
export interface Peer {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  close(): void;
}

const script = "@portkey-ai/gateway/build/start-server.js";
const startTimeoutMs = 15_000;

const findScript = (): string | undefined =>
  [join(import.meta.dirname, "../../node_modules"), ...(process.env.BENCH_PEER_MODULES?.split(":") ?? [])]
    .map((folder) => join(folder, script))
    .find((file) => existsSync(file));

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
  const file = findScript();
  if (file === undefined) return undefined;
  const port = await freePort();
  const child: ChildProcess = spawn(process.execPath, [file, `--port=${port}`, "--headless"], {
    env: { PATH: process.env.PATH, NODE_ENV: "production" },
    stdio: "ignore",
  });
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
    close: () => void child.kill("SIGKILL"),
  };
};

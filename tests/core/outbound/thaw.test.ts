import { fork } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterEach, describe, expect, it, vi } from "vitest";
import { shortestFreezeMs } from "#core/outbound/freeze.ts";
import { maxIdleMs } from "#core/outbound/idle.ts";
import { post } from "#core/outbound/post.ts";
import { postWhole } from "#core/outbound/post-whole.ts";
import { readText, send } from "#core/outbound/transport.ts";

/** Kept connections that died while the environment was frozen: no FIN and no RST tells of it. */

const closers: (() => void)[] = [];
afterEach(() => {
  vi.restoreAllMocks();
  for (const close of closers.splice(0)) close();
});

/** A server whose connections can fall silent: they take requests and answer none, while new ones are served. */
const startServer = async () => {
  const sockets = new Set<Socket>();
  const silent = new Set<Socket>();
  const seen = { connections: 0, unanswered: 0 };
  const waiting: Socket[] = [];
  let held = false;
  let allSilent = false;
  const answer = (socket: Socket): unknown => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
  const server = createServer((socket) => {
    seen.connections += 1;
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", () => {
      if (allSilent || silent.has(socket)) seen.unanswered += 1;
      else if (held) waiting.push(socket);
      else answer(socket);
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  closers.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    seen,
    sockets,
    fallSilent: ({ alwaysFromNowOn = false } = {}) => {
      for (const socket of sockets) silent.add(socket);
      allSilent = alwaysFromNowOn;
    },
    /** Makes several connections at once, all of which are idle afterwards. */
    open: async (calls: readonly (() => Promise<string>)[]): Promise<void> => {
      held = true;
      const answers = calls.map((call) => call());
      await vi.waitFor(() => expect(waiting).toHaveLength(calls.length));
      held = false;
      for (const socket of waiting.splice(0)) answer(socket);
      await Promise.all(answers);
    },
  };
};

type Call = (url: string, timeoutMs?: number) => Promise<string>;

const byPost: Call = async (url, timeoutMs = 5_000) =>
  (await post({ url, headers: {}, body: "{}", timeoutMs, maxBytes: 1_000 })).text;

const bySend: Call = async (url, timeoutMs = 5_000) => {
  const response = await send({ url, headers: {}, body: "{}", headersTimeoutMs: timeoutMs, idleTimeoutMs: 10_000 });
  return readText(response, 1_000);
};

const byPostWhole: Call = async (url, timeoutMs = 5_000) => {
  const timeouts = { headersTimeoutMs: timeoutMs, idleTimeoutMs: 10_000 };
  return (await postWhole({ url, headers: {}, body: "{}", ...timeouts, maxBytes: 1_000 })).bytes.toString();
};

const transports = [
  ["post", byPost],
  ["send", bySend],
  ["postWhole", byPostWhole],
] as const;

/** Long enough for an answer on this machine, short enough to wait for. */
const silentMs = 300;

describe.each(transports)("a connection kept by %s", (_name, call) => {
  it("is used again while it is young", async () => {
    const server = await startServer();
    await call(server.url);
    await call(server.url);
    expect(server.seen.connections).toBe(1);
  });

  it("is not used again after 20 s of wall-clock time, and is closed together with all older ones", async () => {
    const server = await startServer();
    await server.open([1, 2, 3].map(() => () => call(server.url)));
    const now = Date.now();
    vi.spyOn(Date, "now").mockReturnValue(now + maxIdleMs + 1_000);
    server.fallSilent();
    expect(await call(server.url)).toBe("ok");
    expect(server.seen).toEqual({ connections: 4, unanswered: 0 });
    await vi.waitFor(() => expect(server.sockets.size).toBe(1));
  });

  it("that is dead costs one timeout, however many others died with it", async () => {
    const server = await startServer();
    await server.open([1, 2, 3].map(() => () => call(server.url)));
    server.fallSilent();
    await expect(call(server.url, silentMs)).rejects.toMatchObject({ failure: "timeout" });
    expect(await call(server.url)).toBe("ok");
    expect(server.seen).toEqual({ connections: 4, unanswered: 1 });
  });
});

describe("a call that may be made twice", () => {
  const twice = (url: string, more = {}) =>
    post({ url, headers: {}, body: "{}", timeoutMs: silentMs, retriesSilence: true, maxBytes: 1_000, ...more });

  it("is answered on a fresh connection after a kept one stayed silent", async () => {
    const server = await startServer();
    await twice(server.url);
    server.fallSilent();
    expect((await twice(server.url)).text).toBe("ok");
    expect(server.seen).toEqual({ connections: 2, unanswered: 1 });
  });

  it("is made twice at most", async () => {
    const server = await startServer();
    await twice(server.url);
    server.fallSilent({ alwaysFromNowOn: true });
    await expect(twice(server.url)).rejects.toMatchObject({ failure: "timeout" });
    expect(server.seen).toEqual({ connections: 2, unanswered: 2 });
  });

  it("has more time on a fresh connection, for its handshakes", async () => {
    const server = await startServer();
    const answers = server.open([
      () => twice(server.url, { timeoutMs: 1, freshTimeoutMs: 5_000 }).then(({ text }) => text),
    ]);
    await expect(answers).resolves.toBeUndefined();
  });
});

describe("a process that was frozen (SIGSTOP) while its connections died without a FIN", () => {
  const startWorker = (url: string, by: "post" | "send" | "postWhole") => {
    const worker = fork(join(import.meta.dirname, "frozen-worker.ts"), { execArgv: ["--no-warnings"] });
    closers.push(() => worker.kill("SIGKILL"));
    const order = async (calls: number): Promise<unknown> => {
      const answer = once(worker, "message");
      worker.send({ url, calls, by });
      return (await answer)[0];
    };
    return { worker, order };
  };

  it("answers its first request after the thaw at the price of one silent connection", async () => {
    const server = await startServer();
    const { worker, order } = startWorker(server.url, "post");
    expect(await order(3)).toEqual(["ok", "ok", "ok"]);
    const { connections } = server.seen;
    worker.kill("SIGSTOP");
    server.fallSilent();
    worker.kill("SIGCONT");
    expect(await order(1)).toEqual(["ok"]);
    expect(server.seen).toEqual({ connections: connections + 1, unanswered: 1 });
    expect(await order(1)).toEqual(["ok"]);
    expect(server.seen).toEqual({ connections: connections + 1, unanswered: 1 });
  });

  it.each(["send", "postWhole"] as const)(
    "calls a provider (%s) on a new connection at once, however long the provider may take, and only once",
    async (by) => {
      const server = await startServer();
      const { worker, order } = startWorker(server.url, by);
      expect(await order(3)).toEqual(["ok", "ok", "ok"]);
      const { connections } = server.seen;
      worker.kill("SIGSTOP");
      server.fallSilent();
      // What is tested is that time goes by for the others and not for the worker.
      await setTimeout(shortestFreezeMs + 500);
      worker.kill("SIGCONT");
      expect(await order(1)).toEqual(["ok"]);
      expect(server.seen).toEqual({ connections: connections + 1, unanswered: 0 });
      expect(await order(1)).toEqual(["ok"]);
      expect(server.seen).toEqual({ connections: connections + 1, unanswered: 0 });
    },
  );
});

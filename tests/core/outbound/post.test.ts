import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import { Worker } from "node:worker_threads";
import { afterEach, describe, expect, it, vi } from "vitest";
import { connectEarly, type PostRequest, post } from "#core/outbound/post.ts";
import { OutboundError } from "#core/outbound/transport.ts";
import { fc, runs } from "#tests/support/property.ts";

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** A server of node's own, and every connection that it saw. */
const startHttp = async (answer: (request: IncomingMessage, body: string, response: ServerResponse) => void) => {
  const sockets = new Set<Socket>();
  const server = createServer(async (request, response) => {
    sockets.add(request.socket);
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    answer(request, Buffer.concat(parts).toString("utf8"), response);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  closers.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/path`, sockets };
};

/** A server that answers each request on each connection by script; one request is one packet here. */
const startRaw = async (onRequest: (socket: Socket, requestNumber: number) => void) => {
  const seen = { connections: 0, requests: 0 };
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    seen.connections += 1;
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("data", () => {
      seen.requests += 1;
      onRequest(socket, seen.requests);
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  closers.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, seen, sockets };
};

const call = (url: string, changes: Partial<PostRequest> = {}) =>
  post({ url, headers: { "x-test": "1" }, body: "{}", timeoutMs: 5_000, maxBytes: 1_000_000, ...changes });

const failureOf = async (result: Promise<unknown>): Promise<string> => {
  const error = await result.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return error instanceof OutboundError ? error.failure : `no OutboundError: ${String(error)}`;
};

const ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

describe("post", () => {
  it("sends what node's server reads and reads what node's server sends, sized or chunked, whatever the text", async () => {
    const { url, sockets } = await startHttp((request, body, response) => {
      const { host, "x-test": header, "x-framing": framing } = request.headers;
      const text = JSON.stringify({ method: request.method, path: request.url, host, header, body });
      response.writeHead(418, framing === "sized" ? { "content-length": Buffer.byteLength(text) } : {});
      response.write(text.slice(0, 10));
      response.end(text.slice(10));
    });
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: "grapheme", maxLength: 5_000 }),
        fc.constantFrom("sized", "chunked"),
        async (body, framing) => {
          const { status, text } = await call(url, { body, headers: { "x-test": "a b", "x-framing": framing } });
          expect(status).toBe(418);
          expect(JSON.parse(text)).toEqual({
            method: "POST",
            path: "/path",
            host: new URL(url).host,
            header: "a b",
            body,
          });
        },
      ),
      { numRuns: runs(60) },
    );
    expect(sockets.size).toBe(1);
  });

  it("reads an answer of megabytes", async () => {
    const long = "ä".repeat(2_000_000);
    const { url } = await startHttp((_, __, response) => response.end(long));
    expect((await call(url, { maxBytes: 5_000_000 })).text).toBe(long);
    expect(await failureOf(call(url, { maxBytes: 3_999_999 }))).toBe("network");
  });

  it("opens a connection for each call at the same time, and keeps them for the next ones", async () => {
    const waiting: ServerResponse[] = [];
    const { url, sockets } = await startHttp((_, __, response) => {
      waiting.push(response);
      if (waiting.length === 3) for (const each of waiting.splice(0)) each.end("ok");
    });
    for (let round = 0; round < 2; round++) await Promise.all([call(url), call(url), call(url)]);
    expect(sockets.size).toBe(3);
  });

  it("replaces once a kept connection that the server closes on it", async () => {
    const { url, seen } = await startRaw((socket, request) => {
      if (request === 2) socket.destroy();
      else socket.write(ok);
    });
    await call(url);
    expect((await call(url)).text).toBe("ok");
    expect(seen).toEqual({ connections: 2, requests: 3 });
  });

  it("does not use a kept connection that the server closed while it was idle", async () => {
    const { url, seen, sockets } = await startRaw((socket) => socket.write(ok));
    await call(url);
    const [socket] = sockets;
    socket?.end();
    if (socket !== undefined) await once(socket, "close");
    await call(url);
    expect(seen).toEqual({ connections: 2, requests: 2 });
  });

  it("does not call again where a fresh connection broke, or a kept one within the answer: the work may be done", async () => {
    const fresh = await startRaw((socket) => socket.destroy());
    expect(await failureOf(call(fresh.url))).toBe("network");
    expect(fresh.seen.requests).toBe(1);
    const kept = await startRaw((socket, request) => {
      if (request === 1) socket.write(ok);
      else socket.end("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf");
    });
    await call(kept.url);
    expect(await failureOf(call(kept.url))).toBe("network");
    expect(kept.seen.requests).toBe(2);
  });

  it.each([
    ["says close", "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok"],
    ["sends more than was asked", `${ok}HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil`],
  ])("leaves a connection whose server %s", async (_, answer) => {
    const { url, seen } = await startRaw((socket) => socket.write(answer));
    expect((await call(url)).text).toBe("ok");
    expect((await call(url)).text).toBe("ok");
    expect(seen).toEqual({ connections: 2, requests: 2 });
  });

  it("never takes what a server sends unasked for the next answer", async () => {
    const { url, seen, sockets } = await startRaw((socket) => socket.write(ok));
    await call(url);
    const [socket] = sockets;
    socket?.write("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil");
    if (socket !== undefined) await once(socket, "close");
    expect((await call(url)).text).toBe("ok");
    expect(seen.connections).toBe(2);
  });

  it("ends a call that brings no whole answer in time, also when it drips in byte by byte", async () => {
    const drip: NodeJS.Timeout[] = [];
    closers.push(() => drip.forEach(clearInterval));
    const { url, seen } = await startRaw((socket) => {
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n");
      drip.push(setInterval(() => socket.write("x"), 5));
    });
    expect(await failureOf(call(url, { timeoutMs: 100 }))).toBe("timeout");
    expect(seen.requests).toBe(1);
  });

  it("does not count the time in which our own event loop was busy: an answer that came meanwhile is read", async () => {
    const worker = new Worker(
      `const { createServer } = require("node:http");
       const { parentPort } = require("node:worker_threads");
       const server = createServer((_, response) => response.end("here")).listen(0, "127.0.0.1", () =>
         parentPort.postMessage(server.address().port));`,
      { eval: true },
    );
    closers.push(() => void worker.terminate());
    const [port] = (await once(worker, "message")) as [number];
    const url = `http://127.0.0.1:${port}/`;
    await call(url);
    const answer = call(url, { timeoutMs: 50 });
    const until = performance.now() + 400;
    while (performance.now() < until);
    expect((await answer).text).toBe("here");
  });

  it("stops when its signal fires, closes the connection, and sends nothing under one that has fired", async () => {
    const controller = new AbortController();
    const closed = Promise.withResolvers<void>();
    const { url, seen } = await startRaw((socket) => {
      socket.once("close", closed.resolve);
      controller.abort();
    });
    expect(await failureOf(call(url, { signal: controller.signal }))).toBe("aborted");
    await closed.promise;
    expect(await failureOf(call(url, { signal: controller.signal }))).toBe("aborted");
    expect(seen).toEqual({ connections: 1, requests: 1 });
  });

  it("tells a connection that cannot be made, and what Node calls it", async () => {
    await expect(call("http://127.0.0.1:1/")).rejects.toMatchObject({
      failure: "network",
      networkCode: "ECONNREFUSED",
    });
    expect(await failureOf(call("ftp://127.0.0.1/"))).toBe("network");
  });

  it("refuses a header that could end before its value does, without showing it", async () => {
    const { url, seen } = await startRaw((socket) => socket.write(ok));
    const sent = call(url, { headers: { authorization: "Bearer secret\r\nx: y" } });
    await expect(sent).rejects.toThrow("The header authorization cannot be sent");
    await expect(sent).rejects.not.toThrow("secret");
    expect(seen.connections).toBe(0);
  });
});

describe("a connection that is opened early", () => {
  it("is taken by the next call, also while it connects, and is opened once", async () => {
    const { url, seen } = await startRaw((socket) => socket.write(ok));
    connectEarly(url);
    connectEarly(url);
    expect((await call(url)).text).toBe("ok");
    expect((await call(url)).text).toBe("ok");
    expect(seen).toEqual({ connections: 1, requests: 2 });
  });

  it("has the time of a new connection for its first call", async () => {
    const { url } = await startRaw((socket) => void setTimeout(() => socket.write(ok), 150));
    connectEarly(url);
    expect((await call(url, { timeoutMs: 50, freshTimeoutMs: 10_000 })).text).toBe("ok");
    expect(await failureOf(call(url, { timeoutMs: 50, freshTimeoutMs: 10_000 }))).toBe("timeout");
  });

  it("that leads nowhere fails nobody but the call", async () => {
    const { url, sockets } = await startRaw((socket) => socket.write(ok));
    const gone = createTcpServer().listen(0, "127.0.0.1");
    await once(gone, "listening");
    const goneUrl = `http://127.0.0.1:${(gone.address() as AddressInfo).port}/`;
    gone.close();
    await once(gone, "close");
    connectEarly(goneUrl);
    expect(await failureOf(call(goneUrl))).toBe("network");
    // The server closes an early connection before the first call: a fresh one takes its place.
    connectEarly(url);
    await vi.waitFor(() => expect(sockets.size).toBe(1));
    for (const socket of sockets) socket.destroy();
    expect((await call(url)).text).toBe("ok");
  });
});

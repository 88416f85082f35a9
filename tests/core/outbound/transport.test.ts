import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { OutboundError, type OutboundRequest, readText, send } from "#core/outbound/transport.ts";

/** How the server answers its requests, in order; the last answer stays. */
let answers: ((response: ServerResponse, socket: Socket) => void)[] = [];
let server: Server;
let url: string;
let received: string[];
let sockets: Set<Socket>;

beforeEach(async () => {
  received = [];
  sockets = new Set();
  server = createServer(async (request, response) => {
    let body = "";
    for await (const part of request) body += String(part);
    received.push(body);
    sockets.add(request.socket);
    (answers.length > 1 ? answers.shift() : answers[0])?.(response, request.socket);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as { port: number }).port}/path?query=1`;
});
afterEach(() => {
  vi.restoreAllMocks();
  server.close();
  server.closeAllConnections();
});

const call = (changes: Partial<OutboundRequest> = {}) =>
  send({ url, headers: {}, body: "ä", headersTimeoutMs: 5_000, idleTimeoutMs: 5_000, ...changes });
const whole = async (changes: Partial<OutboundRequest> = {}, maxBytes = 1_000): Promise<string> =>
  readText(await call(changes), maxBytes, changes.signal);
const failure = async (result: Promise<unknown>): Promise<string> => {
  const error = await result.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return error instanceof OutboundError ? error.failure : `no OutboundError: ${String(error)}`;
};

describe("send and readText", () => {
  it("send the body whole and read the answer whole, whatever it is cut into", async () => {
    const [first, second] = [Buffer.from("😀").subarray(0, 2), Buffer.from("😀").subarray(2)];
    answers = [
      (response) => {
        response.write(first, () => response.end(second));
      },
    ];
    expect(await whole()).toBe("😀");
    expect(received).toEqual(["ä"]);
  });

  it("keep a connection for the next call", async () => {
    answers = [(response) => response.end("ok")];
    await whole();
    await whole();
    expect(sockets.size).toBe(1);
  });

  it("replace once a kept connection that the server had closed meanwhile", async () => {
    answers = [
      (response) => response.end("one"),
      (_response, socket) => socket.resetAndDestroy(),
      (response) => response.end("two"),
    ];
    await whole();
    expect(await whole()).toBe("two");
  });

  it("do not call again where a kept connection is reset later: the server may have been at work", async () => {
    answers = [
      (response) => response.end("one"),
      (_response, socket) => {
        const later = performance.now() + 2_001;
        vi.spyOn(performance, "now").mockReturnValue(later);
        socket.resetAndDestroy();
      },
      (response) => response.end("two"),
    ];
    await whole();
    expect(await failure(whole())).toBe("network");
    expect(received).toHaveLength(2);
  });

  it("do not call again where a fresh connection broke: the server may have done its work", async () => {
    answers = [(_response, socket) => socket.resetAndDestroy()];
    expect(await failure(call({ headers: { connection: "close" } }))).toBe("network");
    expect(received).toHaveLength(1);
  });

  it("take a body that breaks off for a failure, never for its end", async () => {
    answers = [
      (response, socket) => {
        response.writeHead(200, { "content-length": "100" });
        response.write("half", () => socket.destroy());
      },
    ];
    expect(await failure(whole())).toBe("network");
    answers = [
      (response, socket) => {
        response.write("half", () => socket.destroy());
      },
    ];
    expect(await failure(whole())).toBe("network");
  });

  it("read no more than they may", async () => {
    answers = [(response) => response.end("x".repeat(1_001))];
    expect(await failure(whole({}, 1_000))).toBe("network");
    expect(await whole({}, 1_001)).toHaveLength(1_001);
  });

  it("tell a connection that cannot be made, a URL that is none of ours, and what Node calls it", async () => {
    server.close();
    server.closeAllConnections();
    await expect(call()).rejects.toMatchObject({ failure: "network", networkCode: "ECONNREFUSED" });
    expect(await failure(call({ url: "file:///etc/passwd" }))).toBe("network");
  });

  it("end a call whose headers do not come in time, and one whose body stops", async () => {
    answers = [() => undefined];
    expect(await failure(call({ headersTimeoutMs: 20 }))).toBe("timeout");
    answers = [(response) => void response.write("half")];
    expect(await failure(whole({ idleTimeoutMs: 20 }))).toBe("timeout");
  });

  describe("stop when their signal fires", () => {
    it("before, during and after the headers", async () => {
      expect(await failure(call({ signal: AbortSignal.abort() }))).toBe("aborted");
      expect(received).toHaveLength(0);
      const waiting = new AbortController();
      answers = [() => waiting.abort()];
      expect(await failure(call({ signal: waiting.signal }))).toBe("aborted");
      const reading = new AbortController();
      answers = [
        (response) => {
          response.write("half", () => reading.abort());
        },
      ];
      expect(await failure(whole({ signal: reading.signal }))).toBe("aborted");
    });

    it("and close the connection, so that the other side stops too", async () => {
      const controller = new AbortController();
      const { promise, resolve } = Promise.withResolvers<void>();
      answers = [
        (response) => {
          response.on("close", resolve);
          response.write("half", () => controller.abort());
        },
      ];
      await failure(whole({ signal: controller.signal }));
      await promise;
    });
  });

  it("never put a header or a body into an error", async () => {
    answers = [(_response, socket) => socket.resetAndDestroy()];
    const error = await call({
      headers: { authorization: "Bearer sk-secret", connection: "close" },
      body: "a prompt",
    }).catch((thrown: unknown) => thrown);
    expect(`${String(error)} ${JSON.stringify(error)}`).not.toMatch(/secret|prompt/);
  });
});

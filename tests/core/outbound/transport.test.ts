import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import { createServer as createNetServer, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { postWhole, type WholeAnswer, type WholeRequest } from "#core/outbound/post-whole.ts";
import { OutboundError, readBytes, send } from "#core/outbound/transport.ts";

/** How the server answers its requests, in order; the last answer stays. */
let answers: ((response: ServerResponse, socket: Socket) => void)[] = [];
let server: Server;
let url: string;
let received: string[];
let paths: (string | undefined)[];
let sockets: Set<Socket>;

beforeEach(async () => {
  received = [];
  paths = [];
  sockets = new Set();
  server = createServer(async (request, response) => {
    let body = "";
    for await (const part of request) body += String(part);
    received.push(body);
    paths.push(request.url);
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
  for (const socket of sockets) socket.destroy();
});

type Changes = Partial<WholeRequest>;
const requestWith = (changes: Changes): WholeRequest => ({
  ...{ url, headers: {}, body: "ä", headersTimeoutMs: 5_000, idleTimeoutMs: 5_000, maxBytes: 1_000 },
  ...changes,
});

/** Both transports of a call to a provider: one that streams, and one that is read whole at less CPU. */
const transports = {
  "send and readBytes": async (changes: Changes = {}): Promise<WholeAnswer> => {
    const request = requestWith(changes);
    const response = await send(request);
    const { statusCode: status = 0, headers } = response;
    return { status, headers, bytes: await readBytes(response, request.maxBytes, request.signal) };
  },
  postWhole: (changes: Changes = {}): Promise<WholeAnswer> => postWhole(requestWith(changes)),
};

const failure = async (result: Promise<unknown>): Promise<string> => {
  const error = await result.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return error instanceof OutboundError ? error.failure : `no OutboundError: ${String(error)}`;
};

describe.each(Object.entries(transports))("%s", (_name, call) => {
  const whole = async (changes: Changes = {}): Promise<string> => (await call(changes)).bytes.toString("utf8");

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
    expect(await failure(whole({ maxBytes: 1_000 }))).toBe("network");
    expect(await whole({ maxBytes: 1_001 })).toHaveLength(1_001);
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

  it("give the headers as node has them, whatever comes before and however a body is framed", async () => {
    answers = [
      (_response, socket) => {
        socket.end(
          "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 429 Slow down\r\nRetry-After: 3\r\nretry-after: 4\r\nX-A:  one \r\nx-a: two\r\nset-cookie: a=1\r\nset-cookie: b=2\r\nx-empty:\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        );
      },
    ];
    const { status, headers, bytes } = await call();
    expect({ status, headers: { ...headers }, text: String(bytes) }).toEqual({
      status: 429,
      headers: {
        "retry-after": "3",
        "x-a": "one, two",
        "set-cookie": ["a=1", "b=2"],
        "x-empty": "",
        "transfer-encoding": "chunked",
      },
      text: "abc",
    });
  });

  it("send the query, no half a character, and no header that ends before its value does", async () => {
    answers = [(response) => response.end("ok")];
    await whole({ body: '"\ud800"' });
    expect(received).toEqual(['"\ufffd"']);
    expect(paths).toEqual(["/path?query=1"]);
    const bad = { "x-a": "one\r\nx-b: two" };
    await expect(call({ headers: bad })).rejects.toThrow();
    expect(received).toHaveLength(1);
  });

  describe("say whether the last byte may have left", () => {
    it("no: nobody listens, the signal had fired, or the other side does not read", async () => {
      await expect(call({ signal: AbortSignal.abort() })).rejects.toMatchObject({ sent: false });
      const deaf = createNetServer((socket) => void sockets.add(socket.pause())).listen(0, "127.0.0.1");
      await once(deaf, "listening");
      const { port } = deaf.address() as { port: number };
      const body = "x".repeat(32 * 1024 * 1024);
      const unread = call({ url: `http://127.0.0.1:${port}/`, body, headersTimeoutMs: 200 });
      await expect(unread).rejects.toMatchObject({ failure: "timeout", sent: false });
      deaf.close();
      server.close();
      server.closeAllConnections();
      await expect(call()).rejects.toMatchObject({ networkCode: "ECONNREFUSED", sent: false });
    });

    it("yes: the connection broke, an answer was late, or the signal fired while it was waited for", async () => {
      answers = [(_response, socket) => socket.resetAndDestroy()];
      await expect(call({ headers: { connection: "close" } })).rejects.toMatchObject({
        failure: "network",
        sent: true,
      });
      answers = [() => undefined];
      await expect(call({ headersTimeoutMs: 100 })).rejects.toMatchObject({ failure: "timeout", sent: true });
      const waiting = new AbortController();
      answers = [() => waiting.abort()];
      await expect(call({ signal: waiting.signal })).rejects.toMatchObject({ failure: "aborted", sent: true });
    });

    it("yes: an answer has begun, though the request was not read to its end", async () => {
      const hasty = createNetServer((socket) => {
        sockets.add(socket);
        socket.on("error", () => undefined);
        socket.once("data", () => {
          socket.pause().write("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nno");
        });
      }).listen(0, "127.0.0.1");
      await once(hasty, "listening");
      const { port } = hasty.address() as { port: number };
      const body = "x".repeat(32 * 1024 * 1024);
      const cut = call({ url: `http://127.0.0.1:${port}/`, body, idleTimeoutMs: 200 });
      await expect(cut).rejects.toMatchObject({ failure: "timeout", sent: true });
      hasty.close();
    });
  });

  it("do not keep a connection whose server answered before it had read the request", async () => {
    let connections = 0;
    const hasty = createNetServer((socket) => {
      connections += 1;
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.once("data", () => socket.pause().write("HTTP/1.1 413 Too long\r\ncontent-length: 2\r\n\r\nno"));
    }).listen(0, "127.0.0.1");
    await once(hasty, "listening");
    const { port } = hasty.address() as { port: number };
    const request = { url: `http://127.0.0.1:${port}/`, body: "x".repeat(32 * 1024 * 1024) };
    for (let count = 1; count <= 2; count++) {
      expect(await call(request)).toMatchObject({ status: 413 });
      expect(connections).toBe(count);
    }
    hasty.close();
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

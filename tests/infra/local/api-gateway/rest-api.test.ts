import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import type { APIGatewayProxyEvent } from "aws-lambda";
import { afterEach, describe, expect, it, vi } from "vitest";
import { renderGatewayResponse } from "#infra/gateway-responses.ts";
import { createRestApi, type RestApi, type RestApiOptions, type RestRoute } from "#infra/local/api-gateway/rest-api.ts";
import type { FunctionPool } from "#infra/local/lambda/function-pool.ts";
import { usePools } from "../lambda/pools.ts";

const { pool, gate } = usePools();
const apis: RestApi[] = [];
const folders: string[] = [];

afterEach(async () => {
  await Promise.all(apis.splice(0).map((api) => api.close(0)));
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const temporaryFile = (name: string): string => {
  const folder = mkdtempSync(path.join(tmpdir(), "rest-api-"));
  folders.push(folder);
  return path.join(folder, name);
};

const route = (at: string, served: FunctionPool, overrides: Partial<RestRoute> = {}): RestRoute => ({
  path: at,
  stream: false,
  timeoutMs: 29_000,
  invoke: (payload) => served.invoke(payload),
  ...overrides,
});

const streamRoute = (at: string, served: FunctionPool, overrides: Partial<RestRoute> = {}): RestRoute =>
  route(at, served, { stream: true, timeoutMs: 900_000, ...overrides });

const serve = async (options: Omit<RestApiOptions, "gatewayResponse">): Promise<{ url: string; api: RestApi }> => {
  const api = createRestApi({ gatewayResponse: renderGatewayResponse, ...options });
  apis.push(api);
  return { url: await api.listen(0, "127.0.0.1"), api };
};

/** A request with headers exactly as given, and the response before its body is read. */
const open = (url: string, options: http.RequestOptions = {}, body?: string): Promise<http.IncomingMessage> => {
  const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
  const request = http.request(url, { agent: false, ...options }, resolve);
  request.once("error", reject);
  request.end(body);
  return promise;
};

/** The next chunk of a response, or undefined at its end. */
const nextText = async (iterator: AsyncIterator<unknown>): Promise<string | undefined> => {
  const { value, done } = await iterator.next();
  return done ? undefined : String(value);
};

const expectEnvelope = async (response: Response, status: number, code: string): Promise<void> => {
  expect(response.status).toBe(status);
  const requestId = response.headers.get("x-request-id");
  expect(requestId).toBe(response.headers.get("x-amzn-requestid"));
  expect(response.headers.get("access-control-allow-origin")).toBe("*");
  expect(await response.json()).toEqual({
    error: {
      code,
      message: expect.any(String),
      type: expect.any(String),
      param: null,
      details: expect.objectContaining({ requestId }),
    },
  });
};

describe("the event is API Gateway's payload version 1.0", () => {
  it("with both forms of headers and query, path parameters, body and request context", async () => {
    const { url } = await serve({ routes: [route("/v1/models/{id+}", pool("echo"))] });
    const response = await open(
      `${url}/v1/models/deep%20seek/v3?a=1&a=2&b=%C3%BC`,
      {
        method: "PATCH",
        headers: { "X-List": ["one", "two"], "user-agent": "test", Connection: "close", "X-Forwarded-For": "10.0.0.1" },
      },
      '{"text":"ü"}',
    );
    let text = "";
    for await (const chunk of response) text += String(chunk);
    const event: APIGatewayProxyEvent = JSON.parse(text);
    expect(event).toMatchObject({
      resource: "/v1/models/{id+}",
      path: "/v1/models/deep%20seek/v3",
      httpMethod: "PATCH",
      pathParameters: { id: "deep%20seek/v3" },
      queryStringParameters: { a: "2", b: "ü" },
      multiValueQueryStringParameters: { a: ["1", "2"], b: ["ü"] },
      stageVariables: null,
      body: '{"text":"ü"}',
      isBase64Encoded: false,
    });
    expect(event.headers).toMatchObject({
      "X-List": "two",
      "user-agent": "test",
      "X-Forwarded-For": "10.0.0.1, 127.0.0.1",
    });
    expect(event.multiValueHeaders["X-List"]).toEqual(["one", "two"]);
    expect(event.headers).not.toHaveProperty("Connection");
    expect(event.requestContext).toMatchObject({
      path: "/v1/models/deep%20seek/v3",
      resourcePath: "/v1/models/{id+}",
      httpMethod: "PATCH",
      protocol: "HTTP/1.1",
      requestId: response.headers["x-amzn-requestid"],
      extendedRequestId: response.headers["x-amz-apigw-id"],
      requestTime: expect.stringMatching(/^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/),
      domainName: new URL(url).host,
      identity: { sourceIp: "127.0.0.1", userAgent: "test" },
    });
  });

  it("with nulls where there is nothing", async () => {
    const { url } = await serve({ routes: [route("/echo", pool("echo"))] });
    expect(await (await fetch(`${url}/echo`)).json()).toMatchObject({
      body: null,
      pathParameters: null,
      queryStringParameters: null,
      multiValueQueryStringParameters: null,
    });
  });

  it("under a stage: its prefix is in the request context's path, not in the event's; outside it is 403", async () => {
    const { url } = await serve({ stage: "local", routes: [route("/echo", pool("echo"))] });
    expect(url).toMatch(/\/local$/);
    expect(await (await fetch(`${url}/echo`)).json()).toMatchObject({
      path: "/echo",
      requestContext: { path: "/local/echo", stage: "local" },
    });
    const outside = await fetch(url.replace(/\/local$/, "/locale/echo"));
    expect([outside.status, await outside.json()]).toEqual([403, { message: "Forbidden" }]);
  });

  it("with the text of a body that came in gzip or deflate; other codings reach no function", async () => {
    const { url } = await serve({ routes: [route("/echo", pool("echo"))] });
    const post = (coding: string, body: Buffer) =>
      fetch(`${url}/echo`, { method: "POST", headers: { "content-encoding": coding }, body: new Uint8Array(body) });
    for (const [coding, body] of [
      ["gzip", gzipSync("hello ä")],
      ["Deflate", deflateSync("hello ä")],
      ["identity", Buffer.from("hello ä")],
    ] as const) {
      expect(await (await post(coding, body)).json()).toMatchObject({ body: "hello ä", isBase64Encoded: false });
    }
    await expectEnvelope(await post("br", brotliCompressSync("hello")), 415, "UNSUPPORTED_MEDIA_TYPE");
    await expectEnvelope(await post("zstd", Buffer.from("x")), 415, "UNSUPPORTED_MEDIA_TYPE");
    await expectEnvelope(await post("gzip", Buffer.from("no gzip")), 415, "UNSUPPORTED_MEDIA_TYPE");
    await expectEnvelope(await post("gzip", gzipSync(Buffer.alloc(11_000_000))), 413, "PAYLOAD_TOO_LARGE");
  });

  it("for every method of a known path, and for unknown paths from the catch-all", async () => {
    const { url } = await serve({ routes: [route("/echo", pool("echo"))], catchAll: route("/{proxy+}", pool("echo")) });
    for (const method of ["GET", "PUT", "DELETE", "OPTIONS"]) {
      expect(await (await fetch(`${url}/echo`, { method })).json()).toMatchObject({
        httpMethod: method,
        resource: "/echo",
      });
    }
    expect(await (await fetch(`${url}/no/where`)).json()).toMatchObject({
      resource: "/{proxy+}",
      pathParameters: { proxy: "no/where" },
    });
    await expectEnvelope(await fetch(url), 404, "NOT_FOUND");
  });
});

describe("a buffered integration", () => {
  it("sends status, headers of both forms and body", async () => {
    const { url } = await serve({ routes: [route("/result", pool("result"))] });
    const answer = {
      statusCode: 418,
      headers: { "X-One": "1" },
      multiValueHeaders: { "Set-Cookie": ["a=1", "b=2"] },
      body: "ü",
    };
    const response = await fetch(`${url}/result`, { method: "POST", body: JSON.stringify(answer) });
    expect([response.status, await response.text()]).toEqual([418, "ü"]);
    expect(response.headers.get("x-one")).toBe("1");
    expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
  });

  it("answers 502 in our envelope when the function fails or its result is malformed", async () => {
    const { url } = await serve({
      routes: [
        route("/fail", pool("fail")),
        route("/crash", pool("crash")),
        route("/result", pool("result")),
        route("/timeout", pool("spin", { timeoutMs: 200 })),
        route("/stream", pool("streamNow")),
      ],
    });
    for (const at of ["/fail", "/crash", "/timeout", "/stream"]) {
      await expectEnvelope(await fetch(url + at), 502, "INTERNAL_ERROR");
    }
    for (const body of ['{"body":"no status"}', '{"statusCode":200,"headers":{"X":"line\\nbreak"}}']) {
      await expectEnvelope(await fetch(`${url}/result`, { method: "POST", body }), 502, "INTERNAL_ERROR");
    }
  });

  it("answers 504 when the integration's time is over; the function runs on", async () => {
    const doors = await gate();
    const gated = pool("gated", { env: { GATE_URL: doors.url } });
    const { url } = await serve({
      routes: [route("/", gated, { path: "/late", timeoutMs: 300, invoke: () => gated.invoke('{"gate":"in"}') })],
    });
    await expectEnvelope(await fetch(`${url}/late`), 504, "INTERNAL_ERROR");
    await doors.reached("in");
    expect(gated.stats.open).toBe(1);
    doors.open("in");
    await vi.waitFor(() => expect(gated.stats).toMatchObject({ open: 0, workers: 1 }));
  });

  it("answers 413 over 10 MB, declared or not, and where Lambda's 6 MB refuse the event; then serves on", async () => {
    const echo = pool("large");
    const { url } = await serve({ routes: [route("/echo", echo)] });
    const tooLarge = "x".repeat(10 * 1024 * 1024 + 1);
    await expectEnvelope(await fetch(`${url}/echo`, { method: "POST", body: tooLarge }), 413, "PAYLOAD_TOO_LARGE");
    const chunks = new Blob([tooLarge]).stream();
    const undeclared = await fetch(`${url}/echo`, { method: "POST", body: chunks, duplex: "half" } as RequestInit);
    await expectEnvelope(undeclared, 413, "PAYLOAD_TOO_LARGE");
    const forLambda = await fetch(`${url}/echo`, { method: "POST", body: "x".repeat(6 * 1024 * 1024) });
    await expectEnvelope(forLambda, 413, "PAYLOAD_TOO_LARGE");
    expect(echo.stats.coldStarts).toBe(0);
  });

  it("refuses headers over 10,240 bytes", async () => {
    const { url } = await serve({ routes: [route("/echo", pool("echo"))] });
    await expectEnvelope(
      await fetch(`${url}/echo`, { headers: { "x-large": "x".repeat(10_240) } }),
      431,
      "BAD_REQUEST",
    );
  });
});

describe("a streaming integration", () => {
  it("relays status, headers and cookies, then each chunk while the function still waits to send the next", async () => {
    const doors = await gate();
    const { url } = await serve({ routes: [streamRoute("/stream", pool("stream", { env: { GATE_URL: doors.url } }))] });
    const response = await open(`${url}/stream`);
    expect(response.statusCode).toBe(201);
    expect(response.headers).toMatchObject({
      "content-type": "text/event-stream",
      "x-number": "1",
      "x-list": "a, b",
      "set-cookie": ["one=1; Path=/", "two=2; Path=/"],
    });
    const iterator = response[Symbol.asyncIterator]();
    expect(await nextText(iterator)).toBe("first");
    doors.open("after-first");
    expect(await nextText(iterator)).toBe(`${"\0".repeat(8)}second`);
    doors.open("after-second");
    expect(await nextText(iterator)).toBeUndefined();
  });

  it("waits for the whole delimiter", async () => {
    const doors = await gate();
    const { url } = await serve({
      routes: [streamRoute("/split", pool("streamSplitPrelude", { env: { GATE_URL: doors.url } }))],
    });
    const response = fetch(`${url}/split`);
    await doors.reached("within-the-delimiter");
    doors.open("within-the-delimiter");
    expect([(await response).status, await (await response).text()]).toEqual([202, "body"]);
  });

  it("answers 502 when the function fails before it began, or does not begin with metadata", async () => {
    const { url } = await serve({
      routes: [
        streamRoute("/before", pool("streamFailsBefore")),
        streamRoute("/without", pool("streamWithoutPrelude")),
        streamRoute("/bad", pool("streamBadPrelude")),
        streamRoute("/buffered", pool("echo")),
        streamRoute("/init", pool("throws-at-import.handler")),
      ],
    });
    for (const at of ["/before", "/without", "/bad", "/buffered", "/init"]) {
      await expectEnvelope(await fetch(url + at), 502, "INTERNAL_ERROR");
    }
  });

  it.each(["streamFailsAfter", "streamCrashes"])(
    "cuts the client off after what came when the function fails: %s",
    async (handler) => {
      const doors = await gate();
      const { url } = await serve({
        routes: [streamRoute("/", pool(handler, { env: { GATE_URL: doors.url } }), { path: "/cut" })],
      });
      const iterator = (await open(`${url}/cut`))[Symbol.asyncIterator]();
      expect(await nextText(iterator)).toBe("first");
      doors.open("after-first");
      await expect(nextText(iterator)).rejects.toThrow("aborted");
    },
  );

  it("cuts the client off at the function's timeout, at the integration's, and after silence", async () => {
    const doors = await gate();
    const env = { GATE_URL: doors.url };
    const { url } = await serve({
      routes: [
        streamRoute("/function", pool("stream", { env, timeoutMs: 4_000 })),
        streamRoute("/integration", pool("stream", { env }), { timeoutMs: 4_000 }),
      ],
    });
    const { url: idleUrl } = await serve({
      streamIdleTimeoutMs: 2_000,
      routes: [streamRoute("/idle", pool("stream", { env }))],
    });
    for (const at of [`${url}/function`, `${url}/integration`, `${idleUrl}/idle`]) {
      const iterator = (await open(at))[Symbol.asyncIterator]();
      expect(await nextText(iterator)).toBe("first");
      await expect(nextText(iterator), at).rejects.toThrow("aborted");
    }
  });

  it("is deaf to a client that leaves: the function runs to its end, and its worker serves on", async () => {
    const doors = await gate();
    const stream = pool("stream", { env: { GATE_URL: doors.url } });
    const marker = temporaryFile("marker");
    const { url } = await serve({ routes: [streamRoute("/stream", stream)] });
    const response = await open(`${url}/stream?marker=${encodeURIComponent(marker)}`);
    expect(await nextText(response[Symbol.asyncIterator]())).toBe("first");
    const gone = new Promise((resolve) => response.once("close", resolve));
    response.destroy();
    await gone;
    doors.open("after-first");
    doors.open("after-second");
    await vi.waitFor(() => expect(stream.stats).toMatchObject({ open: 0, workers: 1, idle: 1 }));
    expect(readFileSync(marker, "utf8")).toBe("ran to its end");
  });

  it("frees a function that a slow client held up, when that client leaves", async () => {
    const flood = pool("flood");
    const file = temporaryFile("written");
    const { url } = await serve({ routes: [streamRoute("/flood", flood), route("/echo", pool("echo"))] });
    const response = await open(`${url}/flood?file=${encodeURIComponent(file)}&megabytes=64`);
    for (let round = 0; round < 100; round += 1) await (await fetch(`${url}/echo`)).arrayBuffer();
    expect(flood.stats.open).toBe(1);
    response.destroy();
    await vi.waitFor(() => expect(flood.stats).toMatchObject({ open: 0, workers: 1 }), { timeout: 10_000 });
    expect(readFileSync(file, "utf8")).toBe("64");
  });

  it("slows the function down for a client that does not read: what is under way stays bounded", async () => {
    const megabytes = 64;
    // Socket buffers of two loopback connections, far below the whole.
    const boundMegabytes = 24;
    const file = temporaryFile("written");
    const written = (): number => (existsSync(file) ? Number(readFileSync(file, "utf8")) : 0);
    const { url } = await serve({ routes: [streamRoute("/flood", pool("flood")), route("/echo", pool("echo"))] });
    const response = await open(`${url}/flood?file=${encodeURIComponent(file)}&megabytes=${megabytes}`);
    // While nobody reads, the gateway goes round often enough for the function to write everything, were it let.
    for (let round = 0; round < 200; round += 1) await (await fetch(`${url}/echo`)).arrayBuffer();
    expect(written()).toBeLessThan(boundMegabytes);
    let bytes = 0;
    for await (const chunk of response) bytes += (chunk as Buffer).length;
    expect(bytes).toBe(megabytes * 1024 * 1024);
    expect(written()).toBe(megabytes);
  });
});

describe("close", () => {
  it("lets an open stream end and takes no new connection", async () => {
    const doors = await gate();
    const { url, api } = await serve({
      routes: [streamRoute("/stream", pool("stream", { env: { GATE_URL: doors.url } }))],
    });
    const iterator = (await open(`${url}/stream`))[Symbol.asyncIterator]();
    expect(await nextText(iterator)).toBe("first");
    const closed = api.close(20_000);
    await expect(open(`${url}/stream`)).rejects.toThrow("ECONNREFUSED");
    doors.open("after-first");
    doors.open("after-second");
    expect(await nextText(iterator)).toContain("second");
    expect(await nextText(iterator)).toBeUndefined();
    await closed;
  });

  it("cuts what is still open when its time is over", async () => {
    const doors = await gate();
    const { url, api } = await serve({
      routes: [streamRoute("/stream", pool("stream", { env: { GATE_URL: doors.url } }))],
    });
    const iterator = (await open(`${url}/stream`))[Symbol.asyncIterator]();
    expect(await nextText(iterator)).toBe("first");
    const cut = expect(nextText(iterator)).rejects.toThrow("aborted");
    await api.close(50);
    await cut;
  });

  it("a used port is the socket's own error", async () => {
    const { url } = await serve({ routes: [] });
    const second = createRestApi({ routes: [], gatewayResponse: renderGatewayResponse });
    await expect(second.listen(Number(new URL(url).port), "127.0.0.1")).rejects.toMatchObject({ code: "EADDRINUSE" });
  });
});

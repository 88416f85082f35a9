import { Readable } from "node:stream";
import { describe, expect, it, vi } from "vitest";
import { routeById } from "#core/routes.ts";

vi.hoisted(() => {
  process.env.LOG_LEVEL = "INFO";
});

import * as z from "zod";
import { GatewayError } from "#core/errors.ts";
import type { Authenticate } from "#core/http/authenticate.ts";
import { type Endpoint, type HandlerOptions, jsonHandler, streamHandler } from "#core/http/handler.ts";
import type { Call } from "#core/http/request-state.ts";
import { withBody } from "#core/http/schema.ts";
import { type RouteAuth, type RouteId, routes } from "#core/routes.ts";
import {
  type Answer,
  callJson,
  callStream,
  captureLog,
  type EventOptions,
  muteLog,
  openStream,
  proxyEvent,
} from "#tests/core/support/lambda.ts";

muteLog();

const secret = "sk-super-secret-value";
const byUser: Authenticate = async (state) => {
  state.principal = { kind: "key", userId: "user_1", keyId: "key_1" };
  state.limit = { limit: 60, remaining: 59, reset: 1_800_000_000_000 };
};
const refuse =
  (code: "INVALID_API_KEY" | "RATE_LIMIT_EXCEEDED"): Authenticate =>
  async () => {
    throw new GatewayError(code, "refused");
  };

const kinds = [
  ["jsonHandler", (options: HandlerOptions, event?: EventOptions) => callJson(jsonHandler(options), event)],
  ["streamHandler", (options: HandlerOptions, event?: EventOptions) => callStream(streamHandler(options), event)],
] as const;

const echo = withBody(z.looseObject({ name: z.string() }), async ({ body }) => ({ status: 200, json: body }));
const chat = (changes: Partial<HandlerOptions> = {}): HandlerOptions => ({
  route: routeById("ChatCompletions"),
  authenticate: byUser,
  endpoints: { POST: echo },
  ...changes,
});
const posting = (body: unknown, headers: Record<string, string> = {}): EventOptions => ({
  method: "POST",
  body,
  headers,
});
/** Routes that the dashboard's cookie opens, or that set it. */
const cookieRoutes = routes
  .filter(
    ({ auth, path }) => auth === "session" || (auth as RouteAuth) === "key-or-session" || path.startsWith("/api/auth/"),
  )
  .map(({ id }) => id);
const codeOf = (answer: Answer): string => `${answer.status} ${answer.json().error.code}`;

describe.each(kinds)("%s", (_kind, call) => {
  it("answers with what the endpoint made, under headers that every answer has", async () => {
    const answer = await call(chat(), posting({ name: "Ada", more: [1] }));
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text)).toEqual({ name: "Ada", more: [1] });
    expect(answer.headers).toMatchObject({
      "content-type": "application/json; charset=utf-8",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "strict-transport-security": expect.stringContaining("max-age="),
      "x-request-id": expect.stringMatching(/^req_[0-9a-f-]{36}$/),
      "x-ratelimit-limit": "60",
      "x-ratelimit-remaining": "59",
      "x-ratelimit-reset": "1800000000",
    });
  });

  it("makes a new request id for each call, and never takes the caller's", async () => {
    const ids = new Set<string | undefined>();
    for (let index = 0; index < 3; index++) {
      const answer = await call(chat(), posting({ name: "a" }, { "X-Request-ID": "mine" }));
      expect(answer.headers["x-client-request-id"]).toBe("mine");
      ids.add(answer.headers["x-request-id"]);
    }
    expect(ids.size).toBe(3);
    expect(ids).not.toContain("mine");
  });

  it.each(["a\r\nX-Evil: 1", "a\nb", "ä", "", "two words", "x".repeat(129), "\u0000"])(
    "does not echo a caller's request id that could break a header or a log line: %j",
    async (id) => {
      const { text } = await captureLog(async () => {
        const answer = await call(chat(), posting({ name: "a" }, { "X-Request-ID": id }));
        expect(answer.headers).not.toHaveProperty("x-client-request-id");
      });
      if (id !== "") expect(text).not.toContain(JSON.stringify(id).slice(1, -1));
    },
  );

  it("logs the caller's own request id, where it is safe", async () => {
    const { lines } = await captureLog(() => call(chat(), posting({ name: "a" }, { "X-Request-ID": "trace-42" })));
    expect(lines.find(({ message }) => message === "request")).toMatchObject({ client_request_id: "trace-42" });
  });

  describe("begins before the verdict, where it may", () => {
    const early = (verdict: Promise<void>): Authenticate => {
      const authenticate: Authenticate = (state) => {
        state.early = Promise.resolve({ kind: "key", userId: "user_1", keyId: "key_1" });
        return verdict.then(() => {
          state.principal = { kind: "key", userId: "user_1", keyId: "key_1" };
          state.limit = { limit: 60, remaining: 59, reset: 1_800_000_000_000 };
        });
      };
      return authenticate;
    };
    const endpoint = (work: (call: Call<unknown>) => void): Endpoint =>
      withBody(z.unknown(), async (call) => {
        work(call);
        call.budgetLeftPicoUsd = 1_000_000_000_000n;
        return { status: 200, json: { secret } };
      });

    it("with the caller's name, and answers after the verdict with its limits", async () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const work = vi.fn<(call: Call<unknown>) => void>(() => resolve());
      const answer = await call(
        chat({ authenticate: early(promise), beginsEarly: () => true, endpoints: { POST: endpoint(work) } }),
        posting({}),
      );
      expect(work.mock.lastCall?.[0].principal).toMatchObject({ userId: "user_1" });
      expect(answer.status).toBe(200);
      expect(answer.headers["x-ratelimit-limit"]).toBe("60");
    });

    it.each([
      ["an answer", () => undefined],
      [
        "an error",
        () => {
          throw new GatewayError("NOT_FOUND", "No such thing");
        },
      ],
    ])("and hides %s behind a refusal", async (_, work) => {
      const { promise, reject } = Promise.withResolvers<void>();
      const working = (): void => {
        setImmediate(reject, new GatewayError("RATE_LIMIT_EXCEEDED", "refused"));
        work();
      };
      const { lines } = await captureLog(async () => {
        const answer = await call(
          chat({ authenticate: early(promise), beginsEarly: () => true, endpoints: { POST: endpoint(working) } }),
          posting({}),
        );
        expect(codeOf(answer)).toBe("429 RATE_LIMIT_EXCEEDED");
        expect(answer.text).not.toContain(secret);
        expect(answer.headers).not.toHaveProperty("x-budget-remaining-usd");
      });
      expect(lines.find(({ message }) => message === "request")).not.toHaveProperty("user_id");
    });

    it("only where the request may, and its body is sound", async () => {
      const work = vi.fn();
      const authenticate = early(Promise.reject(new GatewayError("INVALID_API_KEY", "refused")));
      const endpoints = { POST: endpoint(work) };
      const answers = [
        await call(chat({ authenticate, endpoints }), posting({})),
        await call(chat({ authenticate, endpoints, beginsEarly: () => false }), posting({})),
        await call(chat({ authenticate, endpoints, beginsEarly: () => true }), posting("{not json")),
      ];
      expect(answers.map(codeOf)).toEqual(Array(3).fill("401 INVALID_API_KEY"));
      expect(work).not.toHaveBeenCalled();
    });
  });

  describe("checks in order: method, key, limits, body", () => {
    const bad = posting("{not json", { "Content-Type": "text/plain" });

    it("405 before the key is looked at", async () => {
      const authenticate = vi.fn(byUser);
      const answer = await call(chat({ authenticate }), { ...bad, method: "DELETE" });
      expect(codeOf(answer)).toBe("405 METHOD_NOT_ALLOWED");
      expect(answer.headers.allow).toBe("POST");
      expect(authenticate).not.toHaveBeenCalled();
    });

    it("HEAD is answered as GET without a body, and is a 405 where there is no GET, or one that does more than read", async () => {
      const stream = Readable.from(["a video"]);
      const json = { handle: async () => ({ status: 200, json: { a: 1 }, headers: { etag: "x" } }) };
      const head = (GET: Endpoint) =>
        call(chat({ route: routeById("Models"), endpoints: { GET } }), { method: "HEAD" });
      expect(await head(json)).toMatchObject({
        status: 200,
        text: "",
        headers: { etag: "x", "content-type": "application/json; charset=utf-8" },
      });
      expect(await head({ handle: async () => ({ status: 200, stream }) })).toMatchObject({ status: 200, text: "" });
      expect(stream.destroyed).toBe(true);
      expect(await head({ ...json, answersHead: false })).toMatchObject({ status: 405, headers: { allow: "GET" } });
      expect(await call(chat(), { method: "HEAD" })).toMatchObject({
        status: 405,
        text: "",
        headers: { allow: "POST" },
      });
    });

    it.each(["PUT", "TRACE", "constructor", "__proto__", "toString"])("405 for the method %s", async (method) => {
      expect(codeOf(await call(chat(), { method }))).toBe("405 METHOD_NOT_ALLOWED");
    });

    it.each(["INVALID_API_KEY", "RATE_LIMIT_EXCEEDED"] as const)("%s before the body's faults", async (code) => {
      const handle = vi.fn(echo.handle);
      const answer = await call(chat({ authenticate: refuse(code), endpoints: { POST: { ...echo, handle } } }), bad);
      expect(answer.json().error.code).toBe(code);
      expect(handle).not.toHaveBeenCalled();
    });

    it("the body's faults before the endpoint", async () => {
      const handle = vi.fn(echo.handle);
      const answer = await call(chat({ endpoints: { POST: { ...echo, handle } } }), bad);
      expect(codeOf(answer)).toBe("415 UNSUPPORTED_MEDIA_TYPE");
      expect(handle).not.toHaveBeenCalled();
    });

    it("parses the body while the key is being verified, not after", async () => {
      const order: string[] = [];
      const authenticate: Authenticate = async (state) => {
        order.push("verification begun");
        await Promise.resolve();
        await Promise.resolve();
        order.push(`body is ${typeof state.body}`);
        return byUser(state);
      };
      await call(chat({ authenticate }), posting({ name: "a" }));
      expect(order).toEqual(["verification begun", "body is object"]);
    });
  });

  describe("CORS", () => {
    const preflight: EventOptions = {
      method: "OPTIONS",
      headers: { Origin: "https://app.example", "Access-Control-Request-Method": "POST" },
    };
    const route = (id: RouteId): HandlerOptions => ({ route: routeById(id), endpoints: { GET: echo, POST: echo } });

    it("answers a preflight of a key endpoint for any origin, without a key and without credentials", async () => {
      const authenticate = vi.fn(byUser);
      const answer = await call(chat({ authenticate }), preflight);
      expect(answer.status).toBe(204);
      expect(answer.text).toBe("");
      expect(answer.headers).toMatchObject({
        "access-control-allow-origin": "*",
        "access-control-allow-methods": "POST, OPTIONS",
      });
      const allowed = answer.headers["access-control-allow-headers"]?.toLowerCase().split(", ");
      for (const header of [
        "authorization",
        "x-api-key",
        "x-cache",
        "x-cache-ttl",
        "x-guardrails",
        "x-provider-key",
        "idempotency-key",
        "content-type",
        "x-stainless-retry-count",
      ]) {
        expect(allowed).toContain(header);
      }
      expect(answer.headers).not.toHaveProperty("access-control-allow-credentials");
      expect(authenticate).not.toHaveBeenCalled();
    });

    it("allows every header that a page asks for, and nothing that is no name", async () => {
      const asked = ["authorization", "content-type", "user-agent", "http-referer", "x-title", "x-of-tomorrow"];
      const allowedTo = async (names: string) => {
        const headers = { ...preflight.headers, "Access-Control-Request-Headers": names };
        const answer = await call(chat(), { ...preflight, headers });
        expect(answer.headers.vary).toBe("Access-Control-Request-Headers");
        return (answer.headers["access-control-allow-headers"] ?? "").toLowerCase().split(", ");
      };
      expect(await allowedTo(asked.join(","))).toEqual(expect.arrayContaining(asked));
      const usual = await allowedTo("");
      for (const names of ["", "a\r\nset-cookie: b", "a b", "<script>", "x".repeat(3_000)]) {
        expect(await allowedTo(names)).toEqual(usual);
      }
    });

    it("shows our headers to any origin on answers and on errors of key endpoints", async () => {
      for (const answer of [await call(chat(), posting({ name: "a" })), await call(chat(), posting({}))]) {
        expect(answer.headers["access-control-allow-origin"]).toBe("*");
        const exposed = answer.headers["access-control-expose-headers"];
        for (const header of ["X-Request-ID", "X-Model-Used", "X-Cache", "Retry-After", "X-RateLimit-Remaining"]) {
          expect(exposed).toContain(header);
        }
      }
    });

    it.each(cookieRoutes)("allows no origin on %s, which a cookie opens", async (id) => {
      const answer = await call(route(id), preflight);
      expect(answer.status).toBe(405);
      expect(answer.headers).not.toHaveProperty("access-control-allow-origin");
    });
  });

  describe("a failure that nobody foresaw", () => {
    const failing = (error: unknown) =>
      chat({
        endpoints: {
          POST: {
            takesBody: true,
            handle: async () => {
              throw error;
            },
          },
        },
      });

    it("is a bare 500: no stack, no message, no secret; and a log line with the stack, without the cause", async () => {
      const cause = Object.assign(new Error("cause"), { data: secret });
      const error = Object.assign(new TypeError("internal detail", { cause }), { body: secret });
      const { lines, text } = await captureLog(async () => {
        const answer = await call(failing(error), posting({ name: secret }));
        expect(codeOf(answer)).toBe("500 INTERNAL_ERROR");
        expect(answer.text).not.toMatch(/internal detail|TypeError|at .*\.ts|secret/);
      });
      expect(text).not.toContain(secret);
      expect(lines.find(({ level }) => level === "ERROR")).toMatchObject({
        message: "Unexpected error",
        route: "ChatCompletions",
        requestId: expect.stringMatching(/^req_/),
        error: { name: "TypeError", message: "internal detail", stack: expect.stringContaining("handler.test.ts") },
      });
      expect(lines.find(({ message }) => message === "request")).toMatchObject({ "error.type": "INTERNAL_ERROR" });
    });

    it.each(["text", undefined, null, 7, { toString: () => secret }])(
      "is a bare 500 when what is thrown is no error: %j",
      async (thrown) => {
        const { text } = await captureLog(async () => {
          expect(codeOf(await call(failing(thrown), posting({})))).toBe("500 INTERNAL_ERROR");
        });
        expect(text).not.toContain(secret);
      },
    );

    it("that the endpoint meant is what it says, with its headers", async () => {
      const error = new GatewayError("MODEL_UNAVAILABLE", "later", {
        retryAfterSeconds: 7,
        shouldRetry: false,
        details: { attempts: [1] },
        headers: { "x-extra": "1" },
      });
      const answer = await call(failing(error), posting({}));
      expect(answer.status).toBe(503);
      expect(answer.headers).toMatchObject({ "retry-after": "7", "x-should-retry": "false", "x-extra": "1" });
      expect(answer.json().error).toEqual({
        code: "MODEL_UNAVAILABLE",
        message: "later",
        type: "api_error",
        param: null,
        details: { attempts: [1], retryAfter: 7 },
      });
    });
  });

  describe("work left for after the answer", () => {
    const leaving = (work: () => Promise<void>, fails: boolean) =>
      chat({
        endpoints: {
          POST: {
            takesBody: true,
            handle: async ({ deferred }) => {
              deferred.push(work);
              if (fails) throw new GatewayError("CONFLICT", "no");
              return { status: 200, json: {} };
            },
          },
        },
      });

    it.each([
      ["an answer", false],
      ["an error", true],
    ])("is awaited before the function returns, after %s", async (_name, fails) => {
      let done = false;
      const work = async (): Promise<void> => {
        await new Promise((resolve) => setImmediate(resolve));
        done = true;
      };
      await call(leaving(work, fails), posting({}));
      expect(done).toBe(true);
    });

    it("that fails harms neither the answer nor other work, and is logged", async () => {
      const other = vi.fn(async () => undefined);
      const { lines } = await captureLog(async () => {
        const options = leaving(async () => {
          throw new Error("lost");
        }, false);
        const authenticate: Authenticate = async (state) => {
          state.deferred.push(other);
        };
        expect((await call({ ...options, authenticate }, posting({}))).status).toBe(200);
      });
      expect(other).toHaveBeenCalledOnce();
      expect(lines).toContainEqual(
        expect.objectContaining({
          message: "Work after the answer failed",
          error: expect.objectContaining({ message: "lost" }),
        }),
      );
    });

    it("of a verification is done also when the body was refused", async () => {
      const note = vi.fn(async () => undefined);
      const authenticate: Authenticate = async (state) => {
        state.deferred.push(note);
      };
      await call(chat({ authenticate }), posting("{"));
      expect(note).toHaveBeenCalledOnce();
    });
  });

  it("writes one canonical line a request and one blob of metrics, without body, query, headers or address", async () => {
    const { lines, text } = await captureLog(() =>
      call(chat(), posting({ name: "a prompt" }, { Authorization: `Bearer ${secret}`, Cookie: secret })),
    );
    const requests = lines.filter(({ message }) => message === "request");
    expect(requests).toEqual([
      expect.objectContaining({
        level: "INFO",
        request_id: expect.stringMatching(/^req_/),
        route: "ChatCompletions",
        "http.request.method": "POST",
        "http.response.status_code": 200,
        duration_ms: expect.any(Number),
        user_id: "user_1",
        key_id: "key_1",
        cold_start: expect.any(Boolean),
      }),
    ]);
    expect(lines.filter((line) => "_aws" in line)).toEqual([
      expect.objectContaining({
        route: "ChatCompletions",
        model: "none",
        provider: "none",
        stage: "test",
        Requests: 1,
      }),
    ]);
    expect(text).not.toMatch(/a prompt|secret|203\.0\.113/);
  });

  it("counts a 5xx as an error and a 4xx as none", async () => {
    const metricsOf = async (body: unknown, authenticate: Authenticate) => {
      const { lines } = await captureLog(() => call(chat({ authenticate }), posting(body)));
      return lines.find((line) => "_aws" in line);
    };
    const unavailable: Authenticate = async () => {
      throw new GatewayError("SERVICE_UNAVAILABLE", "down");
    };
    expect(await metricsOf({ name: "a" }, unavailable)).toMatchObject({ Errors: 1 });
    expect(await metricsOf({}, byUser)).not.toHaveProperty("Errors");
  });
});

describe("jsonHandler", () => {
  it("answers for itself before Lambda ends it, and still does the work that is left", async () => {
    const work = vi.fn(async () => undefined);
    const handler = jsonHandler({
      route: routeById("Models"),
      endpoints: {
        GET: {
          handle: ({ deferred }) => {
            deferred.push(work);
            return new Promise(() => undefined);
          },
        },
      },
    });
    const call = handler as unknown as (
      event: unknown,
      context: object,
    ) => Promise<{ statusCode: number; body: string }>;
    const answer = await call(proxyEvent(), { awsRequestId: "a", getRemainingTimeInMillis: () => 510 });
    expect(answer.statusCode).toBe(503);
    expect(answer.body).toContain("SERVICE_UNAVAILABLE");
    expect(work).toHaveBeenCalledOnce();
  });
});

describe("streamHandler", () => {
  const streaming = (stream: Readable, work: () => Promise<void>): HandlerOptions =>
    chat({
      endpoints: {
        POST: {
          takesBody: true,
          handle: async ({ deferred }) => {
            deferred.push(work);
            return { status: 200, stream, headers: { "content-type": "text/event-stream" } };
          },
        },
      },
    });

  it("does the work that is left once the stream has ended, and not before", async () => {
    const order: string[] = [];
    const stream = Readable.from(
      (async function* () {
        yield "one";
        order.push("streamed");
        yield "two";
      })(),
    );
    const answer = await callStream(
      streamHandler(
        streaming(stream, async () => {
          order.push("work");
        }),
      ),
      posting({}),
    );
    expect(answer.text).toBe("onetwo");
    expect(order).toEqual(["streamed", "work"]);
  });

  it("does the work that is left also when the client is gone before the end", async () => {
    const work = vi.fn(async () => undefined);
    const stream = Readable.from(
      (async function* () {
        for (;;) yield "more";
      })(),
    );
    const { response, returned } = openStream(streamHandler(streaming(stream, work)), posting({}));
    response.once("data", () => response.destroy());
    await expect(returned).rejects.toThrow();
    expect(work).toHaveBeenCalledOnce();
    expect(stream.destroyed).toBe(true);
  });
});

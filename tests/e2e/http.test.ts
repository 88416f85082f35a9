import { describe, expect, it } from "vitest";
import { useStandardCloud } from "#tests/support/cloud.ts";
import { chat, frames, type Reply, send, user } from "./client.ts";

const cloud = useStandardCloud();

const hello = { model: "gpt-4o-mini", messages: [user("Hello")] };
const withKey = () => ({ authorization: `Bearer ${cloud().apiKey}` });
const at = (path: string, init: RequestInit = {}): Promise<Reply> => send(`${cloud().url}${path}`, init);

describe("a body", () => {
  it("that is not JSON is a 400 that says where, and quotes none of it", async () => {
    const reply = await chat(cloud(), '{\n  "model": "gpt",\n  "messages": [secret]\n}');
    expect(reply.status).toBe(400);
    const { code, message, details } = reply.error();
    expect(code).toBe("BAD_REQUEST");
    expect(details).toMatchObject({ line: 3, column: 16 });
    expect(message).toContain("line 3, column 16");
    expect(reply.text).not.toContain("secret");
  });

  it.each([
    ["is empty", ""],
    ["is a list", "[]"],
    ["is null", "null"],
    ["has a key __proto__", '{"__proto__": {"model": "gpt"}, "model": "gpt", "messages": []}'],
  ])("that %s is a 400", async (_, body) => {
    const reply = await chat(cloud(), body);
    expect(reply.status).toBe(400);
    expect(reply.error().code).toBe("BAD_REQUEST");
  });

  it.each(["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])(
    "of type %s is a 415",
    async (contentType) => {
      const reply = await chat(cloud(), hello, cloud().apiKey, { headers: { "content-type": contentType } });
      expect(reply.status).toBe(415);
      expect(reply.error()).toMatchObject({ code: "UNSUPPORTED_MEDIA_TYPE", param: "Content-Type" });
    },
  );

  it("with a charset, or of a type that ends in +json, is taken", async () => {
    for (const contentType of ["application/json; charset=utf-8", "application/vnd.api+json"]) {
      const reply = await chat(cloud(), hello, cloud().apiKey, { headers: { "content-type": contentType } });
      expect(reply.status).toBe(200);
    }
  });

  it.each([
    ["5 MB, which our own limit refuses", 5.2],
    ["Lambda's 6 MB", 7],
    ["API Gateway's 10 MB", 11],
  ])("over %s is a 413 in the one envelope", async (_, megabytes) => {
    const reply = await chat(cloud(), { ...hello, padding: "x".repeat(megabytes * 1024 * 1024) });
    expect(reply.status).toBe(413);
    expect(reply.error()).toMatchObject({ code: "PAYLOAD_TOO_LARGE", type: "invalid_request_error" });
    expect(reply.headers.get("x-request-id")).toBeTruthy();
  });

  it("of 4 MB is taken", async () => {
    const image = `data:image/png;base64,${"A".repeat(4 * 1024 * 1024)}`;
    const reply = await chat(cloud(), {
      model: "gpt-4o-mini",
      messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: image } }] }],
    });
    expect(reply.status).toBe(200);
  });
});

describe("a schema error", () => {
  it("names every path", async () => {
    const reply = await chat(cloud(), {
      model: "gpt",
      temperature: 9,
      retries: -1,
      messages: [user("Hello"), { role: "user", content: [{ type: "image_url", image_url: {} }] }, { role: "wizard" }],
      tools: [{ type: "function", function: { name: "has space" } }],
    });
    expect(reply.status).toBe(400);
    const issues = reply.error().details.issues as { path: string; message: string }[];
    expect(issues.map(({ path }) => path).toSorted()).toEqual([
      "messages[1].content[0].image_url.url",
      "messages[2].role",
      "retries",
      "temperature",
      "tools[0].function.name",
    ]);
  });

  it.each([
    ["model", { messages: [user("Hello")] }],
    ["messages", { model: "gpt" }],
    ["messages[0].content", { model: "gpt", messages: [{ role: "user" }] }],
  ])("for an absent %s is MISSING_REQUIRED_FIELD with param", async (param, body) => {
    const reply = await chat(cloud(), body);
    expect(reply.status).toBe(400);
    expect(reply.error()).toMatchObject({ code: "MISSING_REQUIRED_FIELD", param });
  });

  it.each([
    [
      "tool_call_id_mismatch",
      "messages[1].tool_call_id",
      { messages: [user("Hi"), { role: "tool", tool_call_id: "call_x", content: "1" }] },
    ],
    ["tool_choice_invalid", "tool_choice", { messages: [user("Hi")], tool_choice: "required" }],
    [
      "tool_schema_invalid",
      "tools[0].function.parameters",
      {
        messages: [user("Hi")],
        tools: [{ type: "function", function: { name: "a", parameters: { type: "string" } } }],
      },
    ],
  ])("of tools is %s at %s", async (code, param, body) => {
    const reply = await chat(cloud(), { model: "gpt", ...body });
    expect(reply.status).toBe(400);
    expect(reply.error()).toMatchObject({ code, param, type: "invalid_request_error" });
  });
});

describe("a model name", () => {
  it("that is unknown is INVALID_MODEL with close matches", async () => {
    const reply = await chat(cloud(), { ...hello, model: "claude-sonet-5" });
    expect(reply.status).toBe(400);
    const { code, message, details } = reply.error();
    expect(code).toBe("INVALID_MODEL");
    expect(message).toContain("claude-sonnet-5");
    expect(details.suggestions).toContain("claude-sonnet-5");
  });

  it.each(["", "x".repeat(201), "../../etc/passwd", "nobody/some-model", "openai/\n"])(
    "such as %j is refused",
    async (model) => {
      expect((await chat(cloud(), { ...hello, model })).status).toBe(400);
    },
  );
});

describe("paths and methods", () => {
  it.each(["/api/v1/nothing", "/api", "/api/v1/chat/completions/more", "/favicon.ico"])(
    "%s is a 404 in the one envelope",
    async (path) => {
      const reply = await at(path);
      expect(reply.status).toBe(404);
      expect(reply.error().code).toBe("NOT_FOUND");
    },
  );

  it.each([
    ["GET", "/api/v1/responses/resp_1"],
    ["DELETE", "/api/v1/responses/resp_1"],
    ["POST", "/api/v1/responses/resp_1/cancel"],
  ])("%s %s is a 404 that says that responses are not stored", async (method, path) => {
    const reply = await at(path, { method, headers: withKey() });
    expect(reply.status).toBe(404);
    expect(reply.error().message).toContain("not stored");
  });

  it.each([
    ["GET", "/api/v1/chat/completions", "POST"],
    ["PUT", "/api/v1/chat/completions", "POST"],
    ["DELETE", "/api/v1/models", "GET, HEAD"],
    ["POST", "/api/v1/models/gpt", "GET, HEAD"],
    ["PATCH", "/api/health", "GET, HEAD"],
    ["HEAD", "/api/auth/callback", "GET, POST"],
  ])("%s %s is a 405 with Allow: %s", async (method, path, allow) => {
    const reply = await at(path, { method, headers: withKey() });
    expect(reply.status).toBe(405);
    expect(reply.headers.get("allow")).toBe(allow);
    if (method !== "HEAD") expect(reply.error().code).toBe("METHOD_NOT_ALLOWED");
  });

  it.each(["/api/health", "/api/openapi.json", "/api/v1/models", "/api/v1/models/gpt", "/api/v1/jobs", "/dashboard"])(
    "HEAD %s answers as GET does, without a body",
    async (path) => {
      const [head, get] = await Promise.all(["HEAD", "GET"].map((method) => at(path, { method, headers: withKey() })));
      expect([head?.status, head?.headers.get("content-type"), head?.text]).toEqual([
        get?.status,
        get?.headers.get("content-type"),
        "",
      ]);
    },
  );

  it("HEAD of nothing is a 404 without a body", async () => {
    const reply = await at("/api/v1/nothing", { method: "HEAD" });
    expect([reply.status, reply.text]).toEqual([404, ""]);
  });
});

describe("every answer", () => {
  const answers: readonly (readonly [string, () => Promise<Reply>])[] = [
    ["a completion", () => chat(cloud(), hello)],
    ["a stream", () => chat(cloud(), { ...hello, stream: true })],
    ["a 400", () => chat(cloud(), "{")],
    ["a 401", () => at("/api/v1/models")],
    ["a 404", () => at("/api/v1/nothing")],
    ["a 405", () => at("/api/v1/models", { method: "DELETE" })],
    ["a provider's failure", () => chat(cloud(), { ...hello, retries: 0, messages: [user("[[simulate: reset]]")] })],
    ["health", () => at("/api/health")],
  ];

  it.each(answers)("(%s) has an X-Request-ID of ours and the security headers", async (_, ask) => {
    const { headers } = await ask();
    expect(headers.get("x-request-id")).toMatch(
      /^req_[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("strict-transport-security")).toMatch(/max-age=\d{7,}/);
    expect(headers.get("referrer-policy")).toBe("no-referrer");
    expect(headers.get("cache-control")).toMatch(/no-store|no-cache/);
    expect(headers.get("access-control-allow-origin")).toBe("*");
    expect(headers.get("access-control-allow-credentials")).toBeNull();
  });

  it("echoes a caller's own X-Request-ID as X-Client-Request-ID, and none that is unsafe", async () => {
    const echoed = await chat(cloud(), hello, cloud().apiKey, { headers: { "x-request-id": "trace-7/ab" } });
    expect(echoed.headers.get("x-client-request-id")).toBe("trace-7/ab");
    expect(echoed.requestId).toMatch(/^req_/);
    const unsafe = await chat(cloud(), hello, cloud().apiKey, { headers: { "x-request-id": "a b".repeat(60) } });
    expect(unsafe.headers.get("x-client-request-id")).toBeNull();
  });

  it("of a chat says which model and provider served, in how many attempts, and what the gateway added", async () => {
    for (const stream of [false, true]) {
      const { headers } = await chat(cloud(), { ...hello, model: "claude", stream });
      expect(headers.get("x-model-used")).toBe("claude-sonnet-4-5-20250929");
      expect(headers.get("x-provider-used")).toBe("anthropic (simulated)");
      expect(headers.get("x-attempts")).toBe("1");
      expect(Number(headers.get("x-gateway-overhead-ms"))).toBeGreaterThan(0);
    }
  });

  it("of a stream says that it is one, and may not be changed or kept on its way", async () => {
    const { headers, text } = await chat(cloud(), { ...hello, stream: true });
    expect(headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    expect(headers.get("cache-control")).toContain("no-transform");
    expect(headers.get("content-length")).toBeNull();
    expect(frames(text).at(-1)).toBe("[DONE]");
  });
});

describe("browsers", () => {
  const preflight = (path: string): Promise<Reply> =>
    at(path, {
      method: "OPTIONS",
      headers: {
        origin: "https://app.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type,x-stainless-lang",
      },
    });

  it("may call key endpoints from any origin, with a key and the SDK's headers, without cookies", async () => {
    for (const path of ["/api/v1/chat/completions", "/api/v1/models/gpt"]) {
      const reply = await preflight(path);
      expect(reply.status).toBe(204);
      expect(reply.text).toBe("");
      expect(reply.headers.get("access-control-allow-origin")).toBe("*");
      expect(reply.headers.get("access-control-allow-credentials")).toBeNull();
      const allowed = (reply.headers.get("access-control-allow-headers") ?? "").toLowerCase().split(", ");
      expect(allowed).toEqual(
        expect.arrayContaining([
          "authorization",
          "content-type",
          "x-api-key",
          "x-cache",
          "idempotency-key",
          "x-stainless-lang",
        ]),
      );
    }
    expect((await preflight("/api/v1/chat/completions")).headers.get("access-control-allow-methods")).toBe(
      "POST, OPTIONS",
    );
  });

  it("may read our headers", async () => {
    const reply = await chat(cloud(), hello, cloud().apiKey, { headers: { origin: "https://app.example" } });
    const exposed = (reply.headers.get("access-control-expose-headers") ?? "").toLowerCase().split(", ");
    for (const name of reply.headers.keys()) if (/^x-(?!amz|content)/.test(name)) expect(exposed).toContain(name);
    expect(exposed).toEqual(expect.arrayContaining(["retry-after", "x-request-id", "x-ratelimit-remaining"]));
  });
});

describe("health", () => {
  it("is ok at once, without a key", async () => {
    const reply = await at("/api/health");
    expect(reply.status).toBe(200);
    expect(reply.json()).toEqual({ status: "ok", version: expect.any(String), uptime: expect.any(Number) });
  });

  it("asks every dependency with ?deep=1", async () => {
    const reply = await at("/api/health?deep=1");
    expect(reply.status).toBe(200);
    const { status, checks } = reply.json() as { status: string; checks: Record<string, { status: string }> };
    expect(status).toBe("ok");
    expect(Object.keys(checks).toSorted()).toEqual(["dynamodb", "kms", "supabase", "unkey"]);
  });
});

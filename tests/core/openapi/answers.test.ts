import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type SimulatedProviders, startSimulatedProviders } from "#infra/local/providers/simulated-providers.ts";
import { Browser, type HttpReply, type HttpRequest, request } from "#tests/accounts/support/gateway.ts";
import { type TestUser, useStandIns } from "#tests/accounts/support/stand-ins.ts";
import { muteLog } from "#tests/core/support/lambda.ts";
import { hasTables, tablesName } from "#tests/core/support/tables.ts";
import { hasOpenAiSchemas, openAiFault } from "#tests/support/openai-schemas.ts";
import { AnswerValidator } from "./answer-validator.ts";
import { isMediaOperation } from "./media-routes.ts";

muteLog();

const messages = [{ role: "user", content: "Hello" }];
const tools = [
  {
    type: "function",
    function: { name: "get_weather", parameters: { type: "object", properties: { city: { type: "string" } } } },
  },
];

/** The simulated providers behind the gateway, for all tests of a file. */
const useProviders = (): void => {
  let providers: SimulatedProviders | undefined;
  beforeAll(async () => {
    providers = await startSimulatedProviders();
    const { openai, anthropic, google } = providers.baseUrls;
    Object.assign(process.env, { OPENAI_BASE_URL: openai, ANTHROPIC_BASE_URL: anthropic, GOOGLE_BASE_URL: google });
    for (const name of ["OpenaiApiKey", "AnthropicApiKey", "GoogleApiKey"]) {
      process.env[`SST_RESOURCE_${name}`] = JSON.stringify({ value: "sk-platform" });
    }
    process.env.RATE_LIMIT_SCALE = "100";
  });
  afterAll(() => providers?.close());
};

describe.skipIf(!hasTables)(`every answer is as the OpenAPI document says (${tablesName})`, () => {
  useProviders();
  const standIns = useStandIns();
  let validator: AnswerValidator;
  let user: TestUser;
  let session: Browser;
  let key = "";

  // Once, and not in beforeAll: what it logs is kept out of the report as well.
  beforeEach(async () => {
    if (key !== "") return;
    const { text } = await request({ path: "/api/openapi.json" });
    validator = new AnswerValidator(JSON.parse(text) as object);
    user = await standIns().createUser();
    session = await new Browser({ transport: held }).signIn(user);
    key = (await session.post("/api/v1/keys", { name: "Main", rateLimit: 10_000 })).data<{ key: string }>().key;
  });

  /** Sends a request and holds its answer against the document. */
  const held = async (wanted: HttpRequest): Promise<HttpReply> => {
    const reply = await request(wanted);
    const answer = {
      method: wanted.method ?? "GET",
      path: wanted.path.split("?", 1)[0] ?? "",
      status: reply.status,
      contentType: reply.headers["content-type"],
      text: reply.text,
    };
    expect(validator.fault(answer)).toBeUndefined();
    return reply;
  };
  const withKey = (wanted: HttpRequest): Promise<HttpReply> =>
    held({ ...wanted, headers: { authorization: `Bearer ${key}`, ...wanted.headers } });
  const post = (path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<HttpReply> =>
    withKey({ method: "POST", path, body, headers });
  const expectStatus = async (reply: Promise<HttpReply>, status: number): Promise<HttpReply> => {
    const got = await reply;
    expect([got.status, got.status === status ? "" : got.text]).toEqual([status, ""]);
    return got;
  };

  it("of the platform", async () => {
    await expectStatus(held({ path: "/api/health" }), 200);
    await expectStatus(held({ path: "/api/health?deep=1" }), 200);
    await expectStatus(held({ path: "/api/openapi.json" }), 200);
    await expectStatus(held({ path: "/dashboard" }), 200);
    const page = await held({ path: "/dashboard/keys" });
    const asset = /assets\/[\w.-]+\.js/.exec(page.text)?.[0] ?? "";
    await expectStatus(held({ path: `/dashboard/${asset}` }), 200);
    await expectStatus(held({ path: "/dashboard/assets/none.js" }), 404);
    const { headers } = await held({ path: "/dashboard" });
    await expectStatus(held({ path: "/dashboard", headers: { "if-none-match": headers.etag ?? "" } }), 304);
    await expectStatus(held({ path: "/docs" }), 200);
    await expectStatus(held({ path: "/docs/guide/chat" }), 200);
    await expectStatus(held({ path: "/docs/guide/none" }), 404);
  });

  it("of models", async () => {
    await expectStatus(withKey({ path: "/api/v1/models" }), 200);
    for (const name of ["gpt", "claude", "deepseek/deepseek-v3.2"]) {
      await expectStatus(withKey({ path: `/api/v1/models/${name}` }), 200);
    }
    await expectStatus(withKey({ path: "/api/v1/models/none" }), 404);
    await expectStatus(held({ path: "/api/v1/models" }), 401);
    await expectStatus(withKey({ path: "/api/v1/models", headers: { "x-api-key": "ck_other0000000000000000" } }), 400);
  });

  it.each(["gpt", "claude", "gemini"])("of chat completions by %s", async (model) => {
    const path = "/api/v1/chat/completions";
    const chat = { model, messages };
    await expectStatus(post(path, chat), 200);
    await expectStatus(post(path, chat), 200);
    await expectStatus(post(path, { ...chat, stream: true, stream_options: { include_usage: true } }), 200);
    await expectStatus(post(path, { ...chat, tools, tool_choice: "required" }), 200);
    await expectStatus(post(path, { ...chat, tools, tool_choice: "required", stream: true }), 200);
    for (const directive of ["finish=length", "refusal", "reasoning=12"]) {
      const asked = [{ role: "user", content: `[[simulate: ${directive}]]` }];
      await expectStatus(post(path, { ...chat, messages: asked }), 200);
      await expectStatus(post(path, { ...chat, messages: asked, stream: true }), 200);
    }
    const late = [{ role: "user", content: "[[simulate: chunks=9 cut-after=3 chunk-delay-ms=20]]" }];
    const told = await expectStatus(post(path, { ...chat, messages: late, stream: true }), 200);
    expect(told.text).toContain('"error"');
    for (const [status, expected] of [
      [400, 400],
      [401, 502],
      [429, 429],
      [500, 502],
    ]) {
      const failing = [{ role: "user", content: `[[simulate: status=${status}]]` }];
      await expectStatus(post(path, { ...chat, messages: failing, retries: 0 }), expected ?? 0);
    }
  });

  it.each(["gpt", "claude"])("of responses by %s", async (model) => {
    const path = "/api/v1/responses";
    const asked = { model, input: "Hello" };
    await expectStatus(post(path, asked), 200);
    await expectStatus(post(path, { ...asked, stream: true }), 200);
    await expectStatus(post(path, { ...asked, input: "[[simulate: finish=length]]" }), 200);
    const late = "[[simulate: chunks=9 cut-after=3 chunk-delay-ms=20]]";
    await expectStatus(post(path, { ...asked, input: late, stream: true }), 200);
    await expectStatus(post(`${path}/input_tokens`, asked), 200);
    await expectStatus(post(`${path}/compact`, { ...asked, model: "gpt" }), 200);
    await expectStatus(post(`${path}/compact`, { ...asked, model: "claude" }), 400);
    await expectStatus(post(path, { ...asked, previous_response_id: "resp_1" }), 400);
    await expectStatus(post(path, { model }), 400);
  });

  it("of chat completions that are refused", async () => {
    const path = "/api/v1/chat/completions";
    await expectStatus(post(path, { model: "none", messages }), 400);
    await expectStatus(post(path, { messages }), 400);
    await expectStatus(post(path, "{"), 400);
    await expectStatus(post(path, "x", { "content-type": "text/plain" }), 415);
    await expectStatus(post(path, { model: "gpt", messages: [{ role: "user", content: "x".repeat(5_300_000) }] }), 413);
    await expectStatus(post(path, { model: "gpt", messages, tools: [tools[0], tools[0]] }), 400);
    const once = { "idempotency-key": "once" };
    await expectStatus(post(path, { model: "gpt", messages }, once), 200);
    await expectStatus(post(path, { model: "gpt", messages }, once), 200);
    await expectStatus(post(path, { model: "claude", messages }, once), 422);
    const all = [{ role: "user", content: "[[simulate: status=503]]" }];
    await expectStatus(post(path, { model: "gpt", messages: all, fallback: ["claude"], retries: 0 }), 503);
    const slow = [{ role: "user", content: "[[simulate: first-delay-ms=60000]]" }];
    await expectStatus(post(path, { model: "gpt", messages: slow, timeout: 100 }), 504);
    standIns().unkey.intercept = () => ({ kind: "answer", status: 500, body: "{}" });
    const { key: mine } = { key };
    key = "ck_3ZLCsHzWnGSkFVaYn2JBGQ7r";
    await expectStatus(post(path, { model: "gpt", messages }), 503);
    key = mine;
    standIns().unkey.reset();
  });

  it("of messages in Anthropic's dialect, in its envelope", async () => {
    const path = "/api/v1/messages";
    const messages = [{ role: "user", content: "Hello" }];
    const asked = { model: "gpt", max_tokens: 100, messages };
    await expectStatus(post(path, asked), 200);
    await expectStatus(post(`${path}?beta=true`, { ...asked, stream: true }), 200);
    await expectStatus(post(path, { ...asked, max_tokens: "many" }), 400);
    await expectStatus(post(path, { ...asked, model: "none" }), 404);
    await expectStatus(held({ method: "POST", path, body: asked }), 401);
    await expectStatus(post(`${path}/count_tokens`, { model: "gpt", messages }), 200);
    await expectStatus(post(`${path}/count_tokens`, { model: "none", messages }), 404);
  });

  it("of embeddings", async () => {
    const path = "/api/v1/embeddings";
    const [model] = ["text-embedding-3-small"];
    await expectStatus(post(path, { model, input: "Hello" }), 200);
    await expectStatus(post(path, { model, input: ["a", "b"], encoding_format: "base64" }), 200);
    await expectStatus(post(path, { model: "none", input: "Hello" }), 400);
  });

  it("of requests that are cancelled", async () => {
    const marker = "[[simulate: chunks=4 stall-after=1]]";
    const body = { model: "gpt", messages: [{ role: "user", content: marker }], stream: true };
    const running = post("/api/v1/chat/completions", body);
    const open = async (): Promise<string> => {
      const rows = await standIns().rows("keys");
      const ids = rows.flatMap((row) => Object.keys((row.open ?? {}) as object));
      return ids[0] ?? "";
    };
    await expect.poll(open, { timeout: 10_000 }).toMatch(/^req_/);
    const id = await open();
    await expectStatus(withKey({ method: "POST", path: `/api/v1/requests/${id}/cancel` }), 202);
    await expectStatus(withKey({ method: "POST", path: "/api/v1/requests/none/cancel" }), 404);
    await running;
  });

  it("of the arena", async () => {
    const models = ["gpt", "claude"];
    for (const stream of [false, true]) {
      await expectStatus(post("/api/v1/battle", { message: "Hello", models, stream }), 200);
      for (const mode of ["chat", "battle", "multi-instance"]) {
        await expectStatus(post("/api/chat", { mode, message: "Hello", stream }), 200);
      }
    }
    await expectStatus(post("/api/v1/fight", { message: "Hello", models, rounds: 1 }), 200);
    const differing = "17 times 23? [[simulate: only=gpt-6-luna text=It is 391]]";
    for (const stream of [false, true]) {
      await expectStatus(post("/api/v1/council", { message: differing, panel: "budget", stream }), 200);
    }
    await expectStatus(post("/api/v1/council", { message: "Hello", models: ["gpt"] }), 400);
    await expectStatus(post("/api/mcp", { jsonrpc: "2.0", id: 1, method: "tools/list" }), 200);
    await expectStatus(post("/api/mcp", { jsonrpc: "2.0", method: "notifications/initialized" }), 202);
    await expectStatus(post("/api/chat", { mode: "fight", message: "Hello", models, rounds: 1 }), 200);
    await expectStatus(post("/api/v1/fight", { message: "Hello", stream: false }), 400);
    await expectStatus(post("/api/chat", { message: "x".repeat(2_001) }), 400);
  });

  it("of API keys", async () => {
    const made = await expectStatus(session.post("/api/v1/keys", { name: "Second" }), 201);
    const { keyId } = made.data<{ keyId: string }>();
    await expectStatus(session.get("/api/v1/keys"), 200);
    const limits = {
      budget: { usd: 5, period: "week" },
      allowedModels: ["openai/*"],
      tokensPerMinute: 100_000,
      tags: { team: "search" },
    };
    const limited = await expectStatus(session.post("/api/v1/keys", { name: "Limited", ...limits }), 201);
    const { key: limitedKey } = limited.data<{ key: string }>();
    for (const path of ["/api/v1/key", "/api/v1/limits"]) {
      const headers = { authorization: `Bearer ${limitedKey}` };
      await expectStatus(held({ path, headers }), 200);
      await expectStatus(withKey({ path }), 200);
    }
    await expectStatus(session.get("/api/v1/limits"), 200);
    await expectStatus(session.get("/api/v1/keys"), 200);
    await expectStatus(session.patch(`/api/v1/keys/${keyId}`, { name: "Renamed" }), 200);
    await expectStatus(session.patch(`/api/v1/keys/${keyId}`, {}), 400);
    const rotated = await expectStatus(session.post(`/api/v1/keys/${keyId}/rotate`), 201);
    await expectStatus(session.delete(`/api/v1/keys/${rotated.data<{ keyId: string }>().keyId}`), 204);
    await expectStatus(session.patch("/api/v1/keys/key_none", { name: "x" }), 404);
    await expectStatus(session.post("/api/v1/keys", { name: "" }), 400);
    await expectStatus(withKey({ path: "/api/v1/keys" }), 401);
    const foreign = { origin: "https://elsewhere.example" };
    await expectStatus(session.send({ method: "DELETE", path: `/api/v1/keys/${keyId}`, headers: foreign }), 403);
  });

  it("of provider keys", async () => {
    const stored = { provider: "openai", slug: "mine", displayName: "Mine", apiKey: "sk-mine-0123456789abcdef" };
    const preset = { name: "brief", settings: { model: "gpt", temperature: 0.5 } };
    await expectStatus(session.post("/api/v1/presets", preset), 201);
    await expectStatus(session.post("/api/v1/presets", preset), 409);
    await expectStatus(session.get("/api/v1/presets"), 200);
    await expectStatus(session.patch("/api/v1/presets/brief", { settings: { model: "claude" } }), 200);
    await expectStatus(session.patch("/api/v1/presets/none", { settings: { model: "claude" } }), 404);
    await expectStatus(session.delete("/api/v1/presets/brief"), 204);
    await expectStatus(session.delete("/api/v1/presets/brief"), 404);
    const made = await expectStatus(session.post("/api/v1/provider-keys", stored), 201);
    await expectStatus(session.post("/api/v1/provider-keys", stored), 409);
    await expectStatus(session.get("/api/v1/provider-keys"), 200);
    const role = {
      provider: "bedrock",
      slug: "role",
      displayName: "Role",
      roleArn: "arn:aws:iam::123456789012:role/a",
    };
    await expectStatus(session.post("/api/v1/provider-keys", role), 201);
    await expectStatus(session.get("/api/v1/provider-keys"), 200);
    const { id } = made.data<{ id: string }>();
    const tested = { provider: "openai", apiKey: "sk-mine-0123456789abcdef" };
    await expectStatus(session.post("/api/v1/provider-keys/test", tested), 200);
    await expectStatus(session.patch(`/api/v1/provider-keys/${id}`, { paused: true }), 200);
    await expectStatus(session.patch("/api/v1/provider-keys/pk_none", { paused: true }), 404);
    await expectStatus(session.delete(`/api/v1/provider-keys/${id}`), 204);
    await expectStatus(session.delete(`/api/v1/provider-keys/${id}`), 404);
  });

  it("of usage", async () => {
    await expectStatus(withKey({ path: "/api/v1/usage" }), 200);
    await expectStatus(session.get("/api/v1/usage?from=2026-01-01&to=2026-01-31"), 200);
    await expectStatus(withKey({ path: "/api/v1/usage?from=yesterday" }), 400);
  });

  it("of the request log", async () => {
    const asked = await post("/api/v1/chat/completions", {
      model: "gpt",
      messages: [{ role: "user", content: "Hello" }],
    });
    const path = `/api/v1/requests/${asked.headers["x-request-id"]}`;
    await expectStatus(withKey({ path: "/api/v1/requests" }), 200);
    await expectStatus(session.get("/api/v1/requests?limit=1&status=ok"), 200);
    await expectStatus(withKey({ path: "/api/v1/requests?limit=0" }), 400);
    await expectStatus(withKey({ method: "POST", path: `${path}/feedback`, body: { score: 1, comment: "Good" } }), 200);
    await expectStatus(withKey({ method: "POST", path: `${path}/feedback`, body: { score: 5 } }), 400);
    await expectStatus(withKey({ path }), 200);
    await expectStatus(withKey({ path: "/api/v1/requests/none" }), 404);
  });

  it("of ratings", async () => {
    const body = { message: "Hello", models: ["gpt", "claude"] };
    const battle = await expectStatus(withKey({ method: "POST", path: "/api/v1/battle", body }), 200);
    const path = `/api/v1/runs/${battle.data<{ id: string }>().id}/vote`;
    await expectStatus(withKey({ method: "POST", path, body: { winner: "agent-9" } }), 400);
    await expectStatus(withKey({ method: "POST", path, body: { winner: "agent-1" } }), 200);
    await expectStatus(session.post(path, { winner: "agent-2" }), 409);
    await expectStatus(session.post("/api/v1/runs/none/vote", { winner: "agent-2" }), 404);
    await expectStatus(withKey({ path: "/api/v1/leaderboard?by=people" }), 200);
    await expectStatus(session.get("/api/v1/leaderboard?scope=stage"), 200);
    await expectStatus(session.get("/api/v1/leaderboard?scope=everyone"), 400);
    await expectStatus(session.patch("/api/v1/leaderboard", { share: true }), 200);
    const asked = { model: "auto:rated", messages: [{ role: "user", content: "Hello" }] };
    const chosen = await expectStatus(post("/api/v1/chat/completions", asked), 200);
    expect(chosen.headers["x-warnings"]).toBe("model (auto:rated has 1 of 20 votes; auto chose)");
    const names = { message: "Hello", models: ["auto:rated", "claude"] };
    const again = await expectStatus(withKey({ method: "POST", path: "/api/v1/battle", body: names }), 200);
    expect(again.headers["x-warnings"]).toContain("auto:rated has 1 of 20 votes");
    const shared = { method: "PATCH", path: "/api/v1/leaderboard", body: { share: true } } as const;
    await expectStatus(withKey(shared), 403);
  });

  it("of exports", async () => {
    const url = "https://93.184.215.14/v1/traces";
    await expectStatus(session.get("/api/v1/exports"), 200);
    const made = await expectStatus(session.post("/api/v1/exports", { kind: "webhook", url }), 201);
    await expectStatus(session.post("/api/v1/exports", { kind: "webhook", url: "https://10.0.0.1/" }), 400);
    const path = `/api/v1/exports/${made.data<{ id: string }>().id}`;
    await expectStatus(session.send({ method: "PATCH", path, body: { enabled: false } }), 200);
    await expectStatus(session.send({ method: "PATCH", path, body: {} }), 400);
    await expectStatus(session.send({ method: "DELETE", path }), 204);
    await expectStatus(session.send({ method: "DELETE", path }), 404);
    await expectStatus(session.get("/api/v1/deliveries"), 200);
  });

  it("of an account's own data", async () => {
    const own = await standIns().createUser();
    const browser = await new Browser({ transport: held }).signIn(own);
    await expectStatus(browser.get("/api/v1/account/export"), 200);
    await expectStatus(browser.get("/api/v1/account/export?cursor=none"), 400);
    const path = "/api/v1/account";
    await expectStatus(browser.send({ method: "DELETE", path, body: { password: "wrong-password" } }), 403);
    await expectStatus(browser.delete(path), 202);
    await expectStatus(browser.delete(path), 401);
  });

  it("of signing in", async () => {
    const browser = new Browser({ transport: held });
    await expectStatus(browser.post("/api/auth/sign-in", { email: user.email, password: "wrong-password" }), 401);
    await expectStatus(browser.post("/api/auth/sign-in", { email: user.email }), 400);
    await expectStatus(browser.get("/api/auth/session"), 401);
    const account = { email: "new@test.local", password: "a-long-password-1" };
    const { status } = await browser.post("/api/auth/sign-up", account);
    expect([200, 202]).toContain(status);
    await expectStatus(browser.post("/api/auth/magic-link", { email: user.email }), 202);
    await expectStatus(browser.post("/api/auth/reset-password", { email: user.email }), 202);
    await expectStatus(browser.get("/api/auth/oauth/github"), 303);
    await expectStatus(browser.get("/api/auth/oauth/none"), 404);
    await expectStatus(browser.get("/api/auth/callback?code=none"), 303);
    const { tokenHash = "" } = standIns().supabase.server.outbox.findLast(({ to }) => to === user.email) ?? {};
    const link = { tokenHash, type: "recovery", email: user.email };
    await expectStatus(browser.post("/api/auth/callback", { ...link, type: "none" }), 400);
    await expectStatus(browser.post("/api/auth/callback", link), 200);
    await expectStatus(browser.post("/api/auth/callback", link), 401);
    const signedIn = await new Browser({ transport: held }).signIn(user);
    await expectStatus(signedIn.get("/api/auth/session"), 200);
    await expectStatus(signedIn.post("/api/auth/update-password", { password: "a-long-password-2" }), 204);
    await expectStatus(signedIn.post("/api/auth/sign-out"), 204);
    await expectStatus(signedIn.post("/api/auth/update-password", { password: "a-long-password-3" }), 401);
  });

  it("of every operation of the document: none was left out above", () => {
    // Those of media are called by tests/media/document.test.ts, which asks for all of them in the same way.
    const left = validator.operationIds.filter((id) => !validator.succeeded.has(id) && !isMediaOperation(id));
    expect(left).toEqual([]);
  });

  const chunks = (text: string): readonly unknown[] =>
    text
      .split("\n\n")
      .filter((frame) => frame.startsWith("data: {"))
      .map((frame): unknown => JSON.parse(frame.slice("data: ".length)));

  describe.skipIf(!hasOpenAiSchemas)("and as OpenAI's own document says (skipped where that is not at hand)", () => {
    it.each(["gpt", "claude", "gemini"])("of %s: whole, streamed, with tools, and from the cache", async (model) => {
      const path = "/api/v1/chat/completions";
      const question = [{ role: "user", content: "Hello to OpenAI" }];
      for (const extra of [{}, {}, { tools, tool_choice: "required" }]) {
        const body = { model, messages: question, ...extra };
        const whole = await expectStatus(post(path, body), 200);
        expect(openAiFault("CreateChatCompletionResponse", whole.json())).toBeUndefined();
        const streamed = await post(path, { ...body, stream: true, stream_options: { include_usage: true } });
        expect(chunks(streamed.text).length).toBeGreaterThan(1);
        for (const chunk of chunks(streamed.text)) {
          expect(openAiFault("CreateChatCompletionStreamResponse", chunk)).toBeUndefined();
        }
      }
    });

    // Its chunks know calls of functions only, though the SDK's types have those of custom tools too.
    it("of a call of a custom tool, whole", async () => {
      const body = { model: "gpt", messages, tools: [{ type: "custom", custom: { name: "run_sql" } }] };
      const whole = await expectStatus(post("/api/v1/chat/completions", { ...body, tool_choice: "required" }), 200);
      expect(whole.json()).toMatchObject({ choices: [{ message: { tool_calls: [{ type: "custom" }] } }] });
      expect(openAiFault("CreateChatCompletionResponse", whole.json())).toBeUndefined();
    });

    it("of embeddings, of models, and of errors", async () => {
      const embeddings = await post("/api/v1/embeddings", { model: "text-embedding-3-small", input: "Hello" });
      expect(openAiFault("CreateEmbeddingResponse", embeddings.json())).toBeUndefined();
      const models = await withKey({ path: "/api/v1/models" });
      expect(openAiFault("ListModelsResponse", models.json())).toBeUndefined();
      const error = await post("/api/v1/chat/completions", { model: "none", messages });
      expect(openAiFault("ErrorResponse", error.json())).toBeUndefined();
    });
  });
});

import { afterAll, describe, expect, it } from "vitest";
import { chat, send, user } from "#tests/e2e/client.ts";
import { eventually, useCloud } from "#tests/support/cloud.ts";
import { type FakeProvider, type FakeProviderRequest, sse, startFakeProvider } from "#tests/support/fake-provider.ts";
import { Browser } from "./support/gateway.ts";

/** Custom providers: any address that speaks OpenAI's API or Anthropic's, under the caller's slug and with the caller's key. */

const openAiAnswer = (model: string) => ({
  id: "chatcmpl-1",
  object: "chat.completion",
  created: 1,
  model,
  choices: [{ index: 0, message: { role: "assistant", content: "Hello" }, finish_reason: "stop" }],
  usage: { prompt_tokens: 1_000, completion_tokens: 100, total_tokens: 1_100 },
});
const anthropicAnswer = {
  id: "msg_1",
  type: "message",
  role: "assistant",
  model: "own-claude",
  content: [{ type: "text", text: "Hello" }],
  stop_reason: "end_turn",
  stop_sequence: null,
  usage: { input_tokens: 3, output_tokens: 1 },
};
const embeddingAnswer = {
  object: "list",
  model: "embed",
  data: [{ object: "embedding", index: 0, embedding: [0.1, 0.2] }],
  usage: { prompt_tokens: 2, total_tokens: 2 },
};

const keyOf = ({ headers }: FakeProviderRequest): string =>
  String(headers["x-api-key"] ?? headers["api-key"] ?? headers.authorization).replace(/^Bearer /, "");

const started: FakeProvider[] = [];
const startServer = async (): Promise<FakeProvider> => {
  const server = await startFakeProvider((request, response) => {
    const { stream, model = "" } = (request.body ?? {}) as { stream?: boolean; model?: string };
    const key = keyOf(request);
    if (request.method === "GET" && request.path.includes("no-list")) {
      response.writeHead(404).end();
      return;
    }
    if (key.includes("refused")) {
      response
        .writeHead(401, { "content-type": "application/json" })
        .end(JSON.stringify({ error: { message: `No such key: ${key}` } }));
      return;
    }
    if (request.method === "GET") {
      response.writeHead(200, { "content-type": "application/json" }).end('{"object":"list","data":[]}');
      return;
    }
    const respond = (status: number, body: object): void => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    };
    if (model === "moved") {
      response.writeHead(307, { location: `${started[1]?.url}/v1/chat/completions` }).end();
      return;
    }
    if (model === "refused") return respond(401, { error: { message: "No such key", type: "invalid_request_error" } });
    if (request.path.includes("/embeddings")) return respond(200, embeddingAnswer);
    if (request.path.includes("/messages")) return respond(200, anthropicAnswer);
    if (stream !== true) return respond(200, openAiAnswer(model));
    const chunk = (delta: object, finish: string | null) => ({
      id: "chatcmpl-1",
      object: "chat.completion.chunk",
      created: 1,
      model,
      choices: [{ index: 0, delta, finish_reason: finish }],
    });
    const usage = { prompt_tokens: 1_000, completion_tokens: 100, total_tokens: 1_100 };
    sse(response, [
      chunk({ role: "assistant", content: "Hel" }, null),
      chunk({ content: "lo" }, null),
      chunk({}, "stop"),
      { ...chunk({}, null), choices: [], usage },
      "data: [DONE]\n\n",
    ]);
  });
  started.push(server);
  return server;
};

let own: FakeProvider;
let other: FakeProvider;
const cloud = useCloud(async () => {
  own = await startServer();
  other = await startServer();
  return { env: { RATE_LIMIT_SCALE: "100", DAILY_SPEND_CAP_USD: "0" } };
});
afterAll(async () => {
  await Promise.all(started.map((server) => server.close()));
});

interface Account {
  readonly userId: string;
  readonly browser: Browser;
  readonly apiKey: string;
}

const path = "/api/v1/provider-keys";

const newAccount = async (): Promise<Account> => {
  const account = await cloud().createUser();
  const browser = await Browser.of(cloud().url).signIn(account);
  const { key } = (await browser.post("/api/v1/keys", { name: "Custom", rateLimit: 10_000 })).data<{ key: string }>();
  return { userId: account.userId, browser, apiKey: key };
};

const ownKey = "own-key-0001";
const store = ({ browser }: Account, changes: object = {}) =>
  browser.post(path, {
    provider: "custom",
    slug: "mine",
    displayName: "My server",
    baseUrl: `${own.url}/v1/`,
    apiKey: ownKey,
    ...changes,
  });

let serial = 0;
const ask = ({ apiKey }: Account, model: string, body: object = {}, headers: Record<string, string> = {}) =>
  chat(cloud(), { model, retries: 0, messages: [user(`question ${++serial}`)], ...body }, apiKey, {
    headers: { "x-cache": "no-cache", ...headers },
  });

const post = ({ apiKey }: Account, endpoint: string, body: object) =>
  send(`${cloud().baseUrl}${endpoint}`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${apiKey}` },
    body: JSON.stringify(body),
  });

const seenBy = async (server: FakeProvider, work: () => Promise<unknown>): Promise<readonly FakeProviderRequest[]> => {
  const before = server.requests.length;
  await work();
  return server.requests.slice(before);
};

describe("a custom provider", () => {
  it("serves <slug>/<model> whole and streamed, with its own key and no platform money", async () => {
    const account = await newAccount();
    const stored = await store(account, { models: [{ id: "big", prices: { input: 2, output: 10 } }] });
    expect(stored.status, stored.text).toBe(201);
    expect(stored.data()).toMatchObject({
      provider: "custom",
      slug: "mine",
      last4: "0001",
      custom: {
        baseUrl: `${own.url}/v1`,
        protocol: "openai",
        authHeader: "authorization",
        modelPrefix: "mine/",
        models: [{ id: "big", prices: { input: 2, output: 10 } }],
      },
    });
    const seen = await seenBy(own, async () => {
      const whole = await ask(account, "mine/big", { max_completion_tokens: 50 });
      expect(whole.status, whole.text).toBe(200);
      expect(whole.headers.get("x-provider-used")).toBe("custom");
      expect(whole.headers.get("x-model-used")).toBe("mine/big");
      const streamed = await ask(account, "mine/big", { stream: true });
      expect(streamed.text).toContain('"content":"lo"');
      expect(streamed.text).toContain("[DONE]");
    });
    expect(seen.map(({ path: sent, headers }) => [sent, headers.authorization])).toEqual([
      ["/v1/chat/completions", `Bearer ${ownKey}`],
      ["/v1/chat/completions", `Bearer ${ownKey}`],
    ]);
    // Most servers know the older limit only.
    expect(seen[0]?.body).toMatchObject({ model: "big", max_tokens: 50 });
    await eventually(async () => {
      const usage = (await account.browser.get("/api/v1/usage")).data<{ totalRequests: number; byokCost: number }>();
      expect(usage.totalRequests).toBe(2);
      // Twice 1,000 input tokens at $2 and 100 output tokens at $10 a million.
      expect(usage.byokCost).toBeCloseTo(2 * (0.002 + 0.001), 12);
    });
    expect((await cloud().admission(account.userId)).spentPicoUsd).toBe(0n);
  });

  it("serves messages, responses and embeddings", async () => {
    const account = await newAccount();
    await store(account);
    const messages = { model: "mine/big", max_tokens: 20, messages: [user("Hi")] };
    expect((await post(account, "/messages", messages)).status).toBe(200);
    expect((await post(account, "/responses", { model: "mine/big", input: "Hi" })).status).toBe(200);
    const embedded = await post(account, "/embeddings", { model: "mine/embed", input: "Hi" });
    expect(embedded.status, embedded.text).toBe(200);
    expect(own.requests.at(-1)).toMatchObject({ path: "/v1/embeddings", body: { model: "embed", input: "Hi" } });
  });

  it("serves a request that names a preset, in every dialect", async () => {
    const account = await newAccount();
    await store(account);
    const settings = { model: "mine/big", temperature: 0.25, max_tokens: 40 };
    const made = await account.browser.post("/api/v1/presets", { name: "brief", settings });
    expect(made.status, made.text).toBe(201);
    const model = "@preset/brief";
    const seen = await seenBy(own, async () => {
      const answered = await ask(account, model);
      expect(answered.status, answered.text).toBe(200);
      expect(answered.headers.get("x-model-used")).toBe("mine/big");
      expect((await post(account, "/messages", { model, max_tokens: 20, messages: [user("Hi")] })).status).toBe(200);
      expect((await post(account, "/responses", { model, input: "Hi", temperature: 1 })).status).toBe(200);
    });
    expect(seen.map(({ body }) => body)).toMatchObject([
      { model: "big", temperature: 0.25, max_tokens: 40 },
      { model: "big", temperature: 0.25, max_tokens: 20 },
      { model: "big", temperature: 1, max_tokens: 40 },
    ]);
    const unknown = await ask(account, "@preset/other");
    expect(unknown.status, unknown.text).toBe(400);
    expect(unknown.text).toContain("@preset/brief");
  });

  it("costs a budget that counts it the owner's price and no more, in embeddings too", async () => {
    const account = await newAccount();
    await store(account, { models: [{ id: "embed", prices: { input: 0.02, output: 0 } }] });
    const limits = { budget: { usd: 0.01, period: "day", includeByok: true } };
    const { key } = (await account.browser.post("/api/v1/keys", { name: "Small", ...limits })).data<{ key: string }>();
    const input = "word ".repeat(20_000);
    const embedded = await post({ ...account, apiKey: key }, "/embeddings", { model: "mine/embed", input });
    expect(embedded.status, embedded.text).toBe(200);
  });

  it("is asked in Anthropic's API where it speaks that, and gets a Messages request as it came", async () => {
    const account = await newAccount();
    const stored = await store(account, { protocol: "anthropic", baseUrl: own.url });
    expect(stored.data()).toMatchObject({ custom: { authHeader: "x-api-key", protocol: "anthropic" } });
    const embedded = await post(account, "/embeddings", { model: "mine/embed", input: "Hi" });
    expect(embedded.error()).toMatchObject({ code: "BAD_REQUEST", param: "model" });
    const seen = await seenBy(own, async () => {
      expect((await ask(account, "mine/own-claude")).status).toBe(200);
      const body = { model: "mine/own-claude", max_tokens: 20, messages: [user("Hi")], tomorrows_field: { a: 1 } };
      const native = await post(account, "/messages", body);
      expect(native.status, native.text).toBe(200);
      expect(native.json()).toMatchObject({ id: "msg_1", content: [{ type: "text", text: "Hello" }] });
    });
    expect(seen.map(({ path: sent, headers }) => [sent, headers["x-api-key"], headers.authorization])).toEqual([
      ["/v1/messages", ownKey, undefined],
      ["/v1/messages", ownKey, undefined],
    ]);
    expect(seen[1]?.body).toMatchObject({ model: "own-claude", tomorrows_field: { a: 1 } });
  });

  it("is asked with Azure's header and version", async () => {
    const account = await newAccount();
    const stored = await store(account, { preset: "azure", apiVersion: "2024-10-21" });
    expect(stored.status, stored.text).toBe(201);
    const [seen] = await seenBy(own, () => ask(account, "mine/gpt"));
    expect(seen).toMatchObject({
      path: "/v1/chat/completions?api-version=2024-10-21",
      headers: { "api-key": ownKey },
    });
    expect(seen?.headers.authorization).toBeUndefined();
  });

  it("takes its address and form from a preset", async () => {
    const { browser } = await newAccount();
    const body = { provider: "custom", preset: "groq", slug: "fast", displayName: "Groq", apiKey: "gsk_0123456789" };
    expect((await browser.post(path, body)).data()).toMatchObject({
      custom: { baseUrl: "https://api.groq.com/openai/v1", protocol: "openai", authHeader: "authorization" },
    });
    const { preset: _, ...without } = body;
    expect((await browser.post(path, { ...without, slug: "none" })).error()).toMatchObject({ param: "baseUrl" });
  });

  it("is a fallback, and falls back, with each its own key", async () => {
    const account = await newAccount();
    await store(account);
    await store(account, { slug: "second", baseUrl: `${other.url}/v1`, apiKey: "other-key-0002" });
    const seen = await seenBy(other, async () => {
      const reply = await ask(account, "mine/refused", { fallback: ["second/big"] });
      expect(reply.status, reply.text).toBe(200);
      expect(reply.headers.get("x-model-used")).toBe("second/big");
    });
    expect(seen.map(({ headers }) => headers.authorization)).toEqual(["Bearer other-key-0002"]);
  });

  it("says in the provider's words that it refused the caller's key", async () => {
    const account = await newAccount();
    await store(account);
    const reply = await ask(account, "mine/refused");
    expect(reply.error()).toMatchObject({ code: "PROVIDER_AUTH_FAILED", details: { provider: "custom" } });
    expect(reply.text).not.toContain(ownKey);
  });
});

describe("the key of a custom provider", () => {
  it("goes to its own address only: no redirect, no other slug, no other user", async () => {
    const account = await newAccount();
    const stranger = await newAccount();
    await store(account);
    await store(account, { slug: "second", baseUrl: `${other.url}/v1`, apiKey: "other-key-0002" });
    const toOther = await seenBy(other, async () => {
      expect((await ask(account, "mine/moved")).status).toBeGreaterThanOrEqual(500);
      const picked = await ask(account, "second/big", {}, { "x-provider-key": "mine" });
      expect(picked.error()).toMatchObject({ code: "BAD_REQUEST", param: "X-Provider-Key" });
    });
    expect(toOther).toEqual([]);
    const toOwn = await seenBy(own, async () => {
      const balanced = await ask(account, "mine/big", {
        load_balance: { strategy: "weighted", targets: [{ model: "mine/big", provider_key: "second" }] },
      });
      expect(balanced.error()).toMatchObject({ code: "BAD_REQUEST", param: "load_balance.targets" });
      const foreign = await ask(stranger, "mine/big");
      expect(foreign.error()).toMatchObject({ code: "INVALID_MODEL", param: "model" });
    });
    expect(toOwn).toEqual([]);
  });

  it("is of no use once it is deleted", async () => {
    const account = await newAccount();
    const { id } = (await store(account)).data<{ id: string }>();
    expect((await ask(account, "mine/big")).status).toBe(200);
    expect((await account.browser.delete(`${path}/${id}`)).status).toBe(204);
    expect((await ask(account, "mine/big")).error()).toMatchObject({ code: "INVALID_MODEL" });
  });
});

describe("a custom provider is refused", () => {
  it.each(["openai", "claude", "custom", "auto", "deepseek", "meta-llama", "fal"])(
    "with the slug %s, which means something else before a slash",
    async (slug) => {
      const account = await newAccount();
      expect((await store(account, { slug })).error()).toMatchObject({ code: "BAD_REQUEST", param: "slug" });
    },
  );

  it("with an address that is not public and https, or that carries more than an address", async () => {
    const account = await newAccount();
    for (const baseUrl of [
      "http://example.com/v1",
      "https://169.254.169.254/v1",
      "https://10.0.0.1/v1",
      "https://[fd00:ec2::254]/v1",
      "https://0x7f000001.example.local/v1",
      "https://metadata.internal/v1",
      "https://user:pass@example.com/v1",
      "https://example.com/v1?key=1",
      "https://example.com/v1#x",
      "ftp://127.0.0.1/v1",
      "file:///etc/passwd",
      "not a url",
      "",
    ]) {
      const reply = await store(account, { baseUrl });
      expect(reply.error(), baseUrl).toMatchObject({ code: "BAD_REQUEST", param: "baseUrl" });
    }
    expect((await account.browser.get(path)).data()).toEqual([]);
  });
});

describe("the test of a key", () => {
  const test = ({ browser }: Account, body: object) => browser.post(`${path}/test`, body);

  it("asks the provider for what costs nothing, and stores nothing", async () => {
    const account = await newAccount();
    const access = { provider: "custom", baseUrl: `${own.url}/v1`, apiKey: ownKey };
    const [seen] = await seenBy(own, async () => {
      const reply = await test(account, access);
      expect(reply.data()).toMatchObject({ ok: true, status: 200, message: null, latencyMs: expect.any(Number) });
    });
    expect(seen).toMatchObject({ method: "GET", path: "/v1/models", headers: { authorization: `Bearer ${ownKey}` } });
    expect((await account.browser.get(path)).data()).toEqual([]);
  });

  it("passes on the provider's words without the key", async () => {
    const account = await newAccount();
    const apiKey = "my-refused-key-0003";
    const reply = await test(account, { provider: "custom", baseUrl: `${own.url}/v1`, apiKey });
    expect(reply.status).toBe(200);
    expect(reply.data()).toMatchObject({ ok: false, status: 401, message: "No such key: [redacted]" });
    const stored = await store(account, { apiKey, verify: true });
    expect(stored.error()).toMatchObject({ code: "BAD_REQUEST", param: "apiKey", details: { status: 401 } });
    expect(stored.text).toContain("No such key");
    expect(reply.text + stored.text).not.toContain(apiKey);
    expect((await account.browser.get(path)).data()).toEqual([]);
    expect((await store(account, { verify: true })).status).toBe(201);
  });

  it("asks a server without a list of models for one token, and says when nobody answers", async () => {
    const account = await newAccount();
    const access = { provider: "custom", baseUrl: `${own.url}/no-list/v1`, apiKey: ownKey };
    expect((await test(account, access)).data()).toMatchObject({ ok: false, status: 404 });
    const [, asked] = await seenBy(own, async () => {
      expect((await test(account, { ...access, model: "big" })).data()).toMatchObject({ ok: true });
    });
    expect(asked).toMatchObject({ method: "POST", path: "/no-list/v1/chat/completions", body: { max_tokens: 1 } });
    const nobody = await test(account, { ...access, baseUrl: "http://127.0.0.1:9/v1" });
    expect(nobody.data()).toMatchObject({ ok: false, status: null, message: expect.stringContaining("connection") });
  });

  it.each(["openai", "anthropic", "google", "x-ai", "openrouter", "minimax"])(
    "knows a good key of %s from a bad one",
    async (provider) => {
      const account = await newAccount();
      const good = await test(account, { provider, apiKey: "sk-good-key-0123456789" });
      expect(good.data(), good.text).toMatchObject({ ok: true, status: 200 });
      const bad = await test(account, { provider, apiKey: "invalid-key-0123456789" });
      expect(bad.data(), bad.text).toMatchObject({
        ok: false,
        message: expect.stringMatching(/key|login|auth|user not found/i),
      });
    },
  );
});

describe("PATCH of a provider key", () => {
  it("renames, pauses and resumes; a paused key serves nothing, and the platform's money does not step in", async () => {
    const account = await newAccount();
    const stranger = await newAccount();
    const { id } = (await store(account)).data<{ id: string }>();
    const patch = (body: object, who = account) => who.browser.patch(`${path}/${id}`, body);
    expect((await patch({ displayName: "Renamed" })).data()).toMatchObject({
      id,
      displayName: "Renamed",
      paused: false,
    });
    expect((await patch({ paused: true })).data()).toMatchObject({ displayName: "Renamed", paused: true });
    const seen = await seenBy(own, async () => {
      expect((await ask(account, "mine/big")).error()).toMatchObject({ code: "BAD_REQUEST", param: "model" });
      const picked = await ask(account, "mine/big", {}, { "x-provider-key": "mine" });
      expect(picked.error()).toMatchObject({ code: "BAD_REQUEST", param: "X-Provider-Key" });
    });
    expect(seen).toEqual([]);
    expect((await patch({ paused: false })).data()).toMatchObject({ paused: false });
    expect((await ask(account, "mine/big")).status).toBe(200);
    expect((await patch({ displayName: "Theirs" }, stranger)).error()).toMatchObject({ code: "NOT_FOUND" });
    expect((await patch({})).status).toBe(400);
    expect((await patch({ baseUrl: other.url })).status).toBe(400);
  });
});

describe("a key of Amazon Bedrock", () => {
  it("serves bedrock/<id> in every dialect, paid by its owner, and nobody serves it without one", async () => {
    const account = await newAccount();
    const model = "bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0";
    expect((await ask(account, model)).error()).toMatchObject({ code: "PROVIDER_AUTH_FAILED" });
    const body = {
      provider: "bedrock",
      slug: "aws",
      displayName: "AWS",
      region: "eu-central-1",
      apiKey: "ABSK-0123456789",
    };
    const longRegion = await account.browser.post(path, { ...body, region: `eu${"-west".repeat(90_000)}-1` });
    expect(longRegion.error()).toMatchObject({ code: "BAD_REQUEST", param: "region" });
    const bad = await account.browser.post(path, { ...body, apiKey: "invalid-0123456789", verify: true });
    expect(bad.error()).toMatchObject({ code: "BAD_REQUEST", param: "apiKey" });
    const stored = await account.browser.post(path, { ...body, verify: true });
    expect(stored.data(), stored.text).toMatchObject({ provider: "bedrock", region: "eu-central-1" });
    const whole = await ask(account, model);
    expect(whole.status, whole.text).toBe(200);
    expect(whole.headers.get("x-provider-used")).toContain("bedrock");
    const streamed = await ask(account, model, { stream: true });
    expect(streamed.text).toContain("[DONE]");
    const messages = { model, max_tokens: 50, messages: [user("Hi")] };
    expect((await post(account, "/messages", messages)).json()).toMatchObject({ type: "message" });
    expect((await post(account, "/messages", { ...messages, stream: true })).text).toContain("event: message_stop");
    expect((await post(account, "/responses", { model, input: "Hi" })).status).toBe(200);
    expect((await cloud().admission(account.userId)).spentPicoUsd).toBe(0n);
  });
});

import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Browser } from "#tests/accounts/support/gateway.ts";
import { useStandardCloud } from "#tests/support/cloud.ts";
import { type Reply, send, user } from "./client.ts";

/** Claude at Anthropic, OpenRouter and Bedrock: who is asked, in which order, and who answers when one of them fails. */

const cloud = useStandardCloud();

const own = "claude-sonnet-5";
const openrouter = "openrouter/anthropic/claude-sonnet-5";
const bedrock = "bedrock/global.anthropic.claude-sonnet-5";

let account: { readonly userId: string; readonly apiKey: string; readonly browser: Browser };

beforeAll(async () => {
  const { userId, ...signIn } = await cloud().createUser();
  const browser = await Browser.of(cloud().url).signIn(signIn);
  const key = await browser.post("/api/v1/keys", { name: "Preferences", rateLimit: 10_000 });
  account = { userId, browser, apiKey: key.data<{ key: string }>().key };
  const stored = {
    provider: "bedrock",
    slug: "aws",
    displayName: "AWS",
    region: "eu-central-1",
    apiKey: "ABSK-good-0001",
  };
  expect((await browser.post("/api/v1/provider-keys", stored)).status).toBe(201);
});

/** Anthropic and Bedrock serve it under the same name, OpenRouter under this one. */
const vendorsDown = "[[simulate: status=503 only=claude-sonnet-5]]";
const openrouterDown = "[[simulate: status=503 only=anthropic/claude-sonnet-5]]";

const post = (path: string, body: object, headers: Record<string, string> = {}): Promise<Reply> =>
  send(`${cloud().baseUrl}${path}`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      authorization: `Bearer ${account.apiKey}`,
      "x-cache": "no-cache",
      ...headers,
    },
    body: JSON.stringify(body),
  });

const ask = (provider: object, text = "Hello", extra: object = {}): Promise<Reply> =>
  post("/chat/completions", { model: own, retries: 0, messages: [user(text)], provider, ...extra });

/** A provider that failed five times in a row would rest. */
beforeEach(async () => {
  for (const name of ["anthropic", "openrouter", "bedrock"]) expect((await ask({ only: [name] })).status).toBe(200);
});

/** Who was asked for a request, in the order in which they were, and with what result. */
const attemptsOf = async ({ requestId }: Reply): Promise<readonly string[]> => {
  const { attempts } = await cloud().settledUsage(account.userId, requestId);
  return attempts.map(({ provider, result }) => `${provider} ${result}`);
};

describe("provider preferences", () => {
  it.each<[string, object, string]>([
    ["order: Bedrock", { order: ["bedrock"] }, bedrock],
    ["order: OpenRouter, by OpenRouter's spelling", { order: ["OpenRouter"] }, openrouter],
    ["order: Anthropic", { order: ["anthropic", "bedrock"] }, own],
    ["only", { only: ["amazon-bedrock"] }, bedrock],
    ["ignore", { ignore: ["anthropic"] }, openrouter],
    ["sort by price", { sort: "price" }, own],
    [
      "a maximal price that all keep",
      { order: ["openrouter"], max_price: { prompt: 100, completion: 100 } },
      openrouter,
    ],
  ])("lead a request to its provider: %s", async (_name, provider, expected) => {
    for (const stream of [false, true]) {
      const reply = await ask(provider, "Hello", { stream });
      expect(reply.status, reply.text).toBe(200);
      expect(reply.headers.get("x-model-used")).toBe(expected);
      expect(reply.headers.get("x-attempts")).toBe("1");
    }
  });

  it.each<[string, string, object, readonly string[]]>([
    [
      "Bedrock and Anthropic fail",
      vendorsDown,
      { order: ["bedrock", "anthropic", "openrouter"] },
      ["bedrock server", "anthropic server", "openrouter ok"],
    ],
    ["OpenRouter fails", openrouterDown, { order: ["openrouter", "bedrock"] }, ["openrouter server", "bedrock ok"]],
    ["the rest follows", openrouterDown, { order: ["openrouter"] }, ["openrouter server", "anthropic ok"]],
    [
      "only",
      openrouterDown,
      { only: ["bedrock", "openrouter"], order: ["openrouter"] },
      ["openrouter server", "bedrock ok"],
    ],
  ])("fall back in their order, streamed or not: %s", async (_name, text, provider, expected) => {
    for (const stream of [false, true]) {
      const reply = await ask(provider, text, { stream });
      expect(reply.status, reply.text).toBe(200);
      expect(await attemptsOf(reply)).toEqual(expected);
    }
  });

  it("come before the fallbacks of the request", async () => {
    const reply = await ask({ only: ["bedrock", "anthropic"], order: ["bedrock"] }, vendorsDown, {
      fallback: ["gpt-5.2"],
    });
    expect(reply.status, reply.text).toBe(200);
    expect(await attemptsOf(reply)).toEqual(["bedrock server", "anthropic server", "openai ok"]);
  });

  it("end where they allow no fallback", async () => {
    const reply = await ask({ order: ["openrouter"], allow_fallbacks: false }, openrouterDown);
    expect(reply.error()).toMatchObject({ code: "PROVIDER_ERROR" });
    expect(await attemptsOf(reply)).toEqual(["openrouter server"]);
  });

  it("that no provider fits are refused before anyone is asked", async () => {
    const marker = "none of them is cheap enough";
    const reply = await ask({ max_price: { prompt: 0.000_1 } }, marker);
    expect(reply.error()).toMatchObject({ code: "BAD_REQUEST", param: "provider" });
    expect(await cloud().providerRequests(marker)).toEqual([]);
  });

  it.each<[string, object]>([
    ["/messages", { max_tokens: 50, messages: [user(openrouterDown)] }],
    ["/responses", { input: openrouterDown }],
    ["/chat/completions", { messages: [user(openrouterDown)] }],
  ])("are a header of %s", async (path, body) => {
    const headers = {
      "x-provider-preferences": JSON.stringify({ order: ["openrouter", "bedrock"] }),
      "x-retries": "0",
    };
    for (const stream of [false, true]) {
      const reply = await post(path, { model: own, stream, ...body }, headers);
      expect(reply.status, reply.text).toBe(200);
      expect(reply.headers.get("x-model-used")).toBe(bedrock);
      expect(await attemptsOf(reply)).toEqual(["openrouter server", "bedrock ok"]);
    }
  });

  it("reach Bedrock with the caller's key alone: without one, the next provider serves", async () => {
    const { key, userId } = await cloud().createKey();
    const reply = await post(
      "/chat/completions",
      { model: own, retries: 0, messages: [user("Hello")], provider: { order: ["bedrock", "openrouter"] } },
      { authorization: `Bearer ${key}` },
    );
    expect(reply.status, reply.text).toBe(200);
    expect(reply.headers.get("x-model-used")).toBe(openrouter);
    const { attempts } = await cloud().settledUsage(userId, reply.requestId);
    expect(attempts.map(({ provider }) => provider).at(-1)).toBe("openrouter");
  });
});

describe("presets", () => {
  const model = "@preset/elsewhere";
  beforeAll(async () => {
    const settings = { model: own, provider: { order: ["openrouter", "bedrock"] }, retries: 0, timeout: 300_000 };
    const made = await account.browser.post("/api/v1/presets", { name: "elsewhere", settings });
    expect(made.status, made.text).toBe(201);
  });

  it("hold preferences, in every dialect", async () => {
    for (const [path, body] of [
      ["/chat/completions", { messages: [user(openrouterDown)] }],
      ["/messages", { max_tokens: 50, messages: [user(openrouterDown)] }],
      ["/responses", { input: openrouterDown }],
    ] as const) {
      const reply = await post(path, { model, ...body });
      expect(reply.status, reply.text).toBe(200);
      expect(await attemptsOf(reply)).toEqual(["openrouter server", "bedrock ok"]);
    }
  });

  it("with a time that only streams can have are answered within the longest there is, and say so", async () => {
    const body = { model, messages: [user("Hello")] };
    const whole = await post("/chat/completions", body);
    expect(whole.status, whole.text).toBe(200);
    expect(whole.headers.get("x-warnings")).toContain("timeout (290000 ms without streaming)");
    const streamed = await post("/chat/completions", { ...body, stream: true });
    expect(streamed.status).toBe(200);
    expect(streamed.headers.get("x-warnings") ?? "").not.toContain("timeout");
    // What the request says itself is its own fault.
    const own = await post("/chat/completions", { ...body, timeout: 300_000 });
    expect(own.error()).toMatchObject({ code: "BAD_REQUEST", param: "timeout" });
  });

  it("are counted as their model's tokens", async () => {
    const message = { messages: [user("Hello, how are you?")] };
    const counts = async (path: string, body: object) => {
      const [preset, named] = await Promise.all([model, own].map((name) => post(path, { ...body, model: name })));
      expect(preset?.status, preset?.text).toBe(200);
      expect(preset?.json()).toEqual(named?.json());
    };
    await counts("/messages/count_tokens", message);
    await counts("/responses/input_tokens", { input: "Hello, how are you?" });
    const unknown = await post("/messages/count_tokens", { ...message, model: "@preset/none" });
    expect(unknown.error()).toMatchObject({ param: "model" });
    expect(unknown.text).toContain(model);
  });

  it.each<[string, object, string]>([
    ["/battle", { message: "Hi", models: [model, "gpt"] }, "models[0]"],
    ["/fight", { message: "Hi", models: ["gpt", model] }, "models[1]"],
    ["/council", { message: "Hi", models: ["gpt", model] }, "models[1]"],
    ["/council", { message: "Hi", judge: model }, "judge"],
    ["/vision", { image_url: "https://example.com/a.png", model }, "model"],
    ["/chat/completions", { model: "gpt", messages: [user("Hi")], fallback: [model] }, "fallback[0]"],
  ])("say where they are supported where they are not: %s", async (path, body, param) => {
    const reply = await post(path, body);
    expect(reply.error()).toMatchObject({ code: "INVALID_MODEL", param });
    expect(reply.error().message).toContain("chat completions, messages, responses and their token counts");
  });
});

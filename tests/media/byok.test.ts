import { afterAll, describe, expect, it } from "vitest";
import { Browser } from "#tests/accounts/support/gateway.ts";
import { send } from "#tests/e2e/client.ts";
import { useCloud } from "#tests/support/cloud.ts";
import { type FakeProvider, type FakeProviderRequest, startFakeProvider } from "#tests/support/fake-provider.ts";

/** Five providers in one server that show which key arrived, each in its own header. */

const keyOf = ({ headers }: FakeProviderRequest): string =>
  String(headers["x-goog-api-key"] ?? headers["x-key"] ?? headers.authorization ?? "").replace(/^(Bearer|Key) /, "");

const googleImage = {
  candidates: [{ content: { parts: [{ inlineData: { mimeType: "image/png", data: "iVBORw0KGgo=" } }] } }],
};

const answers: Readonly<Record<string, (origin: string) => unknown>> = {
  "/minimax/v1/t2a_v2": () => ({
    data: { audio: "fffb98c4", status: 2 },
    extra_info: { usage_characters: 5 },
    base_resp: { status_code: 0 },
  }),
  "/google/v1beta/models/gemini-3.1-flash-image:generateContent": () => googleImage,
  "/google/v1beta/models/gemini-3.1-flash-lite-image:generateContent": () => googleImage,
  "/fashn/v1/run": () => ({ id: "run-1", error: null }),
  "/fashn/v1/status/run-1": () => ({ id: "run-1", status: "completed", output: ["https://cdn.fashn.ai/a.png"] }),
  "/fal/fal-ai/qwen-image": (origin) => ({
    request_id: "r1",
    status_url: `${origin}/fal/fal-ai/qwen-image/requests/r1/status`,
    response_url: `${origin}/fal/fal-ai/qwen-image/requests/r1`,
  }),
  "/fal/fal-ai/qwen-image/requests/r1/status": () => ({ status: "COMPLETED" }),
  "/fal/fal-ai/qwen-image/requests/r1": () => ({ images: [{ url: "https://v3.fal.media/a.png" }] }),
  "/bfl/v1/flux-2-pro": (origin) => ({ id: "b1", polling_url: `${origin}/bfl/v1/get_result?id=b1`, cost: 3 }),
  "/bfl/v1/get_result?id=b1": () => ({ status: "Ready", result: { sample: "https://delivery.bfl.ai/a.png" } }),
  // An answer that would lead the key elsewhere.
  "/bfl/v1/flux-2-max": () => ({ id: "b2", polling_url: "https://thief.example.com/poll" }),
};

let provider: FakeProvider;
const cloud = useCloud(async () => {
  provider = await startFakeProvider(({ path }, response) => {
    const answer = answers[path];
    response.writeHead(answer === undefined ? 404 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(answer?.(provider.url) ?? { message: `no ${path}` }));
  });
  const names = {
    MINIMAX: "/minimax/v1",
    GOOGLE: "/google/v1beta/openai",
    FASHN: "/fashn/v1",
    FAL: "/fal",
    BFL: "/bfl/v1",
  };
  const env = Object.entries(names).flatMap(([name, path]) => [
    [`${name}_BASE_URL`, `${provider.url}${path}`],
    [`${name}_API_KEY`, `platform-${name}`],
  ]);
  return { env: { RATE_LIMIT_SCALE: "100", UNPRICED_MODELS: "refuse", ...Object.fromEntries(env) } };
});
afterAll(() => provider.close());

const photo = "https://images.example.com/a.png";
const work = {
  minimax: ["/media/speech", { text: "Hello" }],
  google: ["/image/generate", { model: "imagen", prompt: "x" }],
  fashn: ["/fashion/run", { model_name: "reframe", inputs: { image: photo } }],
  fal: ["/image/generate", { model: "qwen", prompt: "x" }],
  bfl: ["/image/generate", { model: "flux", prompt: "x" }],
} as const;

const newAccount = async () => {
  const account = await cloud().createUser();
  const browser = await Browser.of(cloud().url).signIn(account);
  const made = await browser.post("/api/v1/keys", { name: "BYOK", rateLimit: 10_000 });
  const { key } = made.data<{ key: string }>();
  const store = async (name: string, slug: string, apiKey: string): Promise<string> => {
    const reply = await browser.post("/api/v1/provider-keys", { provider: name, slug, displayName: slug, apiKey });
    return reply.data<{ id: string }>().id;
  };
  const call = (method: string, path: string, body?: unknown, slug?: string) =>
    send(`${cloud().baseUrl}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        "content-type": "application/json",
        ...(slug === undefined ? {} : { "x-provider-key": slug }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const keysSeen = async (act: () => Promise<{ status: number; text: string }>): Promise<readonly string[]> => {
    const before = provider.requests.length;
    const reply = await act();
    expect(reply.status, reply.text).toBe(200);
    return [...new Set(provider.requests.slice(before).map(keyOf))];
  };
  return { ...account, browser, store, call, keysSeen };
};

describe.each(Object.keys(work) as (keyof typeof work)[])("the caller's own key for %s", (name) => {
  const [path, body] = work[name];

  it("pays instead of the platform's, with its own header, and is not counted on the daily cap", async () => {
    const account = await newAccount();
    expect(await account.keysSeen(() => account.call("POST", path, body))).toEqual([`platform-${name.toUpperCase()}`]);
    const own = `own-${name}-key-0001`;
    await account.store(name, "mine", own);
    const { spentPicoUsd } = await cloud().admission(account.userId);
    let requestId = "";
    const seen = await account.keysSeen(async () => {
      const reply = await account.call("POST", path, body);
      requestId = reply.requestId;
      if (name !== "fashn") return reply;
      const { data } = reply.json() as { data: { id: string } };
      return account.call("GET", `/fashion/status/${data.id}`);
    });
    expect(seen).toEqual([own]);
    expect(await cloud().settledUsage(account.userId, requestId)).toMatchObject({ status: "ok", byok: true });
    expect((await cloud().admission(account.userId)).spentPicoUsd).toBe(spentPicoUsd);
  });

  it("is picked by its slug, and a slug of another provider is a 400", async () => {
    const account = await newAccount();
    await account.store(name, "first", `first-${name}-key-0001`);
    await account.store(name, "second", `second-${name}-key-0002`);
    await account.store("openai", "chat", "sk-openai-key-0003");
    expect(await account.keysSeen(() => account.call("POST", path, body, "first"))).toEqual([`first-${name}-key-0001`]);
    for (const slug of ["chat", "nothing"]) {
      const before = provider.requests.length;
      const reply = await account.call("POST", path, body, slug);
      expect(reply.error()).toMatchObject({ code: "BAD_REQUEST", param: "X-Provider-Key" });
      expect(provider.requests.length).toBe(before);
    }
  });
});

describe("a model without a known price", () => {
  const body = { model: "gemini-3.1-flash-lite-image", prompt: "x" };

  it.each(["/image/generate", "/images/generations"])(
    "is refused with the platform's key on a permanent stage, and served with the caller's own, at %s",
    async (path) => {
      const account = await newAccount();
      const before = provider.requests.length;
      const refused = await account.call("POST", path, body);
      expect(refused.status).toBe(400);
      expect(refused.error()).toMatchObject({
        param: "model",
        message: expect.stringContaining("your own provider key"),
      });
      expect(provider.requests.length).toBe(before);
      expect(await cloud().settledUsage(account.userId, refused.requestId)).toMatchObject({ status: "error" });
      expect(await cloud().admission(account.userId)).toMatchObject({ open: [], spentPicoUsd: 0n });
      await account.store("google", "mine", "own-google-key-0001");
      let requestId = "";
      const seen = await account.keysSeen(async () => {
        const reply = await account.call("POST", path, body);
        requestId = reply.requestId;
        return reply;
      });
      expect(seen).toEqual(["own-google-key-0001"]);
      const event = await cloud().settledUsage(account.userId, requestId);
      expect(event).toMatchObject({ status: "ok", byok: true, units: 1 });
      expect(event.costPicoUsd).toBeUndefined();
    },
  );
});

describe("a key", () => {
  it("that started a job and was removed since ends in an answer that says so", async () => {
    const account = await newAccount();
    const id = await account.store("fashn", "mine", "own-fashn-key-0009");
    const { data } = (await account.call("POST", ...work.fashn)).json() as { data: { id: string } };
    await account.browser.delete(`/api/v1/provider-keys/${id}`);
    const reply = await account.call("GET", `/fashion/status/${data.id}`);
    expect(reply.error()).toMatchObject({ code: "PROVIDER_AUTH_FAILED" });
  });

  it("is sent nowhere but to its provider, whatever URL an answer names", async () => {
    const account = await newAccount();
    const reply = await account.call("POST", "/image/generate", { model: "flux-2-max", prompt: "x" });
    expect(reply.error()).toMatchObject({ code: "PROVIDER_ERROR" });
    expect(reply.error().message).toContain("polling URL");
  });
});

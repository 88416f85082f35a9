import { beforeAll, describe, expect, it } from "vitest";
import { Browser } from "#tests/accounts/support/gateway.ts";
import { eventually, useCloud } from "#tests/support/cloud.ts";
import { type Reply, send, user } from "./client.ts";

/** Models of Amazon Bedrock that the stage names: the platform pays for them, as the function's own role. */

const sonnet = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
const nova = "us.amazon.nova-lite-v1:0";
const application = "arn:aws:bedrock:us-east-1:000000000000:application-inference-profile/abc123";
const globalSonnet = "global.anthropic.claude-sonnet-5";

const cloud = useCloud({
  env: {
    RATE_LIMIT_SCALE: "100",
    BEDROCK_MODELS: [sonnet, nova, `${application}=${globalSonnet}`, globalSonnet].join(","),
  },
});

interface Account {
  readonly userId: string;
  readonly apiKey: string;
  readonly browser: Browser;
}

const newAccount = async (): Promise<Account> => {
  const { userId, ...signIn } = await cloud().createUser();
  const browser = await Browser.of(cloud().url).signIn(signIn);
  const key = await browser.post("/api/v1/keys", { name: "Bedrock", rateLimit: 10_000 });
  return { userId, browser, apiKey: key.data<{ key: string }>().key };
};

let account: Account;
beforeAll(async () => {
  account = await newAccount();
});

const post = (path: string, body: object, headers: Record<string, string> = {}, { apiKey } = account): Promise<Reply> =>
  send(`${cloud().baseUrl}${path}`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      authorization: `Bearer ${apiKey}`,
      "x-cache": "no-cache",
      ...headers,
    },
    body: JSON.stringify(body),
  });

const ask = (id: string, more: object = {}, headers = {}, who = account): Promise<Reply> =>
  post("/chat/completions", { model: `bedrock/${id}`, retries: 0, messages: [user("Hi")], ...more }, headers, who);

const usageOf = ({ requestId }: Reply, { userId } = account) => cloud().settledUsage(userId, requestId);

describe("a model that the stage names", () => {
  it("is served on the platform's money in every dialect, whole and streamed", async () => {
    const before = (await cloud().admission(account.userId)).spentPicoUsd;
    const messages = { model: `bedrock/${sonnet}`, max_tokens: 50, messages: [user("Hi")] };
    const replies = [
      await ask(sonnet, { max_tokens: 50 }),
      await ask(nova, { max_tokens: 50, stream: true }),
      await post("/messages", messages),
      await post("/messages", { ...messages, stream: true }),
      await post("/responses", { model: `bedrock/${nova}`, input: "Hi", max_output_tokens: 50 }),
      await post("/responses", { model: `bedrock/${sonnet}`, input: "Hi", max_output_tokens: 50, stream: true }),
    ];
    let cost = 0n;
    for (const reply of replies) {
      expect([reply.status, reply.headers.get("x-provider-used")], reply.text).toEqual([200, "bedrock (simulated)"]);
      const usage = await usageOf(reply);
      expect(usage).toMatchObject({ provider: "bedrock", byok: false, status: "ok" });
      expect(usage.costPicoUsd).toBeGreaterThan(0n);
      cost += usage.costPicoUsd ?? 0n;
    }
    await eventually(async () => expect((await cloud().admission(account.userId)).spentPicoUsd).toBe(before + cost));
  });

  it("costs its list price, of the profile that it is asked through", async () => {
    for (const [id, input, output] of [
      [sonnet, 3_300_000n, 16_500_000n],
      [nova, 60_000n, 240_000n],
      [application, 2_000_000n, 10_000_000n],
    ] as const) {
      const reply = await ask(id, { max_tokens: 50 });
      expect(reply.status, reply.text).toBe(200);
      const { inputTokens, outputTokens, costPicoUsd, model } = await usageOf(reply);
      expect([model, costPicoUsd]).toEqual([
        `bedrock/${id}`,
        BigInt(inputTokens) * input + BigInt(outputTokens) * output,
      ]);
    }
  });

  it("may be named by a header, a fallback and a balanced target, and serves vision and battles", async () => {
    const down = {
      model: "claude",
      retries: 0,
      messages: [user("Hi [[simulate: status=503 only=claude-sonnet-4-5-20250929]]")],
    };
    const fallback = await post("/chat/completions", down, { "x-fallback": `bedrock/${nova}` });
    expect(fallback.headers.get("x-model-used"), fallback.text).toBe(`bedrock/${nova}`);
    const balanced = await post("/chat/completions", {
      model: "gpt",
      messages: [user("Hi")],
      load_balance: { strategy: "weighted", targets: [{ model: `bedrock/${nova}` }] },
    });
    expect(balanced.headers.get("x-model-used"), balanced.text).toBe(`bedrock/${nova}`);
    const pixel =
      "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    const seen = await post("/vision", { model: `bedrock/${sonnet}`, prompt: "What?", image_url: pixel });
    expect(seen.status, seen.text).toBe(200);
    const battle = await post("/battle", { message: "Hi", models: [`bedrock/${sonnet}`, `bedrock/${nova}`] });
    expect(battle.status, battle.text).toBe(200);
    expect(battle.text).not.toContain("PROVIDER_AUTH_FAILED");
  });

  it("is listed with its price, and by its name with who serves it", async () => {
    const headers = { authorization: `Bearer ${account.apiKey}` };
    const get = (path: string) => send(`${cloud().baseUrl}/models${path}`, { headers });
    const facts = [
      [sonnet, "Claude Sonnet 4.5 (Bedrock us)", 3.3],
      [nova, "Nova Lite (Bedrock us)", 0.06],
      [application, "Claude Sonnet 5 (Bedrock)", 2],
      [globalSonnet, "Claude Sonnet 5 (Bedrock global)", 2],
    ] as const;
    const { data } = (await get("")).json() as { readonly data: readonly { readonly id: string }[] };
    const listed = data.filter(({ id }) => id.startsWith("bedrock/"));
    expect(listed).toMatchObject(
      facts.map(([id, name, input]) => ({ id: `bedrock/${id}`, name, owned_by: "bedrock", pricing: { input } })),
    );
    for (const [index, [, , input]] of facts.entries()) {
      const { id = "" } = listed[index] ?? {};
      const providers = [{ provider: "bedrock", model: id, own_key_only: false, pricing: { input } }];
      expect((await get(`/${id}`)).json()).toMatchObject({ ...listed[index], providers });
    }
    // One that the stage does not name has a price too, and is served by one's own key.
    const other = (await get("/bedrock/eu.amazon.nova-lite-v1:0")).json();
    expect(other).toMatchObject({ providers: [{ own_key_only: true, pricing: { input: 0.069 } }] });
    for (const name of ["bedrock/", "bedrock/..", "bedrock/nobody.knows-v1", "bedrock/amazon.titan-embed-text-v2:0"]) {
      expect((await get(`/${encodeURIComponent(name)}`)).status).toBe(404);
    }
  });

  it("is one of the hosts of its model that a request may have without naming them", async () => {
    const down = "Hi [[simulate: status=503 only=anthropic/claude-sonnet-5]]";
    const chat = { model: "claude-sonnet-5", retries: 0, messages: [user(down)] };
    const reply = await post("/chat/completions", {
      ...chat,
      provider: { order: ["openrouter"], ignore: ["anthropic"] },
    });
    expect(reply.headers.get("x-model-used"), reply.text).toBe(`bedrock/${globalSonnet}`);
    const listed = await send(`${cloud().baseUrl}/models/claude-sonnet-5`, {
      headers: { authorization: `Bearer ${account.apiKey}` },
    });
    const { providers } = listed.json() as { providers: readonly { provider: string; own_key_only: boolean }[] };
    expect(providers.find(({ provider }) => provider === "bedrock")).toMatchObject({ own_key_only: false });
  });

  it("is paid by the caller's own key where there is one, with its cost shown", async () => {
    const owner = await newAccount();
    const stored = await owner.browser.post("/api/v1/provider-keys", {
      provider: "bedrock",
      slug: "aws",
      displayName: "AWS",
      apiKey: "ABSK-0123456789",
    });
    expect(stored.status, stored.text).toBe(201);
    const usage = await usageOf(await ask(nova, {}, {}, owner), owner);
    expect(usage).toMatchObject({ byok: true, status: "ok" });
    expect(usage.costPicoUsd).toBe(BigInt(usage.inputTokens) * 60_000n + BigInt(usage.outputTokens) * 240_000n);
    // Through any other profile as well.
    const other = await usageOf(await ask("eu.amazon.nova-lite-v1:0", {}, {}, owner), owner);
    expect(other.costPicoUsd).toBe(BigInt(other.inputTokens) * 69_000n + BigInt(other.outputTokens) * 276_000n);
    expect((await cloud().admission(owner.userId)).spentPicoUsd).toBe(0n);
  });
});

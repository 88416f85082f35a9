import { describe, expect, it } from "vitest";
import { Browser } from "#tests/accounts/support/gateway.ts";
import { type Reply, send, user } from "#tests/e2e/client.ts";
import { useCloud } from "#tests/support/cloud.ts";

/** The platform's role at Amazon Bedrock, and other tenants' keys for it: nobody gets more than the stage names. */

const named = "global.anthropic.claude-sonnet-5";
const cloud = useCloud({ env: { RATE_LIMIT_SCALE: "100", BEDROCK_MODELS: named } });

interface Account {
  readonly userId: string;
  readonly apiKey: string;
  readonly browser: Browser;
}

const newAccount = async (): Promise<Account> => {
  const { userId, ...signIn } = await cloud().createUser();
  const browser = await Browser.of(cloud().url).signIn(signIn);
  const key = await browser.post("/api/v1/keys", { name: "Attack", rateLimit: 10_000 });
  return { userId, browser, apiKey: key.data<{ key: string }>().key };
};

const post = ({ apiKey }: Account, path: string, body: object, headers = {}): Promise<Reply> =>
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

const chat = (model: string, marker: string, more: object = {}) => ({
  model,
  retries: 0,
  max_tokens: 20,
  messages: [user(marker)],
  ...more,
});

/** Names that are near to the one that the stage names. */
const unnamed = [
  "anthropic.claude-sonnet-5",
  "us.anthropic.claude-sonnet-5",
  "global.anthropic.claude-opus-5",
  "Global.anthropic.claude-sonnet-5",
  "global.anthropic.claude-sonnet-5:0",
  "global.anthropic.claude-sonnet-5/converse",
  "./global.anthropic.claude-sonnet-5",
  "../model/global.anthropic.claude-sonnet-5",
  "arn:aws:bedrock:us-east-1:000000000000:inference-profile/global.anthropic.claude-sonnet-5",
  "..",
];

describe("the platform's Bedrock", () => {
  it.each(unnamed)("is not asked for %s, in any dialect, on any way", async (id) => {
    const attacker = await newAccount();
    const model = `bedrock/${id}`;
    const marker = `marker-${crypto.randomUUID()}`;
    const body = chat(model, marker);
    const replies = [
      await post(attacker, "/chat/completions", body),
      await post(attacker, "/chat/completions", { ...body, stream: true }),
      await post(attacker, "/messages", { model, max_tokens: 20, messages: [user(marker)] }),
      await post(attacker, "/responses", { model, input: marker }),
      await post(attacker, "/embeddings", { model, input: marker }),
      await post(attacker, "/chat/completions", chat("bedrock/none.none", marker), { "x-fallback": model }),
    ];
    for (const reply of replies) expect([reply.status >= 400, reply.text]).toEqual([true, reply.text]);
    expect(await cloud().providerRequests(marker)).toEqual([]);
    expect((await cloud().admission(attacker.userId)).spentPicoUsd).toBe(0n);
  });

  it("is asked for the named one, so that the refusals above are no accident", async () => {
    const caller = await newAccount();
    const marker = `marker-${crypto.randomUUID()}`;
    const reply = await post(caller, "/chat/completions", chat(`bedrock/${named}`, marker));
    expect(reply.status, reply.text).toBe(200);
    expect(await cloud().providerRequests(marker)).not.toEqual([]);
  });

  it("is not paid for a caller who names a key of their own that does not serve it", async () => {
    const caller = await newAccount();
    const own = { provider: "openai", slug: "mine", displayName: "Mine", apiKey: "sk-0123456789abcdef" };
    expect((await caller.browser.post("/api/v1/provider-keys", own)).status).toBe(201);
    const marker = `marker-${crypto.randomUUID()}`;
    const body = chat(`bedrock/${named}`, marker);
    expect((await post(caller, "/chat/completions", body, { "x-provider-key": "mine" })).status).toBe(400);
    expect(await cloud().providerRequests(marker)).toEqual([]);
  });
});

describe("another tenant's key for Bedrock", () => {
  it("serves its owner alone, also under its slug", async () => {
    const [owner, stranger] = [await newAccount(), await newAccount()];
    const key = { provider: "bedrock", slug: "aws", displayName: "AWS", apiKey: "ABSK-0123456789" };
    expect((await owner.browser.post("/api/v1/provider-keys", key)).status).toBe(201);
    const model = "bedrock/us.amazon.nova-pro-v1:0";
    const marker = `marker-${crypto.randomUUID()}`;
    expect((await post(owner, "/chat/completions", chat(model, "mine"))).status).toBe(200);
    const asked = chat(model, marker);
    const balanced = { load_balance: { strategy: "weighted", targets: [{ model, provider_key: "aws" }] } };
    expect((await post(stranger, "/chat/completions", asked)).status).toBeGreaterThanOrEqual(400);
    expect((await post(stranger, "/chat/completions", asked, { "x-provider-key": "aws" })).status).toBe(400);
    expect((await post(stranger, "/chat/completions", { ...asked, ...balanced })).status).toBe(400);
    expect(await cloud().providerRequests(marker)).toEqual([]);
  });
});

import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { DynamoDBDocumentClient, ScanCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { afterAll, describe, expect, it } from "vitest";
import { rowKeys, utcDay } from "#core/db/row-keys.ts";
import { localDynamoDbClient } from "#infra/local/dynamodb/clients.ts";
import { chat, send, user } from "#tests/e2e/client.ts";
import { eventually, useCloud } from "#tests/support/cloud.ts";
import { type FakeProvider, type FakeProviderRequest, sse, startFakeProvider } from "#tests/support/fake-provider.ts";
import { Browser } from "./support/gateway.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "../..");

/** Two providers that fail for a message that says so, refuse a key that says so, and show which key arrived. */
const providers: FakeProvider[] = [];
const startProvider = async (answer: (text: string) => object): Promise<FakeProvider> => {
  const provider = await startFakeProvider((request, response) => {
    const { stream } = request.body as { stream?: boolean };
    const respond = (status: number, body: object): void => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    };
    if (keyOf(request).includes("refused")) {
      return respond(401, {
        error: { message: `Incorrect API key provided: ${keyOf(request)}`, type: "invalid_request_error" },
      });
    }
    if (JSON.stringify(request.body).includes("please fail")) {
      return respond(500, { error: { message: "down", type: "server_error" } });
    }
    if (stream !== true) return respond(200, answer("Hello"));
    const chunk = (delta: object, finish: string | null) => ({
      id: "chatcmpl-1",
      object: "chat.completion.chunk",
      created: 1,
      model: "gpt-4o-mini",
      choices: [{ index: 0, delta, finish_reason: finish }],
    });
    const usage = { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 };
    sse(response, [
      chunk({ role: "assistant", content: "" }, null),
      chunk({ content: "Hello" }, null),
      chunk({}, "stop"),
      { ...chunk({}, null), choices: [], usage },
      "data: [DONE]\n\n",
    ]);
  });
  providers.push(provider);
  return provider;
};

const openAiAnswer = (content: string) => ({
  id: "chatcmpl-1",
  object: "chat.completion",
  created: 1,
  model: "gpt-4o-mini",
  choices: [{ index: 0, message: { role: "assistant", content }, finish_reason: "stop" }],
  usage: { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 },
});
const anthropicAnswer = (text: string) => ({
  id: "msg_1",
  type: "message",
  role: "assistant",
  model: "claude-sonnet-4-6",
  content: [{ type: "text", text }],
  stop_reason: "end_turn",
  stop_sequence: null,
  usage: { input_tokens: 3, output_tokens: 1 },
});
const keyOf = ({ headers }: FakeProviderRequest): string =>
  (headers.authorization ?? String(headers["x-api-key"])).replace(/^Bearer /, "");

let openai: FakeProvider;
let anthropic: FakeProvider;
const platformOpenai = "sk-platform-openai-0000";
const platformAnthropic = "sk-platform-anthropic-0000";

const cloud = useCloud(async () => {
  openai = await startProvider(openAiAnswer);
  anthropic = await startProvider(anthropicAnswer);
  return {
    env: {
      RATE_LIMIT_SCALE: "100",
      OPENAI_BASE_URL: `${openai.url}/v1`,
      OPENAI_API_KEY: platformOpenai,
      ANTHROPIC_BASE_URL: anthropic.url,
      ANTHROPIC_API_KEY: platformAnthropic,
      LOG_LEVEL: "DEBUG",
    },
  };
});
afterAll(async () => {
  await Promise.all(providers.map((provider) => provider.close()));
});

const model = "gpt-4o-mini";
const fallback = "claude-sonnet-4-6";
let serial = 0;
const canaries: string[] = [];
const canary = (kind = "good"): string => {
  serial += 1;
  const key = `sk-canary-${kind}-${process.pid}-${serial}-abcd`;
  canaries.push(key);
  return key;
};

interface Account {
  readonly userId: string;
  readonly browser: Browser;
  /** A ck_ key of the same user. */
  readonly apiKey: string;
}

const newAccount = async (): Promise<Account> => {
  const account = await cloud().createUser();
  const browser = await Browser.of(cloud().url).signIn(account);
  const { key } = (await browser.post("/api/v1/keys", { name: "BYOK", rateLimit: 10_000 })).data<{ key: string }>();
  return { userId: account.userId, browser, apiKey: key };
};

const store = async ({ browser }: Account, apiKey: string, slug: string, provider = "openai"): Promise<string> => {
  const reply = await browser.post("/api/v1/provider-keys", { provider, slug, displayName: slug, apiKey });
  expect(reply.status, reply.text).toBe(201);
  return reply.data<{ id: string }>().id;
};

const ask = async ({ apiKey }: Account, body: object = {}, slug?: string) => {
  const marker = `question ${++serial}`;
  // Each question is another one: the cache has no say here.
  const reply = await chat(cloud(), { model, retries: 0, messages: [user(marker)], ...body }, apiKey, {
    headers: { ...(slug === undefined ? {} : { "x-provider-key": slug }), "x-cache": "no-cache" },
  });
  return reply;
};

/** Keys that reached a provider by whoever did `work`. */
const keysSeenBy = async (provider: FakeProvider, work: () => Promise<unknown>): Promise<readonly string[]> => {
  const before = provider.requests.length;
  await work();
  return provider.requests.slice(before).map(keyOf);
};

const rotateCommand = (): Promise<{ stdout: string; stderr: string }> =>
  run(process.execPath, ["infra/commands/rotate-provider-keys.ts", "--local"], {
    cwd: root,
    env: { PATH: process.env.PATH, LOCAL_DATA_DIR: cloud().dataDir },
  });

/** Books platform money on a user's day, as if it had been spent. */
const spend = async (userId: string, picoUsd: bigint): Promise<void> => {
  const client = localDynamoDbClient(cloud().ready.local.dynamoDbEndpoint);
  await DynamoDBDocumentClient.from(client).send(
    new UpdateCommand({
      TableName: cloud().ready.local.tableNames.keys,
      Key: rowKeys.admission(userId),
      UpdateExpression: "SET #spend = :spent, #open = if_not_exists(#open, :none)",
      ExpressionAttributeNames: { "#spend": `spend#${utcDay(Date.now())}`, "#open": "open" },
      ExpressionAttributeValues: { ":spent": picoUsd, ":none": {} },
    }),
  );
  client.destroy();
};

describe("chat with the caller's own provider keys", () => {
  it("uses the platform's key without one, and the caller's as soon as it is stored", async () => {
    const account = await newAccount();
    const own = canary();
    expect(await keysSeenBy(openai, () => ask(account))).toEqual([platformOpenai]);
    await store(account, own, "main");
    expect(await keysSeenBy(openai, () => ask(account))).toEqual([own]);
    expect(await keysSeenBy(openai, () => ask(account, { stream: true }))).toEqual([own]);
  });

  it("uses the newest of several, and the one that X-Provider-Key picks by slug", async () => {
    const account = await newAccount();
    const keys = [canary(), canary(), canary()];
    for (const [index, key] of keys.entries()) await store(account, key, `key-${index}`);
    expect(await keysSeenBy(openai, () => ask(account))).toEqual([keys[2]]);
    expect(await keysSeenBy(openai, () => ask(account, {}, "key-0"))).toEqual([keys[0]]);
    expect(await keysSeenBy(openai, () => ask(account, { stream: true }, "key-1"))).toEqual([keys[1]]);
  });

  it("uses a key for its own provider only", async () => {
    const account = await newAccount();
    const own = canary();
    await store(account, own, "claude", "anthropic");
    expect(await keysSeenBy(openai, () => ask(account))).toEqual([platformOpenai]);
    expect(await keysSeenBy(anthropic, () => ask(account, { model: fallback }))).toEqual([own]);
  });

  it("is a 400 that asks nobody for a slug that the caller does not have, another user's, or another provider's", async () => {
    const account = await newAccount();
    const stranger = await newAccount();
    await store(stranger, canary(), "strangers");
    await store(account, canary(), "claude", "anthropic");
    const seen = await keysSeenBy(openai, async () => {
      for (const slug of ["nobodys", "strangers", "claude", "../main", "a".repeat(300)]) {
        const reply = await ask(account, {}, slug);
        expect(reply.status).toBe(400);
        expect(reply.error()).toMatchObject({ code: "BAD_REQUEST", param: "X-Provider-Key" });
      }
    });
    expect(seen).toEqual([]);
  });

  it("falls back to the caller's key for the other provider, else to the platform's", async () => {
    const account = await newAccount();
    const failing = { messages: [user("please fail")], fallback: [fallback] };
    await store(account, canary(), "main");
    // The fallback fails as well: which key it was asked with is what counts.
    expect(await keysSeenBy(anthropic, () => ask(account, failing))).toEqual([platformAnthropic]);
    const claude = canary();
    await store(account, claude, "claude", "anthropic");
    expect(await keysSeenBy(anthropic, () => ask(account, failing))).toEqual([claude]);
  });

  it("never spends platform money with X-Provider-Key: a fallback without a key of the caller is not asked", async () => {
    const account = await newAccount();
    await store(account, canary(), "main");
    const failing = { messages: [user("please fail")], fallback: [fallback] };
    let status = 0;
    const seen = await keysSeenBy(anthropic, async () => {
      status = (await ask(account, failing, "main")).status;
    });
    expect(seen).toEqual([]);
    expect(status).toBeGreaterThanOrEqual(500);
    expect((await cloud().admission(account.userId)).spentPicoUsd).toBe(0n);
  });

  it("does not use a deleted key from the very next request on", async () => {
    const account = await newAccount();
    const own = canary();
    const id = await store(account, own, "main");
    // Its data key is unwrapped and kept by then.
    expect(await keysSeenBy(openai, () => ask(account))).toEqual([own]);
    expect((await account.browser.delete(`/api/v1/provider-keys/${id}`)).status).toBe(204);
    expect(await keysSeenBy(openai, () => ask(account))).toEqual([platformOpenai]);
    expect((await ask(account, {}, "main")).status).toBe(400);
  });

  it("says that it was the caller's key that the provider refused, and repeats no key", async () => {
    const account = await newAccount();
    const refused = canary("refused");
    await store(account, refused, "main");
    const reply = await ask(account);
    expect(reply.status).toBe(502);
    expect(reply.error()).toMatchObject({ code: "PROVIDER_AUTH_FAILED" });
    expect(JSON.stringify(reply.error()).toLowerCase()).toMatch(/byok|your/);
    expect(reply.text).not.toContain(refused);
  });

  it("goes on when the daily cap on platform money is reached, where others get 402", async () => {
    const account = await newAccount();
    await spend(account.userId, 5_000_000_000_000n);
    const refused = await ask(account);
    expect(refused.error()).toMatchObject({ code: "SPEND_LIMIT_EXCEEDED" });
    expect(refused.status).toBe(402);
    const own = canary();
    await store(account, own, "main");
    expect(await keysSeenBy(openai, async () => expect((await ask(account)).status).toBe(200))).toEqual([own]);
    expect(await keysSeenBy(openai, async () => expect((await ask(account, {}, "main")).status).toBe(200))).toEqual([
      own,
    ]);
    // What is paid by the caller is not booked.
    expect((await cloud().admission(account.userId)).spentPicoUsd).toBe(5_000_000_000_000n);
    // A fallback that only the platform could pay for is not asked.
    const failing = { messages: [user("please fail")], fallback: [fallback] };
    expect(await keysSeenBy(anthropic, () => ask(account, failing))).toEqual([]);
  });

  it("lets a battle go on over the cap when the caller's keys pay for all of it, and only then", async () => {
    const account = await newAccount();
    await spend(account.userId, 5_000_000_000_000n);
    const battle = (models: string) =>
      send(`${cloud().baseUrl}/battle`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${account.apiKey}` },
        body: JSON.stringify({ message: `question ${++serial}`, models }),
      });
    const own = canary();
    await store(account, own, "main");
    const mixed = await battle(`${model},${fallback}`);
    expect(mixed.error().code).toBe("SPEND_LIMIT_EXCEEDED");
    const seen = await keysSeenBy(openai, async () => {
      const reply = await battle(`${model},gpt-4o`);
      expect(reply.status, reply.text).toBe(200);
    });
    expect(seen).toEqual([own, own]);
    await eventually(async () => {
      const { open, spentPicoUsd } = await cloud().admission(account.userId);
      expect({ open, spentPicoUsd }).toEqual({ open: [], spentPicoUsd: 5_000_000_000_000n });
    });
  });

  it("shows what it cost apart from what the platform paid", async () => {
    const account = await newAccount();
    expect((await ask(account)).status).toBe(200);
    await store(account, canary(), "main");
    expect((await ask(account)).status).toBe(200);
    await eventually(async () => {
      const usage = (await account.browser.get("/api/v1/usage")).data<{
        totalRequests: number;
        totalCost: number;
        byokCost: number;
      }>();
      expect(usage.totalRequests).toBe(2);
      expect(usage.byokCost).toBeGreaterThan(0);
      expect(usage.byokCost).toBeCloseTo(usage.totalCost / 2, 15);
    });
  });
});

describe("npm run operator -- rotate-provider-keys --local", () => {
  it("re-encrypts every stored key while chats go on, each with its own key", async () => {
    const accounts = await Promise.all(Array.from({ length: 3 }, newAccount));
    const keys: string[] = [];
    for (const account of accounts) {
      const key = canary();
      keys.push(key);
      await store(account, key, "main");
      expect(await keysSeenBy(openai, () => ask(account))).toEqual([key]);
    }
    let running = true;
    const chats = (async () => {
      const statuses: number[] = [];
      while (running) for (const account of accounts) statuses.push((await ask(account)).status);
      return statuses;
    })();
    const { stdout } = await rotateCommand().finally(() => {
      running = false;
    });
    expect(JSON.parse(stdout)).toMatchObject({ skipped: 0, failed: 0 });
    expect(JSON.parse(stdout).rotated).toBeGreaterThanOrEqual(3);
    expect(new Set(await chats)).toEqual(new Set([200]));
    for (const [index, account] of accounts.entries()) {
      expect(await keysSeenBy(openai, () => ask(account))).toEqual([keys[index]]);
    }
  });
});

describe("no provider key", () => {
  it("is in the functions' log, in any table or in any of the cloud's files", async () => {
    const { dynamoDbEndpoint, tableNames } = cloud().ready.local;
    const client = localDynamoDbClient(dynamoDbEndpoint);
    let rows = "";
    for (const TableName of Object.values(tableNames)) {
      rows += JSON.stringify((await DynamoDBDocumentClient.from(client).send(new ScanCommand({ TableName }))).Items);
    }
    client.destroy();
    const files = await Promise.all(
      ["functions.log", "unkey.json", "supabase.json", "kms.json"].map((file) =>
        readFile(join(cloud().dataDir, file), "utf8"),
      ),
    );
    const everything = [rows, ...files].join("\n");
    expect(canaries.length).toBeGreaterThan(10);
    expect(rows).toContain('"last4":"abcd"');
    for (const key of canaries) {
      expect(everything).not.toContain(key);
      expect(everything).not.toContain(Buffer.from(key).toString("base64"));
    }
    expect(everything).not.toContain(platformOpenai);
  });
});

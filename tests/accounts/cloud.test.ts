import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { DynamoDBDocumentClient, PutCommand } from "@aws-sdk/lib-dynamodb";
import { beforeAll, describe, expect, it } from "vitest";
import { rowKeys, utcDay } from "#core/db/row-keys.ts";
import { openShardOf } from "#core/db/usage-events.ts";
import { localDynamoDbClient } from "#infra/local/dynamodb/clients.ts";
import { chat, user } from "#tests/e2e/client.ts";
import { eventually, useCloud } from "#tests/support/cloud.ts";
import { Browser, overHttp } from "./support/gateway.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "../..");
const dayMs = 86_400_000;

interface Usage {
  readonly totalRequests: number;
  readonly errors: number;
  readonly totalCost: number;
  readonly byKey: Readonly<Record<string, { readonly requests: number }>>;
}

/** `npm start`, under API Gateway's stage prefix: no absolute path may be assumed. */
const cloud = useCloud({ flags: ["--stage", "prod"], env: { RATE_LIMIT_SCALE: "100", SCHEDULE_SCALE: "12" } });

/** An operator's command on the data of the running cloud. */
const command = async (name: string, ...parameters: readonly string[]): Promise<Record<string, unknown>> => {
  const { stdout } = await run(process.execPath, [`infra/commands/${name}.ts`, "--local", ...parameters], {
    cwd: root,
    env: { PATH: process.env.PATH, LOCAL_DATA_DIR: cloud().dataDir },
  });
  return JSON.parse(stdout) as Record<string, unknown>;
};

const newBrowser = (): Browser => new Browser({ host: new URL(cloud().url).host, transport: overHttp(cloud().url) });
const ask = (key: string, text = `Hello ${Math.random()}`) =>
  chat(cloud(), { model: "gpt-4o-mini", messages: [user(text)] }, key);

describe("accounts on a running cloud under a stage prefix", () => {
  let browser: Browser;
  let account: { readonly userId: string; readonly email: string; readonly password: string };

  beforeAll(async () => {
    account = await cloud().createUser();
    browser = await newBrowser().signIn(account);
  });

  const create = async (): Promise<{ readonly keyId: string; readonly key: string }> =>
    (await browser.post("/api/v1/keys", { name: "A key" })).data();
  const usage = async (query = ""): Promise<Usage> => (await browser.get(`/api/v1/usage${query}`)).data<Usage>();

  it("signs in and out by cookies of the prefix", async () => {
    const own = newBrowser();
    const reply = await own.post("/api/auth/sign-in", { email: account.email, password: account.password });
    expect(reply.setCookies.length).toBeGreaterThan(0);
    for (const cookie of reply.setCookies) {
      expect(cookie.split("; ")).toEqual(expect.arrayContaining(["Path=/prod/", "HttpOnly", "SameSite=Lax"]));
    }
    expect((await own.get("/api/auth/session")).data()).toEqual({
      user: { id: account.userId, email: account.email },
      signedInAt: expect.any(String),
    });
    expect((await own.post("/api/auth/sign-out")).status).toBe(204);
    expect(own.cookies.size).toBe(0);
  });

  it("signs in the demo user of ready.json", async () => {
    const own = await newBrowser().signIn(cloud().ready.user);
    expect((await own.get("/api/auth/session")).status).toBe(200);
  });

  it("signs in by OAuth and leads back under the prefix", async () => {
    const own = newBrowser();
    const out = await own.get("/api/auth/oauth/github?next=/dashboard/keys");
    const back = await fetch(out.headers.location ?? "", { redirect: "manual" });
    const callback = back.headers.get("location") ?? "";
    expect(callback.startsWith(`${cloud().url}/api/auth/callback?`)).toBe(true);
    const reply = await own.get(callback.slice(cloud().url.length));
    expect([reply.status, reply.headers.location]).toEqual([303, "/prod/dashboard/keys"]);
    expect((await own.get("/api/auth/session")).status).toBe(200);
  });

  it("refuses a revoked key on the very next call, in another function than the one that revoked it", async () => {
    const { key, keyId } = await create();
    expect((await ask(key)).status).toBe(200);
    expect((await browser.delete(`/api/v1/keys/${keyId}`)).status).toBe(204);
    const reply = await ask(key);
    expect([reply.status, reply.error().code]).toEqual([401, "INVALID_API_KEY"]);
  });

  it("refuses a disabled key on the very next call and takes it again once enabled", async () => {
    const { key, keyId } = await create();
    expect((await ask(key)).status).toBe(200);
    await browser.patch(`/api/v1/keys/${keyId}`, { enabled: false });
    expect((await ask(key)).status).toBe(401);
    await browser.patch(`/api/v1/keys/${keyId}`, { enabled: true });
    expect((await ask(key)).status).toBe(200);
  });

  it("shows each request once, by way of the stream, to the session and to the key", async () => {
    const own = await cloud().createUser();
    const session = await newBrowser().signIn(own);
    const { key, keyId } = (await session.post("/api/v1/keys", { name: "Counted" })).data<{
      key: string;
      keyId: string;
    }>();
    for (let index = 0; index < 5; index++) expect((await ask(key)).status).toBe(200);
    expect((await ask(key, "Hello [[simulate: status=400]]")).status).toBe(400);
    await eventually(async () => {
      const shown = (await session.get("/api/v1/usage")).data<Usage>();
      expect(shown).toMatchObject({ totalRequests: 6, errors: 1, byKey: { [keyId]: { requests: 6 } } });
      expect(shown.totalCost).toBeGreaterThan(0);
    });
    const byKey = await fetch(`${cloud().url}/api/v1/usage`, { headers: { authorization: `Bearer ${key}` } });
    expect(((await byKey.json()) as { data: Usage }).data).toEqual((await session.get("/api/v1/usage")).data());
  });

  it("disable-user ends all of a user's keys at once, and the session makes no new one", async () => {
    const own = await cloud().createUser();
    const session = await newBrowser().signIn(own);
    const keys = [];
    for (let index = 0; index < 3; index++) {
      keys.push((await session.post("/api/v1/keys", { name: "Doomed" })).data<{ key: string }>().key);
    }
    // One that was made in Unkey by hand has no row of ours, and goes with the user all the same.
    keys.push((await cloud().createKey({ userId: own.userId })).key);
    for (const key of keys) expect((await ask(key)).status).toBe(200);
    expect(await command("disable-user", own.userId)).toEqual({ userId: own.userId, disabled: true, keysRevoked: 3 });
    for (const key of keys) expect((await ask(key)).status).toBe(401);
    expect((await session.post("/api/v1/keys", { name: "Too late" })).status).toBe(403);
    expect(await command("disable-user", "--enable", own.userId)).toMatchObject({ enabled: true });
    expect((await session.post("/api/v1/keys", { name: "Back" })).status).toBe(201);
    expect((await ask(keys[0] ?? "")).status).toBe(401);
  });

  it("rebuild-usage makes a day of the past from its events", async () => {
    const day = utcDay(Date.now() - 3 * dayMs);
    const { dynamoDbEndpoint, tableNames } = cloud().ready.local;
    const client = localDynamoDbClient(dynamoDbEndpoint);
    const documents = DynamoDBDocumentClient.from(client);
    for (let index = 0; index < 4; index++) {
      const requestId = `req_past_${index}`;
      const event = {
        userId: account.userId,
        day,
        requestId,
        generation: 0,
        route: "ChatCompletions",
        keyId: "key_past",
        status: "ok",
        model: "gpt-4o-mini",
        provider: "openai",
        startedAt: Date.parse(`${day}T12:00:00Z`),
        inputTokens: 10,
        outputTokens: 5,
        costPicoUsd: 1_000_000,
      };
      await documents.send(
        new PutCommand({
          TableName: tableNames.usage,
          Item: { ...rowKeys.usageEvent(account.userId, day, requestId, 0), ...event },
        }),
      );
    }
    const query = `?from=${day}&to=${day}`;
    await eventually(async () => expect((await usage(query)).totalRequests).toBe(4));
    await documents.send(
      new PutCommand({
        TableName: tableNames.rollups,
        Item: {
          ...rowKeys.rollup(account.userId, day, "key_past", "gpt-4o-mini"),
          day,
          keyId: "key_past",
          model: "gpt-4o-mini",
          provider: "openai",
          requests: 77,
        },
      }),
    );
    client.destroy();
    expect((await usage(query)).totalRequests).toBe(77);
    expect(await command("rebuild-usage", day)).toEqual({ users: 1, events: 4 });
    expect(await usage(query)).toMatchObject({ totalRequests: 4, totalCost: 0.000004 });
  });

  it("commands say what they miss, and do nothing", async () => {
    await expect(command("disable-user")).rejects.toMatchObject({ stderr: expect.stringContaining("Name a user") });
    await expect(command("disable-user", "ada")).rejects.toMatchObject({
      stderr: expect.stringContaining("ada is not a user id"),
    });
    await expect(command("disable-user", "--revoke")).rejects.toMatchObject({
      stderr: expect.stringMatching(
        /^Unknown option '--revoke'\.\n\nUsage: npm run operator -- disable-user <user id>/,
      ),
    });
    expect(await command("disable-user", crypto.randomUUID())).toMatchObject({
      keysRevoked: 0,
      warning: expect.stringContaining("Check the id"),
    });
    await expect(command("rebuild-usage")).rejects.toMatchObject({ stderr: expect.stringContaining("Name a UTC day") });
    await expect(command("rebuild-usage", utcDay(Date.now()))).rejects.toMatchObject({
      stderr: expect.stringContaining("can still gain events"),
    });
    const outside = run(process.execPath, ["infra/commands/rotate-provider-keys.ts"], {
      cwd: root,
      env: { PATH: process.env.PATH },
    });
    await expect(outside).rejects.toMatchObject({ stderr: expect.stringContaining("sst shell") });
  });

  it("counts a request that its function never settled, once the sweeper has", async () => {
    const requestId = "req_killed_1";
    const startedAt = Date.now() - 3_600_000;
    const day = utcDay(startedAt);
    const { dynamoDbEndpoint, tableNames } = cloud().ready.local;
    const client = localDynamoDbClient(dynamoDbEndpoint);
    await DynamoDBDocumentClient.from(client).send(
      new PutCommand({
        TableName: tableNames.usage,
        Item: {
          ...rowKeys.usageEvent(account.userId, day, requestId, 0),
          userId: account.userId,
          day,
          requestId,
          generation: 0,
          route: "ChatCompletions",
          keyId: "key_killed",
          status: "open",
          model: "gpt-4o-mini",
          provider: "openai",
          startedAt,
          reservedPicoUsd: 500,
          openShard: openShardOf(requestId),
          openUntil: String(Math.floor(startedAt / 1_000) + 330),
        },
      }),
    );
    client.destroy();
    // The sweeper runs every minute on AWS, as EventBridge calls it; here every five seconds.
    await expect
      .poll(async () => (await usage(`?from=${day}`)).byKey.key_killed?.requests, { timeout: 100_000, interval: 1_000 })
      .toBe(1);
    expect((await usage(`?from=${day}&keyId=key_killed`)).errors).toBe(1);
  }, 120_000);
});

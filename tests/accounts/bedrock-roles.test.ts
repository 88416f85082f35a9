import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { rowKeys } from "#core/db/row-keys.ts";
import { chat, type Reply, send, user } from "#tests/e2e/client.ts";
import { useCloud } from "#tests/support/cloud.ts";
import { Browser, type HttpReply } from "./support/gateway.ts";

/** IAM roles of callers in place of keys for Amazon Bedrock: whose role serves whom, and who cannot be made to serve anybody. */

const cloud = useCloud({ env: { RATE_LIMIT_SCALE: "100", LOG_LEVEL: "DEBUG" } });

const path = "/api/v1/provider-keys";
const model = "bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0";

interface Account {
  readonly userId: string;
  readonly browser: Browser;
  readonly apiKey: string;
  readonly externalId: string;
}

const listed = async (browser: Browser) =>
  (await browser.get(path)).json<{ bedrockExternalId: string; bedrockPrincipal: string; data: object[] }>();

const newAccount = async (): Promise<Account> => {
  const { userId, ...signIn } = await cloud().createUser();
  const browser = await Browser.of(cloud().url).signIn(signIn);
  const { key } = (await browser.post("/api/v1/keys", { name: "Roles", rateLimit: 10_000 })).data<{ key: string }>();
  return { userId, browser, apiKey: key, externalId: (await listed(browser)).bedrockExternalId };
};

const newArn = (rolePath = ""): string => `arn:aws:iam::123456789012:role/${rolePath}bedrock-${randomUUID()}`;

const store = ({ browser }: Account, roleArn: string, changes: object = {}): Promise<HttpReply> =>
  browser.post(path, {
    provider: "bedrock",
    slug: "aws",
    displayName: "AWS",
    region: "eu-central-1",
    roleArn,
    ...changes,
  });
const idOf = (reply: HttpReply): string => reply.data<{ id: string }>().id;

let serial = 0;
const ask = ({ apiKey }: Account, body: object = {}, headers: Record<string, string> = {}): Promise<Reply> =>
  chat(cloud(), { model, retries: 0, messages: [user(`question ${++serial}`)], ...body }, apiKey, {
    headers: { "x-cache": "no-cache", ...headers },
  });
const post = ({ apiKey }: Account, endpoint: string, body: object): Promise<Reply> =>
  send(`${cloud().baseUrl}${endpoint}`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${apiKey}`, "x-cache": "no-cache" },
    body: JSON.stringify(body),
  });

/** An account with a role that trusts it. */
const withRole = async (rolePath = ""): Promise<Account & { readonly roleArn: string; readonly id: string }> => {
  const account = await newAccount();
  const roleArn = newArn(rolePath);
  await cloud().putRole(roleArn, account.externalId);
  const stored = await store(account, roleArn, { verify: true });
  expect(stored.status, stored.text).toBe(201);
  return { ...account, roleArn, id: idOf(stored) };
};

describe("an IAM role in place of a key", () => {
  it("serves in every dialect, streamed or not, and is paid by its owner", async () => {
    const account = await withRole("team/");
    for (const stream of [false, true]) {
      const reply = await ask(account, { stream });
      expect(reply.status, reply.text).toBe(200);
      expect(reply.headers.get("x-model-used")).toBe(model);
      const messages = await post(account, "/messages", { model, stream, max_tokens: 50, messages: [user("Hi")] });
      expect(messages.status, messages.text).toBe(200);
      const responses = await post(account, "/responses", { model, stream, input: "Hi" });
      expect(responses.status, responses.text).toBe(200);
      expect((await cloud().settledUsage(account.userId, reply.requestId)).byok).toBe(true);
    }
    const gpt = { model: "bedrock/us.openai.gpt-5.5", input: `Hi ${randomUUID()}` };
    for (const stream of [false, true]) {
      const answered = await post(account, "/responses", { ...gpt, stream });
      expect([answered.status, answered.headers.get("x-model-used")], answered.text).toEqual([200, gpt.model]);
    }
    const sent = await cloud().providerRequests(gpt.input);
    expect(sent.map(({ path: asked }) => asked)).toEqual(expect.arrayContaining(["/openai/v1/responses"]));
    const embedded = await post(account, "/embeddings", { model: "bedrock/amazon.titan-embed-text-v2:0", input: "Hi" });
    expect(embedded.status, embedded.text).toBe(200);
  });

  it("is shown without a secret: its ARN, and no part of a key", async () => {
    const account = await withRole();
    const { data, bedrockPrincipal } = await listed(account.browser);
    expect(bedrockPrincipal).toBe("arn:aws:iam::000000000000:root");
    expect(data).toEqual([
      expect.objectContaining({ roleArn: account.roleArn, last4: "", region: "eu-central-1", paused: false }),
    ]);
    expect(JSON.stringify(data)).not.toContain(account.externalId);
    const row = await cloud().row("providerKeys", rowKeys.laterProviderKey(account.userId, account.id));
    // Versions that know no roles leave it out.
    expect(row).toMatchObject({ provider: "bedrock-role" });
  });

  it("is assumed once for many requests, by a session that names the first of them", async () => {
    const account = await withRole();
    const before = (await cloud().askedRoles(account.roleArn)).length;
    const first = await ask(account);
    // The environment that has just answered is free again, and gets the next request.
    await cloud().settledUsage(account.userId, first.requestId);
    for (let index = 0; index < 3; index += 1) {
      const { status, requestId } = await ask(account);
      expect(status).toBe(200);
      await cloud().settledUsage(account.userId, requestId);
    }
    const asked = (await cloud().askedRoles(account.roleArn)).slice(before);
    // One with the caller's external id, and one with another, which is refused.
    expect(asked.map(({ granted }) => granted).toSorted()).toEqual([false, true]);
    for (const { sessionName, policy = "" } of asked) {
      expect(sessionName).toBe(`concurred-${first.requestId}`);
      expect(policy).not.toContain("*:");
      expect(JSON.parse(policy)).toMatchObject({
        Statement: [{ Action: expect.arrayContaining(["bedrock:InvokeModel"]) }],
      });
      expect(`${sessionName}${policy}`).not.toContain(account.userId);
    }
    expect(asked.find(({ granted }) => granted)?.externalId).toBe(account.externalId);
  });

  it("is tested before it is stored", async () => {
    const account = await newAccount();
    const roleArn = newArn();
    const test = () => account.browser.post(`${path}/test`, { provider: "bedrock", roleArn });
    expect((await test()).data()).toMatchObject({ ok: false, status: 403 });
    expect((await store(account, roleArn, { verify: true })).error()).toMatchObject({
      code: "BAD_REQUEST",
      param: "roleArn",
    });
    await cloud().putRole(roleArn, account.externalId);
    expect((await test()).data()).toMatchObject({ ok: true, message: null });
    expect((await store(account, roleArn, { verify: true })).status).toBe(201);
  });

  it("serves no request while it is paused, nor once it is deleted", async () => {
    const account = await withRole();
    expect((await ask(account)).status).toBe(200);
    await account.browser.patch(`${path}/${account.id}`, { paused: true });
    expect((await ask(account)).status).not.toBe(200);
    await account.browser.patch(`${path}/${account.id}`, { paused: false });
    expect((await ask(account)).status).toBe(200);
    await account.browser.delete(`${path}/${account.id}`);
    expect((await ask(account)).error()).toMatchObject({ code: "PROVIDER_AUTH_FAILED" });
  });

  it("that does not trust the gateway is PROVIDER_AUTH_FAILED in words that help, and a fallback still serves", async () => {
    const account = await newAccount();
    const roleArn = newArn();
    expect((await store(account, roleArn)).status).toBe(201);
    const refused = await ask(account);
    expect(refused.error()).toMatchObject({
      code: "PROVIDER_AUTH_FAILED",
      details: { provider: "bedrock", byok: true },
    });
    expect(refused.error().message).toContain("the role of your provider key");
    // A key's holder does not learn whose role it is; the owner's test says what to change.
    expect(refused.text).not.toContain(roleArn);
    const tested = await account.browser.post(`${path}/test`, { provider: "bedrock", region: "us-east-1", roleArn });
    expect(tested.text).toContain(roleArn);
    expect(tested.text).toContain("external id");
    // Neither STS's words, which name the function's role, nor the id itself.
    expect(refused.text).not.toMatch(/assumed-role|not authorized/);
    expect(refused.text).not.toContain(account.externalId);
    expect((await ask(account, { fallback: ["gpt-5.2"] })).headers.get("x-model-used")).toBe("gpt-5.2");
    // It serves as soon as it does.
    await cloud().putRole(roleArn, account.externalId);
    expect((await ask(account)).status).toBe(200);
  });

  it("may do no more than its own policy allows, and the caller reads AWS's words", async () => {
    const account = await newAccount();
    const roleArn = newArn();
    const policy = { Statement: [{ Effect: "Allow", Action: ["bedrock:InvokeModel"], Resource: "*" }] };
    await cloud().putRole(roleArn, account.externalId, { policy });
    expect((await store(account, roleArn, { verify: true })).status).toBe(201);
    expect((await ask(account)).status).toBe(200);
    expect((await ask(account, { stream: true })).error()).toMatchObject({ code: "PROVIDER_AUTH_FAILED" });
  });

  it("passes a guardrail's id where the role allows to apply it", async () => {
    const account = await newAccount();
    const roleArn = newArn();
    const guarded = { guardrailConfig: { guardrailIdentifier: "gr-1", guardrailVersion: "1" } };
    await cloud().putRole(roleArn, account.externalId);
    await store(account, roleArn);
    expect((await ask(account, guarded)).error()).toMatchObject({ code: "PROVIDER_AUTH_FAILED" });
    const Action = ["bedrock:InvokeModel", "bedrock:ApplyGuardrail"];
    const allowing = { policy: { Statement: [{ Effect: "Allow", Action, Resource: "*" }] } };
    const other = newArn();
    await cloud().putRole(other, account.externalId, allowing);
    await store(account, other, { slug: "guarded" });
    const marker = `guarded ${randomUUID()}`;
    const reply = await ask(account, { ...guarded, messages: [user(marker)] });
    expect(reply.status, reply.text).toBe(200);
    const [sent] = await cloud().providerRequests(marker);
    expect(sent?.body).toMatchObject(guarded);
  });
});

describe("an external id", () => {
  it("is the user's own, and stays", async () => {
    const [first, second] = [await newAccount(), await newAccount()];
    expect(first.externalId).toMatch(/^concurred-[0-9a-f]{40}$/);
    expect(second.externalId).not.toBe(first.externalId);
    expect((await listed(first.browser)).bedrockExternalId).toBe(first.externalId);
    await store(first, newArn());
    expect((await listed(first.browser)).bedrockExternalId).toBe(first.externalId);
  });

  it("is the same for calls that come at once, the first ones too", async () => {
    const { userId: _, ...signIn } = await cloud().createUser();
    const browser = await Browser.of(cloud().url).signIn(signIn);
    const ids = await Promise.all(Array.from({ length: 4 }, async () => (await listed(browser)).bedrockExternalId));
    expect(new Set(ids).size).toBe(1);
  });

  it("is not chosen by the user", async () => {
    const account = await newAccount();
    for (const field of ["externalId", "bedrockExternalId"]) {
      const reply = await store(account, newArn(), { [field]: "mine-0123456789" });
      expect(reply.error().code).toBe("BAD_REQUEST");
    }
  });
});

describe("the confused deputy", () => {
  it("gets nothing of another user's role, whose trust policy requires the owner's external id", async () => {
    const owner = await withRole();
    const thief = await newAccount();
    expect((await store(thief, owner.roleArn, { verify: true })).error()).toMatchObject({ param: "roleArn" });
    expect((await store(thief, owner.roleArn)).status).toBe(201);
    expect((await ask(owner)).status).toBe(200);
    // Also where the owner's session is in memory.
    for (const body of [{}, { stream: true }]) {
      expect((await ask(thief, body)).error()).toMatchObject({ code: "PROVIDER_AUTH_FAILED" });
    }
    const asked = await cloud().askedRoles(owner.roleArn);
    expect(asked.filter(({ granted }) => granted).every(({ externalId }) => externalId === owner.externalId)).toBe(
      true,
    );
  });

  it.each<[string, object | undefined]>([
    ["no external id", undefined],
    ["any external id", { StringLike: { "sts:ExternalId": "*" } }],
  ])("is refused a role that requires %s, to its owner too", async (_name, Condition) => {
    const account = await newAccount();
    const roleArn = newArn();
    const trust = {
      Effect: "Allow",
      Principal: { AWS: "arn:aws:iam::000000000000:root" },
      Action: "sts:AssumeRole",
      ...(Condition === undefined ? {} : { Condition }),
    };
    await cloud().putRole(roleArn, account.externalId, { trustPolicy: { Statement: [trust] } });
    const tested = await account.browser.post(`${path}/test`, { provider: "bedrock", roleArn });
    expect(tested.data()).toMatchObject({ ok: false, message: expect.stringContaining("sts:ExternalId") });
    await store(account, roleArn);
    const reply = await ask(account);
    expect(reply.error()).toMatchObject({ code: "PROVIDER_AUTH_FAILED" });
    // Who holds a key does not learn that the role is open to everyone.
    expect(reply.text).not.toContain("sts:ExternalId");
    expect(reply.text).not.toContain(roleArn);
  });

  it.each([
    "arn:aws:iam::000000000000:role/concurred-local-ChatCompletions",
    "arn:aws:iam::000000000000:role/path/admin",
    "arn:aws-cn:iam::123456789012:role/bedrock",
    "arn:aws-us-gov:iam::123456789012:role/bedrock",
    "arn:aws:iam::123456789012:user/bedrock",
    "arn:aws:iam::123456789012:role/*",
    "arn:aws:iam::*:role/bedrock",
    "not an ARN",
  ])("never asks AWS for %s", async (roleArn) => {
    const account = await newAccount();
    await cloud()
      .putRole(roleArn, account.externalId)
      .catch(() => undefined);
    for (const reply of [
      await store(account, roleArn),
      await store(account, roleArn, { verify: true }),
      await account.browser.post(`${path}/test`, { provider: "bedrock", roleArn }),
    ]) {
      expect(reply.error()).toMatchObject({ code: "BAD_REQUEST", param: "roleArn" });
    }
    expect(await cloud().askedRoles(roleArn)).toEqual([]);
  });

  it("gets no role of the gateway's own account, were a row changed", async () => {
    const account = await withRole();
    const key = rowKeys.laterProviderKey(account.userId, account.id);
    const arn = "arn:aws:iam::000000000000:role/admin";
    await cloud().putRole(arn, account.externalId);
    await cloud().setAttribute("providerKeys", key, "awsRole", { arn, externalId: account.externalId });
    expect((await ask(account)).error()).toMatchObject({ code: "BAD_REQUEST", param: "roleArn" });
    expect(await cloud().askedRoles(arn)).toEqual([]);
  });

  it.each([
    [{ apiKey: "ABSK-0123456789" }, "apiKey"],
    [{ roleArn: undefined }, "apiKey"],
    [{ roleArn: "" }, "roleArn"],
    [{ roleArn: 5 }, "roleArn"],
    [{ provider: "openai" }, "apiKey"],
  ])("has one access: %j is a 400", async (changes, param) => {
    const account = await newAccount();
    const reply = await store(account, newArn(), changes);
    expect(reply.status).toBe(400);
    expect(reply.error().param?.split(".")[0]).toBe(param);
  });
});

it("no log has an external id, or anything that AWS gave for one", async () => {
  const account = await withRole();
  await ask(account);
  const log = await cloud().log();
  expect(log).not.toContain(account.externalId);
  expect(log).not.toMatch(/ASIA[0-9A-F]{16}/);
});

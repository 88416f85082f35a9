import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { documents } from "#core/db/document-client.ts";
import type { SealedRow } from "#core/db/provider-key-rows.ts";
import { insertProviderKey, listProviderKeys } from "#core/db/provider-keys.ts";
import { forgetDataKeys } from "#core/encryption/data-key.ts";
import { canary, flipBit, tamper } from "#tests/core/provider-keys/rows.ts";
import { hasTables, tablesName } from "#tests/core/support/tables.ts";
import { type FakeProvider, startFakeProvider } from "#tests/support/fake-provider.ts";
import { Browser, type HttpReply, request } from "./support/gateway.ts";
import { captureLog } from "./support/log.ts";
import { kmsKeyId, kmsOperation, useStandIns } from "./support/stand-ins.ts";

const answer = {
  id: "chatcmpl-1",
  object: "chat.completion",
  created: 1,
  model: "gpt-4o-mini",
  choices: [{ index: 0, message: { role: "assistant", content: "Hello" }, finish_reason: "stop" }],
  usage: { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 },
};
const platformKey = "sk-platform-0000";

describe.skipIf(!hasTables)(`a stored provider key that cannot be opened (${tablesName})`, () => {
  const standIns = useStandIns();
  const log = captureLog();
  let provider: FakeProvider;
  let account: Account;

  interface Account {
    readonly userId: string;
    readonly browser: Browser;
    readonly apiKey: string;
  }

  beforeAll(async () => {
    provider = await startFakeProvider((_request, response) => {
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
    });
    process.env.OPENAI_BASE_URL = `${provider.url}/v1`;
    process.env.SST_RESOURCE_OpenaiApiKey = JSON.stringify({ value: platformKey });
  });
  afterAll(async () => {
    await provider.close();
    documents.destroy();
  });
  beforeEach(async () => {
    forgetDataKeys();
    account = await newAccount();
  });

  const newAccount = async (): Promise<Account> => {
    const user = await standIns().createUser();
    const browser = await new Browser().signIn(user);
    const { key } = (await browser.post("/api/v1/keys", { name: "Chat" })).data<{ key: string }>();
    return { userId: user.userId, browser, apiKey: key };
  };
  const store = async ({ browser, userId }: Account, apiKey: string): Promise<SealedRow> => {
    const body = { provider: "openai", slug: "main", displayName: "Main", apiKey };
    const { id } = (await browser.post("/api/v1/provider-keys", body)).data<{ id: string }>();
    const row = (await listProviderKeys(userId)).find((candidate) => candidate.id === id);
    if (row === undefined) throw new Error("The key was not stored");
    return row as SealedRow;
  };
  const ask = (who: Account, body: object = {}): Promise<HttpReply> =>
    request({
      method: "POST",
      path: "/api/v1/chat/completions",
      headers: { authorization: `Bearer ${who.apiKey}`, "x-cache": "no-cache" },
      body: { model: "gpt-4o-mini", messages: [{ role: "user", content: "Hello" }], ...body },
    });
  /** Nobody was asked: neither with the caller's key nor, in its place, with the platform's. */
  const askInVain = async (who: Account, body: object = {}): Promise<HttpReply> => {
    const before = provider.requests.length;
    const reply = await ask(who, body);
    expect(provider.requests).toHaveLength(before);
    return reply;
  };
  const expectClean = (reply: HttpReply, secret: string): void => {
    for (const text of [reply.text, JSON.stringify(reply.headers), log.text()]) {
      expect(text).not.toContain(secret);
      expect(text).not.toContain(platformKey);
    }
  };

  it("serves a chat while nothing is wrong", async () => {
    const secret = canary();
    await store(account, secret);
    expect((await ask(account)).status).toBe(200);
    expect(provider.requests.at(-1)?.headers.authorization).toBe(`Bearer ${secret}`);
  });

  it.each(["wrappedKey", "nonce", "ciphertext", "tag"] as const)(
    "since a bit of its %s is flipped is a 500 that names it, and no key is in the log",
    async (part) => {
      const secret = canary();
      const row = await store(account, secret);
      await tamper(
        row,
        part === "wrappedKey"
          ? { wrappedKey: flipBit(row.wrappedKey, 300) }
          : { sealed: { ...row.sealed, [part]: flipBit(row.sealed[part], 21) } },
      );
      for (const stream of [false, true]) {
        const reply = await askInVain(account, { stream });
        expect(reply.error()).toMatchObject({ code: "INTERNAL_ERROR", details: { providerKeyId: row.id } });
        expectClean(reply, secret);
      }
      expect(log.text()).toContain("A stored provider key cannot be decrypted");
      expect(log.text()).toContain(row.id);
    },
  );

  it("since it was copied from another user's row is a 500, and the key is not used for who has the copy", async () => {
    const secret = canary();
    const row = await store(account, secret);
    const thief = await newAccount();
    await insertProviderKey({ ...row, userId: thief.userId });
    const reply = await askInVain(thief);
    expect(reply.error().code).toBe("INTERNAL_ERROR");
    expectClean(reply, secret);
    expect((await ask(account)).status).toBe(200);
  });

  it("since its provider was changed is a 500: no other provider is sent the key", async () => {
    const secret = canary();
    const body = { provider: "anthropic", slug: "main", displayName: "Main", apiKey: secret };
    await account.browser.post("/api/v1/provider-keys", body);
    const [row] = await listProviderKeys(account.userId);
    if (row === undefined) throw new Error("The key was not stored");
    await tamper(row, { provider: "openai" });
    const reply = await askInVain(account);
    expect(reply.error().code).toBe("INTERNAL_ERROR");
    expectClean(reply, secret);
  });

  it("while KMS is out of reach is a 503, and works again after", async () => {
    const secret = canary();
    await store(account, secret);
    standIns().kms.intercept = () => ({ kind: "reset" });
    const reply = await askInVain(account);
    expect(reply.error().code).toBe("SERVICE_UNAVAILABLE");
    expect(reply.headers["retry-after"]).toBeDefined();
    expectClean(reply, secret);
    standIns().kms.reset();
    expect((await ask(account)).status).toBe(200);
  });

  it("while the KMS key is disabled or KMS denies it is a 5xx, and works again after", async () => {
    const secret = canary();
    await store(account, secret);
    await kmsOperation(standIns().kms, "DisableKey", { KeyId: kmsKeyId });
    const disabled = await askInVain(account);
    await kmsOperation(standIns().kms, "EnableKey", { KeyId: kmsKeyId });
    standIns().kms.intercept = () => ({
      kind: "answer",
      status: 400,
      body: JSON.stringify({ __type: "AccessDeniedException", Message: `denied for ${secret}` }),
    });
    const denied = await askInVain(account);
    standIns().kms.reset();
    for (const reply of [disabled, denied]) {
      expect(reply.status).toBeGreaterThanOrEqual(500);
      expect(reply.error().message).not.toContain(secret);
    }
    expect((await ask(account)).status).toBe(200);
  });

  it("is not asked of KMS again within five minutes, so a short outage goes unnoticed", async () => {
    await store(account, canary());
    expect((await ask(account)).status).toBe(200);
    standIns().kms.intercept = () => ({ kind: "reset" });
    expect((await ask(account)).status).toBe(200);
  });

  it("leaves no open request and no money reserved behind", async () => {
    const row = await store(account, canary());
    await tamper(row, { wrappedKey: flipBit(row.wrappedKey, 300) });
    await askInVain(account);
    const admission = (await standIns().rows("keys")).find(
      ({ pk, sk }) => pk === `USER#${account.userId}` && sk === "ADMISSION",
    );
    expect(admission?.open).toEqual({});
    const spent = Object.entries(admission ?? {}).filter(([name, value]) => name.startsWith("spend#") && value !== 0);
    expect(spent).toEqual([]);
  });
});

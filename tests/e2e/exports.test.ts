import { Webhook } from "standardwebhooks";
import { beforeAll, describe, expect, it } from "vitest";
import type { CollectedMessage } from "#infra/local/collector/server.ts";
import { Browser, overHttp } from "#tests/accounts/support/gateway.ts";
import { eventually, type TestKey, useCloud } from "#tests/support/cloud.ts";
import { chat, send, user } from "./client.ts";

/** Scheduled functions run every second. */
const cloud = useCloud({ env: { RATE_LIMIT_SCALE: "100", SCHEDULE_SCALE: "60" } });

interface Account {
  readonly browser: Browser;
  readonly key: TestKey;
}

interface ExportView extends Readonly<Record<string, unknown>> {
  readonly id: string;
  readonly secret?: string;
}

const newAccount = async (): Promise<Account> => {
  const account = await cloud().createUser();
  const host = new URL(cloud().url).host;
  const browser = await new Browser({ host, transport: overHttp(cloud().url) }).signIn(account);
  return { browser, key: await cloud().createKey({ userId: account.userId }) };
};

const collector = (): string => cloud().ready.local.collector;
const received = async (marker: string): Promise<readonly CollectedMessage[]> => {
  const { messages } = (await (await fetch(`${collector()}/received`)).json()) as {
    messages: readonly CollectedMessage[];
  };
  return messages.filter(({ headers }) => headers["x-marker"] === marker);
};
const answerWith = (status: number) =>
  send(`${collector()}/answer`, { method: "POST", body: JSON.stringify({ status }) });

const ask = async (key: TestKey, text = "Hello"): Promise<string> => {
  const reply = await chat(cloud(), { model: "gpt-4o-mini", messages: [user(text)] }, key.key);
  expect(reply.status, reply.text).toBe(200);
  await cloud().settledUsage(key.userId, reply.requestId);
  return reply.requestId;
};

const create = async ({ browser }: Account, body: object): Promise<ExportView> => {
  const reply = await browser.post("/api/v1/exports", body);
  expect(reply.status, reply.text).toBe(201);
  return reply.data<ExportView>();
};

const idsIn = (messages: readonly CollectedMessage[]): readonly string[] =>
  messages.flatMap(({ body }) => [...JSON.stringify(body).matchAll(/req_[0-9a-f-]{36}/g)].map(([id]) => id));

describe("exports of a running gateway", () => {
  let account: Account;
  beforeAll(async () => {
    account = await newAccount();
  });

  it("sends each request as spans with the owner's headers, which nobody is shown again", async () => {
    const marker = crypto.randomUUID();
    const secret = `Bearer ${crypto.randomUUID()}`;
    const made = await create(account, {
      kind: "otlp",
      url: `${collector()}/v1/traces`,
      headers: { authorization: secret, "x-marker": marker },
    });
    expect(made).toMatchObject({ kind: "otlp", headerNames: ["authorization", "x-marker"], sampling: 1, keys: null });
    const requestId = await ask(account.key);
    const messages = await eventually(async () => {
      const found = await received(marker);
      expect(idsIn(found)).toContain(requestId);
      return found;
    });
    expect(messages[0]).toMatchObject({ path: "/v1/traces", headers: { authorization: secret } });
    expect(messages[0]?.body).toMatchObject({ resourceSpans: [{ scopeSpans: [{ spans: expect.any(Array) }] }] });
    const list = await account.browser.get("/api/v1/exports");
    const deliveries = await account.browser.get("/api/v1/deliveries");
    for (const text of [JSON.stringify(made), list.text, deliveries.text, await cloud().log()]) {
      expect(text).not.toContain(secret);
    }
    expect(JSON.stringify(await cloud().rows("jobs"))).not.toContain(secret);
    await account.browser.send({ method: "DELETE", path: `/api/v1/exports/${made.id}` });
  });

  it.each(["otlp", "webhook"])(
    "sends prompts and answers by %s only where both the key and the export ask for them, and keeps them out of rows with backups",
    async (kind) => {
      const marks = { with: crypto.randomUUID(), without: crypto.randomUUID() };
      const [prompt, answer] = [`prompt-${marks.with}`, `answer-${marks.with}`];
      const url = `${collector()}/${kind === "otlp" ? "v1/traces" : "webhook"}`;
      const { browser } = account;
      const made = await Promise.all(
        (["with", "without"] as const).map((name) =>
          create(account, {
            kind,
            url,
            headers: { "x-marker": marks[name] },
            ...(name === "with" ? { includeContent: true } : {}),
          }),
        ),
      );
      expect(made.map(({ includeContent }) => includeContent)).toEqual([true, false]);
      const key = await browser.post("/api/v1/keys", { name: "Recording", recordContent: { days: 1 } });
      const recording = { ...account.key, ...key.data<{ key: string; keyId: string }>() };
      const recorded = await ask(recording, `${prompt} [[simulate: text=${answer}]]`);
      const plain = await ask(account.key, `Not ${prompt} [[simulate: text=not ${answer}]]`);
      const [messages, others] = await eventually(async () => {
        const found = await Promise.all([received(marks.with), received(marks.without)]);
        for (const some of found) expect(idsIn(some)).toEqual(expect.arrayContaining([recorded, plain]));
        return found;
      });
      const text = JSON.stringify(messages);
      expect([text.includes(prompt), text.includes(answer)]).toEqual([true, true]);
      expect(text).not.toMatch(/[Nn]ot (?:prompt|answer)-/);
      if (kind === "otlp") expect(text).toMatch(/gen_ai\.input\.messages.*gen_ai\.output\.messages/);
      else expect(text).toMatch(/"content":\{"prompt":\{"messages"/);
      expect(JSON.stringify(others)).not.toContain(marks.with);
      for (const table of ["jobs", "usage", "cache", "rollups"] as const) {
        const rows = JSON.stringify(await cloud().rows(table), (_name, value: unknown) =>
          typeof value === "bigint" ? String(value) : value,
        );
        expect([table, rows.includes(prompt), rows.includes(answer)]).toEqual([table, false, false]);
      }
      for (const { id } of made) await browser.send({ method: "DELETE", path: `/api/v1/exports/${id}` });
    },
  );

  it("signs a webhook's messages, filters by key, and exports feedback", async () => {
    const marker = crypto.randomUUID();
    const other = await cloud().createKey({ userId: account.key.userId });
    const made = await create(account, {
      kind: "webhook",
      url: `${collector()}/webhook`,
      headers: { "x-marker": marker },
      keys: [other.keyId],
    });
    const left = await ask(account.key);
    const requestId = await ask(other);
    await send(`${cloud().baseUrl}/requests/${requestId}/feedback`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${other.key}` },
      body: JSON.stringify({ score: 1 }),
    });
    const messages = await eventually(async () => {
      const found = await received(marker);
      expect(JSON.stringify(found)).toContain('"score":1');
      return found;
    });
    expect(idsIn(messages)).toContain(requestId);
    expect(idsIn(messages)).not.toContain(left);
    const { headers, body } = messages[0] ?? { headers: {}, body: {} };
    const verify = () => new Webhook(made.secret ?? "").verify(JSON.stringify(body), headers as Record<string, string>);
    expect(verify()).toMatchObject({ type: "requests" });
    await account.browser.send({ method: "DELETE", path: `/api/v1/exports/${made.id}` });
  });

  it("keeps what a failing collector was not given, shows it, and delays and costs no request anything", async () => {
    const marker = crypto.randomUUID();
    await answerWith(503);
    const made = await create(account, {
      kind: "otlp",
      url: `${collector()}/v1/traces`,
      headers: { "x-marker": marker },
    });
    const requestId = await ask(account.key);
    const pending = await eventually(async () => {
      expect(idsIn(await received(marker))).toContain(requestId);
      const { pending: rows } = (await account.browser.get("/api/v1/deliveries")).data<{
        pending: readonly Readonly<Record<string, unknown>>[];
      }>();
      expect(rows.some(({ lastStatus }) => lastStatus === 503)).toBe(true);
      return rows;
    });
    await answerWith(200);
    expect(pending[0]).toMatchObject({ kind: "export", state: "pending", exportId: made.id, origin: collector() });
    await account.browser.send({ method: "DELETE", path: `/api/v1/exports/${made.id}` });
  });

  it("sends nothing of a disabled or deleted export, and nothing of another account", async () => {
    const marker = crypto.randomUUID();
    const other = await newAccount();
    const body = { kind: "otlp", url: `${collector()}/v1/traces`, headers: { "x-marker": marker } };
    const made = await create(account, body);
    const off = await account.browser.send({
      method: "PATCH",
      path: `/api/v1/exports/${made.id}`,
      body: { enabled: false },
    });
    expect(off.data<ExportView>()).toMatchObject({ enabled: false, headerNames: ["x-marker"] });
    await ask(account.key);
    const sentinelMarker = crypto.randomUUID();
    const sentinel = await create(other, { ...body, headers: { "x-marker": sentinelMarker } });
    const requestId = await ask(other.key);
    await eventually(async () =>
      expect(idsIn(await received(sentinelMarker))).toEqual(expect.arrayContaining([requestId])),
    );
    expect(await received(marker)).toEqual([]);
    await other.browser.send({ method: "DELETE", path: `/api/v1/exports/${sentinel.id}` });
    expect((await other.browser.send({ method: "DELETE", path: `/api/v1/exports/${made.id}` })).status).toBe(404);
    await account.browser.send({ method: "DELETE", path: `/api/v1/exports/${made.id}` });
  });

  it("needs new headers for another origin, so that stored ones go nowhere else", async () => {
    const made = await create(account, {
      kind: "otlp",
      url: `${collector()}/v1/traces`,
      headers: { authorization: "Bearer x" },
    });
    const path = `/api/v1/exports/${made.id}`;
    const moved = await account.browser.send({ method: "PATCH", path, body: { url: "http://127.0.0.1:9/v1/traces" } });
    expect(moved.error()).toMatchObject({ code: "BAD_REQUEST", param: "headers" });
    const same = await account.browser.send({ method: "PATCH", path, body: { url: `${collector()}/other` } });
    expect(same.status).toBe(200);
    await account.browser.send({ method: "DELETE", path });
  });

  it.each([
    [{ url: "https://10.0.0.1/x" }, "url"],
    [{ url: "https://169.254.169.254/latest" }, "url"],
    [{ url: "http://93.184.215.14/x" }, "url"],
    [{ url: "https://user:pass@93.184.215.14/" }, "url"],
    [{ url: "file:///etc/passwd" }, "url"],
    [{ url: "https://metadata.internal/" }, "url"],
    [{ kind: "grpc" }, "kind"],
    [{ sampling: 2 }, "sampling"],
    [{ sampling: -1 }, "sampling"],
    [{ keys: [] }, "keys"],
    [{ headers: { host: "x" } }, undefined],
    [{ headers: { "a b": "x" } }, undefined],
    [{ headers: { a: "x\r\ny: z" } }, undefined],
    [{ headers: { "webhook-id": "x" } }, undefined],
    [{ unknown: 1 }, "unknown"],
  ])("refuses %j", async (changes, param) => {
    const body = { kind: "otlp", url: "https://93.184.215.14/v1/traces", ...changes };
    const reply = await account.browser.post("/api/v1/exports", body);
    expect(reply.status, reply.text).toBe(400);
    if (param !== undefined) expect(reply.error().param).toBe(param);
  });

  it("takes ten exports of an account and no more", async () => {
    const own = await newAccount();
    const body = { kind: "otlp", url: `${collector()}/v1/traces` };
    for (let made = 0; made < 10; made++) await create(own, body);
    expect((await own.browser.post("/api/v1/exports", body)).error().code).toBe("CONFLICT");
  });
});

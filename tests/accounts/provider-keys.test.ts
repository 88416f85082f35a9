import { randomUUID } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import { forgetDataKeys } from "#core/encryption/data-key.ts";
import { operationOf } from "#tests/core/support/relay.ts";
import { hasTables, tablesName } from "#tests/core/support/tables.ts";
import { Browser } from "./support/gateway.ts";
import { captureLog } from "./support/log.ts";
import { kmsKeyId, kmsOperation, useStandIns } from "./support/stand-ins.ts";

interface View {
  readonly id: string;
  readonly provider: string;
  readonly slug: string;
  readonly displayName: string;
  readonly last4: string;
  readonly createdAt: string;
}

const path = "/api/v1/provider-keys";

describe.skipIf(!hasTables)(`/api/v1/provider-keys (${tablesName})`, () => {
  const standIns = useStandIns();
  const log = captureLog();
  let browser: Browser;
  let userId: string;

  beforeEach(async () => {
    forgetDataKeys();
    const user = await standIns().createUser();
    userId = user.userId;
    browser = await new Browser().signIn(user);
  });

  const input = (changes: Readonly<Record<string, unknown>> = {}) => ({
    provider: "openai",
    slug: `slug-${randomUUID().slice(0, 8)}`,
    displayName: "Work account",
    apiKey: `sk-canary-${randomUUID()}`,
    ...changes,
  });
  /** A count of zero is no trace of a key. */
  const ownRows = async () =>
    (await standIns().rows("providerKeys")).filter(
      ({ pk, keyCount }) => pk === `USER#${userId}` && keyCount !== 0,
    ) as readonly Record<string, unknown>[];
  const list = async (who = browser): Promise<readonly View[]> => (await who.get(path)).data<readonly View[]>();

  it("stores a key and answers exactly what may be seen of it", async () => {
    const body = input({ displayName: "  Wörk ✓ " });
    const reply = await browser.post(path, body);
    expect(reply.status).toBe(201);
    const view = reply.data<View>();
    expect(view).toEqual({
      id: expect.stringMatching(/^pk_/),
      provider: "openai",
      slug: body.slug,
      displayName: "Wörk ✓",
      last4: body.apiKey.slice(-4),
      createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
      paused: false,
      lastUsedAt: null,
    });
    expect(await list()).toEqual([view]);
  });

  it("answers 201 for a key that is stored, also where it cannot be counted once more", async () => {
    standIns().dynamoDb.intercept = (request) =>
      operationOf(request) === "UpdateItem" ? conflict("TransactionConflict") : undefined;
    const reply = await browser.post(path, input());
    standIns().dynamoDb.reset();
    expect(reply.status).toBe(201);
    expect(await list()).toHaveLength(1);
  });

  it("lists newest first, and each user's own only", async () => {
    const slugs = [];
    for (let index = 0; index < 3; index++) slugs.push((await browser.post(path, input())).data<View>().slug);
    expect((await list()).map(({ slug }) => slug)).toEqual(slugs.reverse());
    const stranger = await new Browser().signIn(await standIns().createUser());
    expect(await list(stranger)).toEqual([]);
  });

  it("keeps the key itself out of every row, log line, answer and call but the one that brought it", async () => {
    const body = input();
    const created = await browser.post(path, body);
    const conflict = await browser.post(path, body);
    const refused = await browser.post(path, { ...body, provider: "nobody", extra: body.apiKey });
    standIns().kms.intercept = () => ({ kind: "reset" });
    const down = await browser.post(path, input({ apiKey: body.apiKey }));
    standIns().kms.reset();
    standIns().dynamoDb.intercept = (request) =>
      operationOf(request) === "TransactWriteItems" ? { kind: "reset" } : undefined;
    const tableDown = await browser.post(path, input({ apiKey: body.apiKey }));
    const requests = [...standIns().dynamoDb.requests, ...standIns().kms.requests, ...standIns().unkey.requests];
    standIns().dynamoDb.reset();
    const listed = await browser.get(path);
    expect([created, conflict, refused, down, tableDown].map(({ status }) => status)).toEqual([
      201, 409, 400, 503, 503,
    ]);
    const secret = body.apiKey;
    const encoded = Buffer.from(secret).toString("base64").slice(0, 40);
    const everything = JSON.stringify([
      [created, conflict, refused, down, tableDown, listed].map(({ text, headers }) => [text, headers]),
      await standIns().rows("providerKeys"),
      await standIns().rows("keys"),
      requests.map(({ body: sent, headers }) => [sent, headers]),
      log.text(),
    ]);
    expect(everything).not.toContain(secret);
    expect(everything).not.toContain(secret.slice(3, -4));
    expect(everything).not.toContain(encoded);
  });

  it("stores one of many that take the same slug at once, and answers the others 409", async () => {
    const slug = "the-same";
    const replies = await Promise.all(Array.from({ length: 8 }, () => browser.post(path, input({ slug }))));
    expect(replies.map(({ status }) => status).sort()).toEqual([201, ...Array.from({ length: 7 }, () => 409)]);
    expect(replies.find(({ status }) => status === 409)?.error()).toMatchObject({ code: "CONFLICT", param: "slug" });
    expect(await list()).toHaveLength(1);
    expect(await ownRows()).toHaveLength(3);
  });

  it("lets two users have the same slug, and frees a slug with its key", async () => {
    const stranger = await new Browser().signIn(await standIns().createUser());
    expect((await browser.post(path, input({ slug: "main" }))).status).toBe(201);
    expect((await stranger.post(path, input({ slug: "main" }))).status).toBe(201);
    const [own] = await list();
    expect((await browser.delete(`${path}/${own?.id}`)).status).toBe(204);
    expect((await browser.post(path, input({ slug: "main" }))).status).toBe(201);
    expect(await list(stranger)).toHaveLength(1);
  });

  it("deletes a key with all its rows, and says 404 the second time", async () => {
    const { id } = (await browser.post(path, input())).data<View>();
    const reply = await browser.delete(`${path}/${id}`);
    expect([reply.status, reply.text]).toEqual([204, ""]);
    expect(await ownRows()).toEqual([]);
    expect((await browser.delete(`${path}/${id}`)).error().code).toBe("NOT_FOUND");
  });

  it("does not delete another user's key: 404, as for one that nobody has", async () => {
    const { id } = (await browser.post(path, input())).data<View>();
    const stranger = await new Browser().signIn(await standIns().createUser());
    const others = await stranger.delete(`${path}/${id}`);
    const nobodys = await stranger.delete(`${path}/pk_nobodys`);
    expect(others.error()).toEqual(nobodys.error());
    expect(others.status).toBe(404);
    expect(await list()).toHaveLength(1);
  });

  it("deletes once when asked twice at once", async () => {
    const { id } = (await browser.post(path, input())).data<View>();
    const replies = await Promise.all([browser.delete(`${path}/${id}`), browser.delete(`${path}/${id}`)]);
    expect(replies.map(({ status }) => status).sort()).toEqual([204, 404]);
    expect(await ownRows()).toEqual([]);
  });

  it("finds a write whose answer was lost already done: one key, 201", async () => {
    let lost = false;
    standIns().dynamoDb.intercept = (request) => {
      if (operationOf(request) !== "TransactWriteItems" || lost) return undefined;
      lost = true;
      return { kind: "lose-answer" };
    };
    const reply = await browser.post(path, input());
    standIns().dynamoDb.reset();
    expect(reply.status).toBe(201);
    expect(await ownRows()).toHaveLength(3);
  });

  it.each([
    ["is disabled", 500],
    ["is out of reach", 503],
    ["denies the data key", 500],
  ] as const)("stores nothing while KMS %s", async (fault, status) => {
    const { kms } = standIns();
    if (fault === "is disabled") await kmsOperation(kms, "DisableKey", { KeyId: kmsKeyId });
    else if (fault === "is out of reach") kms.intercept = () => ({ kind: "reset" });
    else {
      kms.intercept = () => ({
        kind: "answer",
        status: 400,
        body: JSON.stringify({ __type: "AccessDeniedException", Message: "not authorized" }),
      });
    }
    const reply = await browser.post(path, input());
    kms.reset();
    if (fault === "is disabled") await kmsOperation(kms, "EnableKey", { KeyId: kmsKeyId });
    expect(reply.error()).toMatchObject({ code: status === 503 ? "SERVICE_UNAVAILABLE" : "INTERNAL_ERROR" });
    expect(await ownRows()).toEqual([]);
  });

  it("stores at most 50, also when they come at once, and one more for each that is removed", async () => {
    for (let index = 0; index < 48; index++) {
      expect((await browser.post(path, input())).status).toBe(201);
    }
    const replies = await Promise.all(Array.from({ length: 6 }, () => browser.post(path, input())));
    expect(replies.filter(({ status }) => status === 201)).toHaveLength(2);
    expect(replies.filter(({ status }) => status === 409)).toHaveLength(4);
    const keys = await list();
    expect(keys).toHaveLength(50);
    expect((await browser.delete(`${path}/${keys[0]?.id}`)).status).toBe(204);
    expect((await browser.post(path, input())).status).toBe(201);
    expect((await browser.post(path, input())).error()).toMatchObject({ code: "CONFLICT" });
  });

  it.each([1, 5])("stores a key through %d conflicts with other transactions", async (conflicts) => {
    let left = conflicts;
    standIns().dynamoDb.intercept = (request) =>
      operationOf(request) === "TransactWriteItems" && left-- > 0 ? conflict("TransactionConflict") : undefined;
    expect((await browser.post(path, input())).status).toBe(201);
    standIns().dynamoDb.reset();
    expect(await list()).toHaveLength(1);
  });

  it("answers 503, not a 500, when conflicts do not end, and stores nothing", async () => {
    standIns().dynamoDb.intercept = (request) =>
      operationOf(request) === "TransactWriteItems" ? conflict("TransactionConflict") : undefined;
    const reply = await browser.post(path, input());
    standIns().dynamoDb.reset();
    expect(reply.error()).toMatchObject({ code: "SERVICE_UNAVAILABLE" });
    expect(reply.headers["retry-after"]).toBeDefined();
    expect(await ownRows()).toEqual([]);
  });
});

/** What DynamoDB answers when another transaction holds the second item. The embedded engine never does. */
const conflict = (code: string) => ({
  kind: "answer" as const,
  status: 400,
  body: JSON.stringify({
    __type: "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
    Message: `Transaction cancelled, please refer cancellation reasons for specific reasons [None, ${code}]`,
    CancellationReasons: [{ Code: "None" }, { Code: code, Message: "Transaction is ongoing for the item" }],
  }),
});

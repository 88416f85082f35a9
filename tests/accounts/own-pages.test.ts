import { beforeEach, describe, expect, it } from "vitest";
import { budgetAttribute } from "#core/db/admission-row.ts";
import { periodName } from "#core/db/budget-period.ts";
import { playgroundKeyId } from "#core/db/key-limits.ts";
import { rowKeys } from "#core/db/row-keys.ts";
import { updateItem } from "#core/db/table.ts";
import { muteLog } from "#tests/core/support/lambda.ts";
import { hasTables, tablesName } from "#tests/core/support/tables.ts";
import { admissionOf, eventsOf, useFaultyGateway } from "#tests/faults/support/gateway.ts";
import { Browser, type HttpRequest, request } from "./support/gateway.ts";

muteLog();

/** Endpoints that take API keys take the session of the dashboard's own pages, and of nobody else. */

const own = { "x-concurred-page": "1", "sec-fetch-site": "same-origin", "x-cache": "no-cache" };
const user = { role: "user", content: "Hello" };
const models = ["gpt-4o-mini", "claude-haiku-4-5"];

const calls: readonly (readonly [name: string, path: string, body: object])[] = [
  ["a chat completion", "/api/v1/chat/completions", { model: "gpt-4o-mini", messages: [user] }],
  ["a streamed one", "/api/v1/chat/completions", { model: "gpt-4o-mini", messages: [user], stream: true }],
  ["/api/chat", "/api/chat", { mode: "chat", message: "Hello", models: ["gpt-4o-mini"], stream: false }],
  ["a battle", "/api/v1/battle", { message: "Hello", models, stream: false }],
  ["a fight", "/api/v1/fight", { message: "Hello", models }],
  ["a council", "/api/v1/council", { message: "Hello", models, stream: false }],
  ["a council in a chat", "/api/v1/chat/completions", { model: "concurred/council-budget", messages: [user] }],
];
const [, path, body] = calls[0] ?? ["", "", {}];

describe.skipIf(!hasTables)(`the session of the dashboard's own pages (${tablesName})`, () => {
  const gateway = useFaultyGateway();
  let account: Awaited<ReturnType<ReturnType<typeof gateway>["createUser"]>>;
  let browser: Browser;
  beforeEach(async () => {
    account = await gateway().createUser();
    browser = await new Browser().signIn(account);
  });

  const send = (headers: Readonly<Record<string, string>> = {}, wanted: Partial<HttpRequest> = {}) =>
    browser.send({ method: "POST", path, body, ...wanted, headers: { ...own, ...headers } });

  it.each(calls)("serves %s, metered as the Playground's and within its budget", async (_, path, body) => {
    const reply = await browser.send({ method: "POST", path, body, headers: own });
    expect({ status: reply.status, text: reply.status === 200 ? "" : reply.text }).toEqual({ status: 200, text: "" });
    const events = await eventsOf(account);
    expect(events.length).toBeGreaterThan(0);
    for (const { keyId, budget, userId } of events) {
      expect({ keyId, budget, userId }).toEqual({
        keyId: playgroundKeyId,
        budget: `playground#${periodName("day", Date.now())}`,
        userId: account.userId,
      });
    }
    expect((await admissionOf(account)).open).toBe(0);
  });

  it("lists the models, and cancels", async () => {
    expect((await browser.send({ path: "/api/v1/models", headers: own })).status).toBe(200);
    const nothing = `/api/v1/requests/req_${crypto.randomUUID()}/cancel`;
    expect((await browser.send({ method: "POST", path: nothing, headers: own })).error().code).toBe("NOT_FOUND");
  });

  it("counts the request by its user, in the endpoint's window", async () => {
    gateway().unkey.reset();
    await send();
    const counted = gateway().unkey.requests.filter((seen) => seen.path === "/v2/ratelimit.limit");
    expect(counted.map((seen) => (JSON.parse(seen.body) as { identifier: string }).identifier)).toEqual([
      account.userId,
    ]);
  });

  it("spends no more than the Playground's budget, whatever is left of the cap", async () => {
    const name = budgetAttribute(`${playgroundKeyId}#${periodName("day", Date.now())}`);
    await updateItem("keys", rowKeys.admission(account.userId), "SET #sum = :spent", {
      names: { "#sum": name },
      values: { ":spent": 1_000_000_000_000n },
    });
    expect((await send()).error()).toMatchObject({
      code: "BUDGET_EXCEEDED",
      message: expect.stringContaining("The Playground's daily budget of 1 USD"),
    });
    const { key } = (await browser.post("/api/v1/keys", { name: "Mine" })).data<{ key: string }>();
    expect((await send({ authorization: `Bearer ${key}` })).status).toBe(200);
  });

  it("shows its owner what is left of the Playground's budget, and an API key nothing of it", async () => {
    const name = budgetAttribute(`${playgroundKeyId}#${periodName("day", Date.now())}`);
    await updateItem("keys", rowKeys.admission(account.userId), "SET #sum = :spent", {
      names: { "#sum": name },
      values: { ":spent": 250_000_000_000n },
    });
    expect((await browser.get("/api/v1/limits")).data()).toMatchObject({
      key: null,
      playground: {
        usd: 1,
        period: "day",
        includeByok: false,
        spentUsd: 0.25,
        reservedUsd: 0,
        remainingUsd: 0.75,
        resetAt: expect.stringMatching(/T00:00:00\.000Z$/),
      },
    });
    const { key } = (await browser.post("/api/v1/keys", { name: "Mine" })).data<{ key: string }>();
    const asked = await request({ path: "/api/v1/limits", headers: { authorization: `Bearer ${key}` } });
    expect(asked.data()).toMatchObject({ playground: null });
  });

  it("keeps what it has spent when a key's budget goes", async () => {
    const name = budgetAttribute(`${playgroundKeyId}#${periodName("day", Date.now())}`);
    await updateItem("keys", rowKeys.admission(account.userId), "SET #sum = :spent", {
      names: { "#sum": name },
      values: { ":spent": 1_000_000_000_000n },
    });
    const budget = { usd: 1, period: "day" };
    const made = await browser.post("/api/v1/keys", { name: "Mine", budget });
    const { keyId } = made.data<{ keyId: string }>();
    expect((await browser.patch(`/api/v1/keys/${keyId}`, { budget: { ...budget, period: "total" } })).status).toBe(200);
    expect((await browser.patch(`/api/v1/keys/${keyId}`, { budget: null })).status).toBe(200);
    expect((await browser.delete(`/api/v1/keys/${keyId}`)).status).toBe(204);
    expect((await send()).error().code).toBe("BUDGET_EXCEEDED");
  });

  it.each(["authorization", "x-api-key"])("counts for less than an API key in %s", async (name) => {
    const { key, keyId } = (await browser.post("/api/v1/keys", { name: "Mine" })).data<{
      key: string;
      keyId: string;
    }>();
    expect((await send({ [name]: name === "authorization" ? `Bearer ${key}` : key })).status).toBe(200);
    expect((await eventsOf(account)).map((event) => event.keyId)).toEqual([keyId]);
    const wrong = "ck_00000000000000000000000";
    expect((await send({ [name]: name === "authorization" ? `Bearer ${wrong}` : wrong })).error().code).toBe(
      "INVALID_API_KEY",
    );
  });

  const without = (name: string) => Object.fromEntries(Object.entries(own).filter(([known]) => known !== name));

  it.each([
    ["without our header", 401, { headers: without("x-concurred-page") }],
    ["that does not say where it is from", 403, { headers: without("sec-fetch-site") }],
    ["from another site", 403, { headers: { ...own, "sec-fetch-site": "cross-site" } }],
    ["from a subdomain", 403, { headers: { ...own, "sec-fetch-site": "same-site" } }],
    ["that a person made", 403, { headers: { ...own, "sec-fetch-site": "none" } }],
    ["from another origin", 403, { headers: { ...own, origin: "https://evil.example" } }],
    ["that is a form", 415, { headers: { ...own, "content-type": "text/plain" } }],
  ])("is not taken from a request %s: %i", async (_, status, wanted) => {
    const reply = await browser.send({ method: "POST", path, body, ...wanted });
    expect(reply.status).toBe(status);
    expect(await eventsOf(account)).toEqual([]);
    expect(gateway().asked).toBe(0);
  });

  it("is not taken without a cookie, once it is signed out, or where its user is disabled", async () => {
    expect((await request({ method: "POST", path, body, headers: own })).status).toBe(401);
    await updateItem("keys", rowKeys.admission(account.userId), "SET disabledAt = :now", {
      values: { ":now": Date.now() },
    });
    expect((await send()).status).toBe(401);
    await browser.post("/api/auth/sign-out");
    expect((await send()).status).toBe(401);
    expect(await eventsOf(account).then((events) => events.filter(({ status }) => status === "ok"))).toEqual([]);
  });

  it("is not taken on any other endpoint that takes API keys", async () => {
    for (const [other, sent] of [
      ["/api/v1/embeddings", { model: "text-embedding-3-small", input: "Hello" }],
      ["/api/v1/messages", { model: "claude", max_tokens: 10, messages: [user] }],
      ["/api/v1/responses", { model: "gpt", input: "Hello" }],
    ] as const) {
      expect((await browser.send({ method: "POST", path: other, body: sent, headers: own })).status).toBe(401);
    }
  });
});

import { beforeAll, describe, expect, it } from "vitest";
import { Browser, overHttp } from "#tests/accounts/support/gateway.ts";
import { eventually, type TestKey, useStandardCloud } from "#tests/support/cloud.ts";
import { chat, type Reply, send, user } from "./client.ts";

const cloud = useStandardCloud();

interface Entry extends Readonly<Record<string, unknown>> {
  readonly id: string;
  readonly attempts: readonly Readonly<Record<string, unknown>>[];
}

const get = (path: string, key: TestKey): Promise<Reply> =>
  send(`${cloud().baseUrl}${path}`, { headers: { authorization: `Bearer ${key.key}` } });
const dataOf = <Data>(reply: Reply): Data => (reply.json() as { data: Data }).data;
const list = async (key: TestKey, query = ""): Promise<readonly Entry[]> => {
  const reply = await get(`/requests${query}`, key);
  expect(reply.status, reply.text).toBe(200);
  return dataOf<{ requests: readonly Entry[] }>(reply).requests;
};
const feedback = (id: string, body: unknown, key: TestKey): Promise<Reply> =>
  send(`${cloud().baseUrl}/requests/${id}/feedback`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${key.key}` },
    body: JSON.stringify(body),
  });

describe("the request log of a running gateway", () => {
  let browser: Browser;
  let owner: TestKey;
  let second: TestKey;
  let answered: string;
  let failed: string;
  let elsewhere: string;

  const ask = async (key: TestKey, body: object): Promise<string> => {
    const { requestId } = await chat(cloud(), { model: "gpt", ...body }, key.key);
    await cloud().settledUsage(key.userId, requestId);
    return requestId;
  };

  beforeAll(async () => {
    const account = await cloud().createUser();
    browser = await new Browser({ host: new URL(cloud().url).host, transport: overHttp(cloud().url) }).signIn(account);
    owner = await cloud().createKey({ userId: account.userId });
    second = await cloud().createKey({ userId: account.userId });
    answered = await ask(owner, { messages: [user("Hello")], metadata: { team: "search" } });
    failed = await ask(owner, { retries: 1, messages: [user("Hello [[simulate: status=500]]")] });
    elsewhere = await ask(second, { messages: [user("Hello")] });
  });

  it("shows a key its own requests, newest first, with what was asked, what served, tokens, cost and attempts", async () => {
    const [newest, oldest, ...others] = await eventually(async () => {
      const entries = await list(owner);
      expect(entries).toHaveLength(2);
      return entries;
    });
    expect(others).toEqual([]);
    expect([newest?.id, oldest?.id]).toEqual([failed, answered]);
    expect(oldest).toMatchObject({
      route: "ChatCompletions",
      dialect: "chat-completions",
      keyId: owner.keyId,
      status: "ok",
      httpStatus: 200,
      finishReason: "stop",
      askedModel: "gpt",
      provider: "openai",
      cache: "BYPASS",
      fallback: false,
      costSource: "list",
      tags: { team: "search" },
      gatewayOverheadMs: expect.any(Number),
      attempts: [{ result: "ok", httpStatus: 200, startedMs: expect.any(Number) }],
    });
    expect(newest).toMatchObject({ status: "error", httpStatus: 503, code: "MODEL_UNAVAILABLE" });
    expect(newest?.attempts.map(({ httpStatus }) => httpStatus)).toEqual([500, 500]);
  });

  it("shows a session the account's, and filters it by key, status, tag, model and provider", async () => {
    const ids = async (query = "") => {
      const reply = await browser.get(`/api/v1/requests${query}`);
      expect(reply.status, reply.text).toBe(200);
      return reply.data<{ requests: readonly Entry[] }>().requests.map(({ id }) => id);
    };
    expect(await ids()).toEqual([elsewhere, failed, answered]);
    await eventually(async () => expect(await ids(`?key=${second.keyId}`)).toEqual([elsewhere]));
    expect(await ids("?status=error")).toEqual([failed]);
    expect(await ids("?tag=team%3Dsearch")).toEqual([answered]);
    expect(await ids("?model=gpt&status=ok")).toEqual([elsewhere, answered]);
    expect(await ids("?provider=anthropic")).toEqual([]);
    expect(await ids("?to=2026-01-31&from=2026-01-01")).toEqual([]);
  });

  it("pages by its cursor", async () => {
    const first = await browser.get("/api/v1/requests?limit=2");
    const { requests, nextCursor } = first.data<{ requests: readonly Entry[]; nextCursor: string }>();
    expect(requests.map(({ id }) => id)).toEqual([elsewhere, failed]);
    const rest = await browser.get(`/api/v1/requests?limit=2&cursor=${nextCursor}`);
    expect(rest.data<{ requests: readonly Entry[] }>().requests.map(({ id }) => id)).toEqual([answered]);
  });

  it("shows one request with all its generations, and notes feedback beside it without counting its usage again", async () => {
    const given = await feedback(answered, { score: 1, comment: "Good", tags: ["exact"] }, owner);
    expect(given.status, given.text).toBe(200);
    await feedback(answered, { score: -1 }, owner);
    const data = dataOf<Entry & { generations: readonly Entry[] }>(await get(`/requests/${answered}`, owner));
    expect(data).toMatchObject({ id: answered, feedback: { score: -1, comment: null, tags: [] } });
    expect(data.generations).toMatchObject([{ id: answered, generation: 0 }]);
    await eventually(async () => {
      expect(dataOf<{ totalRequests: number }>(await get("/usage", owner)).totalRequests).toBe(3);
    });
  });

  it("shows all generations of a battle", async () => {
    const reply = await send(`${cloud().baseUrl}/battle`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${second.key}` },
      body: JSON.stringify({ message: "Which is it?", models: ["gpt", "claude"] }),
    });
    await reply.text;
    await cloud().settledUsage(second.userId, reply.requestId);
    const { generations } = dataOf<{ generations: readonly Entry[] }>(
      await get(`/requests/${reply.requestId}`, second),
    );
    expect(generations.length).toBeGreaterThanOrEqual(2);
    expect(new Set(generations.map(({ runId }) => runId))).toEqual(new Set([reply.requestId]));
  });

  it("answers 404 for another key's and another user's request, and an empty list for another key", async () => {
    const stranger = await cloud().createKey();
    for (const key of [second, stranger]) {
      expect((await get(`/requests/${answered}`, key)).error()).toMatchObject({ code: "NOT_FOUND", param: "id" });
      expect((await feedback(answered, { score: 1 }, key)).error().code).toBe("NOT_FOUND");
      expect(await list(key, `?key=${owner.keyId}`)).toEqual([]);
    }
    expect(await list(stranger)).toEqual([]);
  });

  it.each([
    ["status=maybe", "status"],
    ["limit=0", "limit"],
    ["limit=101", "limit"],
    ["from=yesterday", "from"],
    ["from=2026-11-02&to=2026-11-01", "from"],
    ["from=2020-01-01&to=2026-11-01", "from"],
    ["cursor=%00", "cursor"],
    ["cursor=abc", "cursor"],
    ["key=", "key"],
    ["unknown=1", "unknown"],
  ])("is a 400 for ?%s that names %s", async (query, param) => {
    expect((await get(`/requests?${query}`, owner)).error()).toMatchObject({ code: "BAD_REQUEST", param });
  });

  it.each([
    { score: 2 },
    { score: "1" },
    { comment: "x" },
    { score: 1, comment: "" },
    { score: 1, tags: [1] },
    { score: 1, x: 1 },
  ])("refuses the feedback %j", async (body) => {
    expect((await feedback(answered, body, owner)).status).toBe(400);
  });

  it.each([
    "req_none",
    "req_0198d0de-0000-7000-8000-000000000000",
    "..",
    "%00",
    "req_ffffffff-ffff-7000-8000-000000000000",
  ])("answers 404 for the id %j", async (id) => {
    expect((await get(`/requests/${encodeURIComponent(id)}`, owner)).status).toBe(404);
  });
});

import { describe, expect, it } from "vitest";
import { Browser, overHttp } from "#tests/accounts/support/gateway.ts";
import { eventually, type TestKey, useStandardCloud } from "#tests/support/cloud.ts";
import { chat, send, user } from "./client.ts";

const cloud = useStandardCloud();

interface Usage {
  readonly totalRequests: number;
  readonly totalCost: number;
  readonly byTag?: Readonly<Record<string, { readonly requests: number; readonly cost: number }>>;
}

const signIn = async (account: Awaited<ReturnType<ReturnType<typeof cloud>["createUser"]>>) =>
  new Browser({ host: new URL(cloud().url).host, transport: overHttp(cloud().url) }).signIn(account);

const usage = async (key: TestKey, query: string): Promise<Usage> => {
  const reply = await send(`${cloud().baseUrl}/usage${query}`, { headers: { authorization: `Bearer ${key.key}` } });
  expect(reply.status, reply.text).toBe(200);
  return (reply.json() as { data: Usage }).data;
};

const post = (path: string, key: TestKey, body: object, headers: Record<string, string> = {}) =>
  send(`${cloud().baseUrl}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${key.key}`, ...headers },
    body: JSON.stringify(body),
  });

describe("tags on a running gateway", () => {
  it("are on the usage events of every dialect, and sum the usage by their values", async () => {
    const key = await cloud().createKey();
    const model = "gpt-4o-mini";
    const completion = await chat(
      cloud(),
      { model, metadata: { team: "search" }, messages: [user("Hello [[simulate: text=Hi]]")] },
      key.key,
      { headers: { "x-tags": "env=prod" } },
    );
    const response = await post("/responses", key, { model, input: "Hello", metadata: { team: "ads" } });
    const message = await post(
      "/messages",
      key,
      { model, max_tokens: 100, messages: [user("Hello")], metadata: { user_id: "u1" } },
      { "x-tags": "team=search", "x-claude-code-session-id": "session-1" },
    );
    const vectors = await post(
      "/embeddings",
      key,
      { model: "text-embedding-3-small", input: "Hello" },
      { "x-tags": "team=ads" },
    );
    const events = [];
    for (const reply of [completion, response, message, vectors]) {
      expect(reply.status, reply.text).toBe(200);
      events.push(await cloud().settledUsage(key.userId, reply.requestId));
    }
    expect(events.map(({ tags }) => tags)).toEqual([
      { team: "search", env: "prod" },
      { team: "ads" },
      { team: "search", session: "session-1", agent: "claude-code" },
      { team: "ads" },
    ]);
    await eventually(async () => {
      const { totalRequests, byTag } = await usage(key, "?tag=team");
      expect(totalRequests).toBe(4);
      expect(byTag).toMatchObject({ search: { requests: 2 }, ads: { requests: 2 } });
    });
    expect((await usage(key, "?tag=session")).byTag).toMatchObject({ "session-1": { requests: 1 } });
    expect((await usage(key, "")).byTag).toBeUndefined();
  });

  it("of a key are on each of its requests that does not set them, until the key is changed; its successor inherits them", async () => {
    const account = await cloud().createUser();
    const browser = await signIn(account);
    const made = await browser.post("/api/v1/keys", { name: "Tagged", tags: { team: "search", env: "prod" } });
    expect(made.status, made.text).toBe(201);
    expect(made.data()).toMatchObject({ tags: { team: "search", env: "prod" } });
    const { keyId, ...rest } = made.data<{ keyId: string; key: string }>();
    const key: TestKey = { ...(await cloud().createKey({ userId: account.userId })), keyId, key: rest.key };
    const tagsOf = async (by: TestKey, headers: Record<string, string> = {}, path = "/chat/completions") => {
      const chatBody = { model: "gpt-4o-mini", messages: [user("Hello")] };
      const body = path === "/embeddings" ? { model: "text-embedding-3-small", input: "Hello" } : chatBody;
      const reply = await post(path, by, body, { "x-cache": "no-cache", ...headers });
      expect(reply.status, reply.text).toBe(200);
      return (await cloud().settledUsage(account.userId, reply.requestId)).tags;
    };
    expect(await tagsOf(key)).toEqual({ team: "search", env: "prod" });
    expect(await tagsOf(key, { "x-tags": "team=ads,run=7" })).toEqual({ team: "ads", run: "7", env: "prod" });
    expect(await tagsOf(key, {}, "/embeddings")).toEqual({ team: "search", env: "prod" });
    const full = Array.from({ length: 15 }, (_, index) => `t${index}=x`).join(",");
    const squeezed = await tagsOf(key, { "x-tags": full });
    expect([Object.keys(squeezed ?? {}).length, squeezed?.env, squeezed?.team]).toEqual([16, "prod", undefined]);
    await eventually(async () => {
      expect((await usage(key, "?tag=team")).byTag).toMatchObject({ search: { requests: 2 }, ads: { requests: 1 } });
    });

    const rotated = await browser.post(`/api/v1/keys/${keyId}/rotate`, {});
    expect(rotated.data()).toMatchObject({ tags: { team: "search", env: "prod" } });
    const next: TestKey = { ...key, ...rotated.data<{ keyId: string; key: string }>() };
    expect(await tagsOf(next)).toEqual({ team: "search", env: "prod" });
    const patch = (body: object) => browser.patch(`/api/v1/keys/${next.keyId}`, body);
    expect((await patch({ tags: { team: "maps" } })).data()).toMatchObject({ tags: { team: "maps" } });
    expect(await tagsOf(next)).toEqual({ team: "maps" });
    const own = await send(`${cloud().baseUrl}/key`, { headers: { authorization: `Bearer ${next.key}` } });
    expect(own.json()).toMatchObject({ data: { tags: { team: "maps" } } });
    for (const none of [null, {}]) {
      expect((await patch({ tags: { team: "maps" } })).status).toBe(200);
      expect((await patch({ tags: none })).data()).toMatchObject({ tags: null });
      expect(await tagsOf(next)).toBeUndefined();
    }
  });

  it.each<[string, unknown, string | null]>([
    ["a list", ["team"], "tags"],
    ["a number", { team: 7 }, "tags.team"],
    ["a long value", { team: "x".repeat(513) }, "tags.team"],
    ["a control character", { team: "a\nb" }, "tags.team"],
    ["a long name", { ["x".repeat(65)]: "a" }, "tags"],
    ["an empty name", { "": "a" }, "tags"],
    // As everywhere in a body.
    ["the name __proto__", JSON.parse('{"__proto__": "a"}'), null],
    ["17 pairs", Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`t${index}`, "x"])), "tags"],
    ["more than 1 KB", { a: "x".repeat(512), b: "x".repeat(511) }, "tags"],
  ])("of a key are refused when they are saved: %s", async (_what, tags, param) => {
    const browser = await signIn(await cloud().createUser());
    const refused = await browser.post("/api/v1/keys", { name: "Tagged", tags });
    expect(refused.status, refused.text).toBe(400);
    expect(refused.error().param).toBe(param);
  });

  it("that are not valid are a 400 before anything is paid for", async () => {
    const key = await cloud().createKey();
    const reply = await chat(cloud(), { model: "gpt-4o-mini", messages: [user("Hello")] }, key.key, {
      headers: { "x-tags": "team" },
    });
    expect(reply.status).toBe(400);
    expect(reply.error()).toMatchObject({ code: "BAD_REQUEST", param: "X-Tags" });
    expect(await cloud().usage(key.userId, reply.requestId)).toBeUndefined();
  });

  it("cannot be asked for together with a key, which they are not summed by", async () => {
    const key = await cloud().createKey();
    const reply = await send(`${cloud().baseUrl}/usage?tag=team&keyId=${key.keyId}`, {
      headers: { authorization: `Bearer ${key.key}` },
    });
    expect(reply.error()).toMatchObject({ code: "BAD_REQUEST", param: "tag" });
  });
});

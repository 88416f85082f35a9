import { describe, expect, it } from "vitest";
import { eventually, type TestKey, useCloud } from "#tests/support/cloud.ts";
import { chat, send, user } from "./client.ts";

const cloud = useCloud({ env: { RATE_LIMIT_SCALE: "100" } });

interface Usage {
  readonly totalRequests: number;
  readonly totalCost: number;
  readonly byTag?: Readonly<Record<string, { readonly requests: number; readonly cost: number }>>;
}

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

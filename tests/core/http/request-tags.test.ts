import { describe, expect, it } from "vitest";
import type { Authenticate } from "#core/http/authenticate.ts";
import { type Endpoint, jsonHandler } from "#core/http/handler.ts";
import { withBody } from "#core/http/schema.ts";
import { type RouteId, routeById } from "#core/routes.ts";
import { chatRequestSchema } from "#core/schemas/chat.ts";
import { callJson, muteLog } from "#tests/core/support/lambda.ts";

muteLog();

const byUser: Authenticate = async (state) => {
  state.principal = { kind: "key", userId: "user_1", keyId: "key_1" };
};

interface Asked {
  readonly body?: Record<string, unknown>;
  readonly headers?: Record<string, string>;
  readonly route?: RouteId;
}

/** Asks an endpoint that answers with the tags that it sees. */
const ask = ({ body = {}, headers = {}, route = "ChatCompletions" }: Asked) => {
  const tell: Endpoint = withBody(chatRequestSchema, async ({ tags }) => ({
    status: 200,
    json: { tags: tags ?? null },
  }));
  const handler = jsonHandler({ route: routeById(route), authenticate: byUser, endpoints: { POST: tell } });
  const chat = { model: "gpt", messages: [{ role: "user", content: "Hello" }], ...body };
  return callJson(handler, { method: "POST", body: chat, headers });
};

const tagsOf = async (asked: Asked): Promise<unknown> => {
  const answer = await ask(asked);
  expect(answer.status, answer.text).toBe(200);
  return (JSON.parse(answer.text) as { tags: unknown }).tags;
};

describe("tags of a request", () => {
  it("come from metadata and X-Tags together, and the body's value counts more", async () => {
    const headers = { "x-tags": " team = search , env=prod,empty=, url=a=b ," };
    expect(await tagsOf({ headers, body: { metadata: { team: "ads", run: "7" } } })).toEqual({
      team: "ads",
      env: "prod",
      empty: "",
      url: "a=b",
      run: "7",
    });
    expect(await tagsOf({})).toBeNull();
    expect(await tagsOf({ headers: { "x-tags": "" }, body: { metadata: null } })).toBeNull();
    expect(await tagsOf({ body: { metadata: {} } })).toBeNull();
  });

  it("leave Anthropic's metadata alone, whose user_id is no tag", async () => {
    expect(await tagsOf({ route: "Messages", body: { metadata: { user_id: "somebody" } } })).toBeNull();
    expect(await tagsOf({ route: "Messages", headers: { "x-tags": "team=search" } })).toEqual({ team: "search" });
  });

  it.each([
    ["Claude Code", { "x-claude-code-session-id": "5f9d" }, { session: "5f9d", agent: "claude-code" }],
    ["Codex", { "session-id": "0198-a", originator: "codex_exec" }, { session: "0198-a", agent: "codex_exec" }],
    ["opencode", { "x-session-id": "ses_1" }, { session: "ses_1" }],
  ])("hold the session that %s sends", async (_, headers, tags) => {
    expect(await tagsOf({ headers })).toEqual(tags);
    const named = { ...headers, "x-tags": "session=mine" };
    expect(await tagsOf({ headers: named })).toEqual({ ...tags, session: "mine" });
  });

  it("ignore a session that no agent would send, without refusing the request", async () => {
    expect(await tagsOf({ headers: { "session-id": "a b" } })).toBeNull();
    expect(await tagsOf({ headers: { "session-id": "s".repeat(129) } })).toBeNull();
    expect(await tagsOf({ headers: { "session-id": "s1", originator: "x".repeat(65) } })).toEqual({ session: "s1" });
  });

  const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`t${index}`, "x"]));
  const headerOf = (tags: Record<string, string>) =>
    Object.entries(tags)
      .map(([name, value]) => `${name}=${value}`)
      .join(",");

  it("are up to 16 pairs and 1 KB in all, to the byte", async () => {
    expect(await tagsOf({ body: { metadata: many(16) } })).toEqual(many(16));
    expect(await tagsOf({ headers: { "x-tags": headerOf(many(16)) } })).toEqual(many(16));
    const full = { a: "x".repeat(511), b: "y".repeat(511) };
    expect(await tagsOf({ body: { metadata: full } })).toEqual(full);
    expect((await ask({ body: { metadata: full }, headers: { "x-tags": "c=" } })).status).toBe(400);
    // Two bytes each.
    expect((await ask({ body: { metadata: { a: "ü".repeat(512) } } })).status).toBe(400);
  });

  it.each([
    ["metadata", { body: { metadata: "text" } }],
    ["metadata", { body: { metadata: [] } }],
    ["metadata.n", { body: { metadata: { n: 1 } } }],
    ["metadata.n", { body: { metadata: { n: null } } }],
    ["metadata.n", { body: { metadata: { n: { deep: "x" } } } }],
    ["metadata", { body: { metadata: { "": "x" } } }],
    ["metadata", { body: { metadata: { ["n".repeat(65)]: "x" } } }],
    ["metadata.n", { body: { metadata: { n: "x".repeat(513) } } }],
    ["metadata.n", { body: { metadata: { n: "a\u0000b" } } }],
    ["metadata", { body: { metadata: many(17) } }],
    ["X-Tags", { headers: { "x-tags": "team" } }],
    ["X-Tags", { headers: { "x-tags": "=search" } }],
    ["X-Tags", { headers: { "x-tags": "__proto__=x" } }],
    ["X-Tags", { headers: { "x-tags": headerOf(many(17)) } }],
    ["X-Tags", { headers: { "x-tags": headerOf(many(16)) }, body: { metadata: { other: "x" } } }],
  ])("are a 400 that names %s for %j", async (param, asked) => {
    const answer = await ask(asked as Asked);
    expect(answer.status, answer.text).toBe(400);
    const { error } = JSON.parse(answer.text) as { error: { code: string; param: string } };
    expect(error).toMatchObject({ code: "BAD_REQUEST", param });
  });
});

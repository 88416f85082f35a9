import { randomUUID } from "node:crypto";
import type { ResponseInputItem } from "openai/resources/responses/responses";
import { describe, expect, it } from "vitest";
import { Browser } from "#tests/accounts/support/gateway.ts";
import { useCloud } from "#tests/support/cloud.ts";
import { collect, openAi, send, user } from "./client.ts";

/** Responses of OpenAI's own models: nothing is translated on the way. */

/** Nobody listens there. */
const down = "http://127.0.0.1:9";
const cloud = useCloud({ env: { RATE_LIMIT_SCALE: "100", XAI_BASE_URL: down } });

/** What the provider received of a request with a text of its own. */
const received = async (marker: string) => {
  const [request] = await cloud().providerRequests(marker);
  return { path: request?.path, body: request?.body ?? {} };
};

const ask = (body: object, headers: Record<string, string> = {}, apiKey = cloud().apiKey) =>
  send(`${cloud().baseUrl}/responses`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${apiKey}`, ...headers },
    body: JSON.stringify(body),
  });

describe("a model of OpenAI", () => {
  it("is asked in the dialect of the request, and its events pass", async () => {
    const marker = randomUUID();
    const stream = await openAi(cloud()).responses.create({ model: "gpt-5", input: marker, stream: true });
    const events = await collect(stream);
    expect(events.at(-1)?.type).toBe("response.completed");
    expect(await received(marker)).toMatchObject({
      path: "/v1/responses",
      body: { model: "gpt-5", input: marker, store: false, include: ["reasoning.encrypted_content"] },
    });
  });

  it("gets its encrypted reasoning back as it left", async () => {
    const asked: ResponseInputItem[] = [user(`Hello ${randomUUID()}`)];
    const { responses } = openAi(cloud());
    const { output } = await responses.stream({ model: "gpt-5", input: asked }).finalResponse();
    const [reasoning] = output;
    if (reasoning?.type !== "reasoning") throw new Error("No reasoning came");
    const marker = randomUUID();
    await responses.create({ model: "gpt-5", input: [...asked, ...(output as ResponseInputItem[]), user(marker)] });
    const { body } = await received(marker);
    expect(body.input).toContainEqual(expect.objectContaining({ encrypted_content: reasoning.encrypted_content }));
  });

  it("never sees what another provider wants back, and the conversation goes on", async () => {
    const marker = randomUUID();
    const { responses } = openAi(cloud());
    const asked: ResponseInputItem[] = [user("Hello")];
    const settings = { reasoning: { effort: "high" } } as const;
    const { output } = await responses.create({ model: "claude-sonnet-4-6", input: asked, ...settings });
    expect(output[0]?.type).toBe("reasoning");
    const next = await responses.create({
      model: "gpt-5",
      input: [...asked, ...(output as ResponseInputItem[]), user(marker)],
    });
    expect(next.status).toBe("completed");
    expect(JSON.stringify((await received(marker)).body)).not.toContain("ck");
  });

  it("answers natively for a model of another provider that is down", async () => {
    const marker = randomUUID();
    const body = { model: "grok-4.3", input: marker, stream: true, retries: 0 };
    const reply = await ask(body, { "x-fallback": "gpt-5" });
    expect(reply.headers.get("x-provider-used")).toContain("openai");
    expect(reply.text).toContain("event: response.completed");
    expect((await received(marker)).path).toBe("/v1/responses");
  });

  it("is not asked again for what the cache has, streamed or not", async () => {
    const body = { model: "gpt-4o-mini", input: `Hello ${randomUUID()}` };
    const first = await ask({ ...body, stream: true });
    const second = await ask(body);
    const third = await ask({ ...body, stream: true });
    expect([first, second, third].map(({ headers }) => headers.get("x-cache"))).toEqual(["MISS", "HIT", "HIT"]);
    const text = (second.json() as { output: { content: { text: string }[] }[] }).output[0]?.content[0]?.text ?? "";
    expect(text.length).toBeGreaterThan(0);
    expect(third.text).toContain(JSON.stringify(text));
    expect(third.text).toContain("event: response.completed");
    const other = await ask({ ...body, truncation: "auto" });
    expect(other.headers.get("x-cache")).toBe("MISS");
  });

  it("is asked for a translation while a guardrail reads along", async () => {
    const marker = randomUUID();
    const reply = await ask({
      model: "gpt-4o-mini",
      input: `Mail a@example.com ${marker}`,
      guardrails: { input: [{ type: "pii", action: "redact" }] },
    });
    expect(reply.status).toBe(200);
    expect(await received(marker)).toMatchObject({ path: "/v1/chat/completions" });
    expect(JSON.stringify((await received(marker)).body)).not.toContain("a@example.com");
  });
});

describe("what is no answer", () => {
  const post = (path: string, body: object) =>
    send(`${cloud().baseUrl}/responses/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${cloud().apiKey}` },
      body: JSON.stringify(body),
    });

  it("counts the input: OpenAI's own number for its models, an estimate for the others", async () => {
    const tools = [{ type: "function", name: "run", parameters: {} }, { type: "web_search" }];
    const body = { input: "Hello ".repeat(100), tools, store: true, reasoning: { effort: "low" } };
    const own = await post("input_tokens", { model: "gpt-5", ...body });
    expect(own.json()).toMatchObject({ object: "response.input_tokens", input_tokens: expect.any(Number) });
    expect(own.headers.get("x-token-count")).toBeNull();
    const other = await post("input_tokens", { model: "claude", ...body });
    expect(other.headers.get("x-token-count")).toBe("estimated");
    expect((other.json() as { input_tokens: number }).input_tokens).toBeGreaterThan(100);
    const busy = await post("input_tokens", { model: "gpt-5", input: "[[simulate: status=429]]" });
    expect(busy.headers.get("x-token-count")).toBe("estimated");
    expect((await post("input_tokens", { model: "gpt-5", input: "x", previous_response_id: "r" })).status).toBe(400);
  });

  it("compacts a conversation, which the same provider takes back and no other", async () => {
    const asked = [user(`One ${randomUUID()}`), { role: "assistant", content: "Two" }];
    const compacted = await post("compact", { model: "gpt-5", input: asked });
    const { output, object } = compacted.json() as { object: string; output: object[] };
    expect(object).toBe("response.compaction");
    expect(output).toContainEqual(expect.objectContaining({ type: "compaction" }));
    const event = await cloud().settledUsage(cloud().userId, compacted.requestId);
    expect(event.outputTokens).toBe(20);
    const marker = randomUUID();
    expect((await ask({ model: "gpt-5", input: [...output, user(marker)] })).status).toBe(200);
    expect((await received(marker)).body.input).toContainEqual(expect.objectContaining({ type: "compaction" }));
    const refused = await ask({ model: "claude", input: [...output, user("Three")] });
    expect(refused.status).toBe(400);
    expect(refused.error().message).toContain("only OpenAI can read");
  });

  it("names OpenAI's models where another one is asked to compact", async () => {
    const reply = await post("compact", { model: "claude", input: "Hello" });
    expect(reply.status).toBe(400);
    expect(reply.error()).toMatchObject({ param: "model", message: expect.stringContaining("OpenAI's models") });
  });
});

describe("the account of the platform", () => {
  it.each([
    ["previous_response_id", "resp_1"],
    ["conversation", "conv_1"],
    ["prompt", { id: "pmpt_1" }],
    ["background", true],
  ])("is not asked for what somebody else may have stored: %s", async (name, value) => {
    const marker = randomUUID();
    const reply = await ask({ model: "gpt-5", input: marker, [name]: value });
    expect(reply.status).toBe(400);
    expect(reply.error()).toMatchObject({ param: name });
    expect(await cloud().providerRequests(marker)).toHaveLength(0);
  });

  it("is not asked, and the cache does not answer, for what a request without that field has got", async () => {
    const body = { model: "claude-sonnet-4-6", input: randomUUID() };
    expect((await ask(body)).status).toBe(200);
    expect((await ask({ ...body, previous_response_id: "resp_1" })).status).toBe(400);
  });

  it.each([
    [{ type: "item_reference", id: "msg_1" }],
    [{ role: "user", content: [{ type: "input_file", file_id: "file_1" }] }],
    [{ role: "user", content: [{ type: "input_image", file_id: "file_1" }] }],
    [{ role: "user", content: [{ type: "input_file", file_url: "http://169.254.169.254/" }] }],
  ])("is not asked for %j", async (item) => {
    const marker = randomUUID();
    const reply = await ask({ model: "gpt-5", input: [user(marker), item] });
    expect(reply.status).toBe(400);
    expect(await cloud().providerRequests(marker)).toHaveLength(0);
  });

  it("pays for no hosted tool and no tier", async () => {
    const marker = randomUUID();
    const tools = [{ type: "web_search" }, { type: "file_search", vector_store_ids: ["vs_1"] }];
    const reply = await ask({ model: "gpt-5", input: marker, tools, tool_choice: "auto", service_tier: "priority" });
    expect(reply.status).toBe(200);
    expect(reply.headers.get("x-warnings")).toContain("service_tier, tools.web_search, tools.file_search");
    expect(reply.headers.get("x-warnings")).not.toContain("max_completion_tokens");
    const { body } = await received(marker);
    expect(body).not.toHaveProperty("tools");
    expect(body).not.toHaveProperty("service_tier");
    expect((await ask({ model: "gpt-5", input: marker, tools, tool_choice: { type: "web_search" } })).status).toBe(400);
  });
});

describe("the caller's own account", () => {
  it("is asked for everything as it came", async () => {
    const { email, password } = await cloud().createUser();
    const browser = await Browser.of(cloud().url).signIn({ email, password });
    const stored = await browser.post("/api/v1/provider-keys", {
      provider: "openai",
      slug: "mine",
      displayName: "mine",
      apiKey: "sk-mine-0123456789abcdef",
    });
    expect(stored.status).toBe(201);
    const key = await browser.post("/api/v1/keys", { name: "mine", rateLimit: 60 });
    const apiKey = (key.json() as { data: { key: string } }).data.key;
    const marker = randomUUID();
    const body = {
      model: "gpt-5",
      input: [user(marker)],
      store: true,
      tools: [{ type: "web_search", external_web_access: true }],
      service_tier: "priority",
      metadata: { a: "b" },
      tomorrow: { a: 1 },
    };
    const reply = await ask(body, { "x-provider-key": "mine" }, apiKey);
    expect(reply.status).toBe(200);
    expect(reply.headers.get("x-warnings") ?? "").not.toMatch(/tools|service_tier|metadata|tomorrow/);
    expect((await received(marker)).body).toEqual(body);
    // OpenAI, not the gateway, says that this account has no such response.
    const missing = await ask({ ...body, previous_response_id: "resp_1" }, { "x-provider-key": "mine" }, apiKey);
    expect(missing.status).toBe(404);
    expect(missing.error().message).toContain("resp_1");
  });
});

describe("OpenAI's models at Bedrock", () => {
  it("are asked in the dialect of the request with the caller's key, and only gpt-oss is translated", async () => {
    const browser = await Browser.of(cloud().url).signIn(await cloud().createUser());
    const settings = { provider: "bedrock", slug: "aws", displayName: "AWS", apiKey: "ABSK-0123456789" };
    expect((await browser.post("/api/v1/provider-keys", settings)).status).toBe(201);
    const key = await browser.post("/api/v1/keys", { name: "mine", rateLimit: 60 });
    const { responses } = openAi(cloud(), key.data<{ key: string }>().key);
    const marker = randomUUID();
    const whole = await responses.create({ model: "bedrock/openai.gpt-5.5", input: marker, store: true });
    expect([whole.object, whole.status]).toEqual(["response", "completed"]);
    expect(await received(marker)).toEqual({
      path: "/openai/v1/responses",
      body: { model: "openai.gpt-5.5", input: marker, store: true },
    });
    const stream = await responses.create({ model: "bedrock/us.openai.gpt-5.5", input: "Hi", stream: true });
    const events = await collect(stream);
    expect([events[0]?.type, events.at(-1)?.type]).toEqual(["response.created", "response.completed"]);
    const open = randomUUID();
    const translated = await responses.create({ model: "bedrock/openai.gpt-oss-120b-1:0", input: open });
    expect(translated.status).toBe("completed");
    expect((await received(open)).path).toMatch(/\/converse$/);
  });
});

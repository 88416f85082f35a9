import { beforeAll, describe, expect, it } from "vitest";
import { autoModels } from "#core/catalog/auto.ts";
import { arenaChatAnswer, battleAnswer } from "#core/schemas/arena-answers.ts";
import { arenaEvents, endOf } from "#tests/support/arena-events.ts";
import { type TestKey, useStandardCloud } from "#tests/support/cloud.ts";
import { chat, type Reply, readRest, readUntil, send, textParts, user } from "./client.ts";

/** The mode `chat` of POST /api/chat: a chat completion in the platform's shapes, and `auto` in every mode. */

const cloud = useStandardCloud();
let key: TestKey;
beforeAll(async () => {
  key = await cloud().createKey();
});

const model = "gpt-4o-mini";
const marked = (directives: string) => {
  const marker = `arena-${crypto.randomUUID()}`;
  const message = `${marker} [[simulate: ${directives}]]`;
  return { message, asked: async () => (await cloud().providerRequests(marker)).length };
};
const init = (body: object, headers: Readonly<Record<string, string>> = {}): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/json", authorization: `Bearer ${key.key}`, ...headers },
  body: JSON.stringify(body),
});
const ask = (body: object, headers?: Readonly<Record<string, string>>, path = "chat"): Promise<Reply> =>
  send(`${cloud().url}/api/${path}`, init(body, headers));
const dataOf = (reply: Reply) => {
  expect(reply.status, reply.text).toBe(200);
  return arenaChatAnswer.parse(reply.json()).data;
};

const byAgent = <Of extends { readonly agentId: string }>(events: readonly Of[]): readonly Of[] =>
  events.toSorted((left, right) => left.agentId.localeCompare(right.agentId));

describe("POST /api/chat in the mode chat", () => {
  it("answers in the platform's envelope with a chat completion's headers, metered as one generation", async () => {
    const reply = await ask({ message: "Hello [[simulate: text=Good day]]", model: "gpt", messages: [user("Before")] });
    const data = dataOf(reply);
    expect(data).toMatchObject({ id: reply.requestId, content: "Good day", finishReason: "stop" });
    expect(reply.headers.get("x-model-used")).toBe(data.model);
    expect(reply.headers.get("x-cache")).toBe("MISS");
    expect(reply.headers.get("x-attempts")).toBe("1");
    expect(reply.headers.get("x-provider-used")).toBe("openai (simulated)");
    const row = await cloud().settledUsage(key.userId, reply.requestId);
    expect(row).toMatchObject({ status: "ok", route: "Chat", inputTokens: data.usage.inputTokens });
    expect(row.costPicoUsd).toBe(BigInt(Math.round((data.costUsd ?? 0) * 1e12)));
  });

  it("streams the same as typed events", async () => {
    const reply = await ask({
      message: "Hello [[simulate: text=Good day to all of you chunks=3]]",
      model,
      stream: true,
    });
    expect(reply.headers.get("content-type")).toContain("text/event-stream");
    expect(reply.headers.get("x-model-used")).toBe(model);
    expect(reply.headers.get("x-cache")).toBe("MISS");
    const events = arenaEvents(reply.text);
    const names = events.map(({ name }) => name);
    expect(names.filter((name) => name !== "agent.delta")).toEqual(["run.start", "agent.start", "agent.end", "done"]);
    const text = events.map(({ name, data }) => (name === "agent.delta" ? data.text : "")).join("");
    const end = events.find((event) => event.name === "agent.end")?.data;
    expect(end).toMatchObject({ content: text, model, modelUsed: model, finishReason: "stop" });
    expect(endOf(events)).toMatchObject({ runId: reply.requestId, winner: null, cut: null, usage: end?.usage });
    const row = await cloud().settledUsage(key.userId, reply.requestId);
    expect(row).toMatchObject({ streamed: true, outputTokens: end?.usage.outputTokens });
    expect(end?.costUsd).toBeGreaterThan(0);
  });

  it.each([
    [false, false],
    [false, true],
    [true, false],
    [true, true],
  ])("serves a stored answer again without a provider, at cost 0 (stream %s, then %s)", async (first, second) => {
    const { message, asked } = marked("text=Kept");
    const miss = await ask({ message, model, stream: first });
    await cloud().settledUsage(key.userId, miss.requestId);
    const hit = await ask({ message, model, stream: second });
    expect(hit.headers.get("x-cache")).toBe("HIT");
    expect(await asked()).toBe(1);
    const told = second ? endOf(arenaEvents(hit.text)) : dataOf(hit);
    expect(told.costUsd).toBe(0);
    expect(told.usage.totalTokens).toBeGreaterThan(0);
    expect(hit.text).toContain("Kept");
  });

  it("shares its cache with chat completions, and leaves it when asked to", async () => {
    const { message, asked } = marked("text=Shared");
    const headers = { "x-cache": "default" };
    const miss = await chat(cloud(), { model, messages: [user(message)] }, key.key, { headers });
    await cloud().settledUsage(key.userId, miss.requestId);
    expect((await ask({ message, model })).headers.get("x-cache")).toBe("HIT");
    expect((await ask({ message, model }, { "x-cache": "no-cache" })).headers.get("x-cache")).toBe("BYPASS");
    expect(await asked()).toBe(2);
  });

  it("is under the guardrails of X-Guardrails, streamed or not", async () => {
    const guarded = { "x-guardrails": "pii" };
    const blocked = await ask({ message: "Write to jane.doe@example.com", model }, guarded);
    expect(blocked.error()).toMatchObject({ code: "GUARDRAIL_BLOCKED", details: { guardrail: "pii" } });
    for (const stream of [false, true]) {
      const message = "Hello [[simulate: flagged=violence]]";
      const moderated = await ask({ message, model, stream }, { "x-guardrails": "content_moderation" });
      expect(moderated.error().code).toBe("GUARDRAIL_BLOCKED");
    }
  });

  it("tells an early failure by its true status, streamed or not", async () => {
    for (const stream of [false, true]) {
      const reply = await ask({ message: "Hello [[simulate: status=400]]", model, stream });
      expect(reply.status).toBe(400);
      expect(reply.error().code).toBe("PROVIDER_ERROR");
    }
  });

  it("tells a late failure as the last event", async () => {
    const reply = await ask({ message: "Hello [[simulate: chunks=9 cut-after=3]]", model, stream: true });
    const events = arenaEvents(reply.text);
    expect(events.at(-1)?.name).toBe("error");
    expect(events.map(({ name }) => name)).not.toContain("done");
    expect(await cloud().settledUsage(key.userId, reply.requestId)).toMatchObject({ status: "error" });
  });

  it("ends when it is cancelled, and says so", async () => {
    const response = await fetch(
      `${cloud().url}/api/chat`,
      init({ message: "Hello [[simulate: stall-after=2]]", model, stream: true }),
    );
    const id = response.headers.get("x-request-id") ?? "";
    const parts = textParts(response);
    const begun = await readUntil(parts, (text) => text.includes("agent.delta"));
    const cancelled = await send(`${cloud().baseUrl}/requests/${id}/cancel`, init({}));
    expect(cancelled.status).toBe(202);
    const last = arenaEvents(begun + (await readRest(parts))).at(-1);
    expect(last).toMatchObject({ name: "error", data: { error: { details: { cancelled: true } } } });
    expect(await cloud().settledUsage(key.userId, id)).toMatchObject({ status: "cancelled" });
  });

  it.each([false, true])("replays a repeated Idempotency-Key without a provider (stream %s)", async (stream) => {
    const { message, asked } = marked("text=Once");
    const headers = { "idempotency-key": crypto.randomUUID(), "x-cache": "no-cache" };
    const first = await ask({ message, model, stream }, headers);
    await cloud().settledUsage(key.userId, first.requestId);
    const again = await ask({ message, model, stream }, headers);
    expect(again.headers.get("x-idempotent-replay")).toBe("true");
    expect(again.text).toBe(first.text);
    expect(await asked()).toBe(1);
  });

  it.each([false, true])(
    "costs no more than maxCostUsd, and says that it was cut by it (stream %s)",
    async (stream) => {
      const { message, asked } = marked("length=20000 chunk-delay-ms=0");
      const maxCostUsd = 0.001;
      const reply = await ask({ message, model, stream, maxCostUsd });
      const told = stream ? endOf(arenaEvents(reply.text)) : dataOf(reply);
      expect(told.costUsd).toBeGreaterThan(maxCostUsd / 2);
      expect(told.costUsd).toBeLessThanOrEqual(maxCostUsd);
      expect(told).toMatchObject(stream ? { cut: "cost" } : { finishReason: "length" });
      expect(await asked()).toBe(1);
    },
  );

  it("refuses a maxCostUsd that buys no answer before any call", async () => {
    const { message, asked } = marked("text=Never");
    const reply = await ask({ message, model: "gpt", maxCostUsd: 0.000_001 });
    expect(reply.status).toBe(400);
    expect(reply.error()).toMatchObject({ code: "BAD_REQUEST", param: "maxCostUsd" });
    expect(await asked()).toBe(0);
  });

  it("takes 2,000 characters, and refuses 2,001", async () => {
    expect((await ask({ message: "x".repeat(2_000), model })).status).toBe(200);
    expect((await ask({ message: "x".repeat(2_001), model })).error().code).toBe("INVALID_MESSAGE_LENGTH");
  });
});

describe("auto", () => {
  it.each([false, true])("serves a chat and tells which model it was (stream %s)", async (stream) => {
    const reply = await ask({ message: "Hello", model: "auto", stream });
    const used = reply.headers.get("x-model-used");
    expect(autoModels).toContain(used);
    if (!stream) return expect(dataOf(reply).model).toBe(used);
    expect(arenaEvents(reply.text).find((event) => event.name === "agent.end")?.data).toMatchObject({
      model: "auto",
      modelUsed: used,
    });
  });

  it("fights beside named models, and each answer tells which model served", async () => {
    const reply = await ask({ message: "Hello", models: "auto,claude,gpt", rounds: 1 }, {}, "v1/fight");
    const events = arenaEvents(reply.text);
    // All answer at once, and end in any order.
    const ends = byAgent(events.flatMap(({ name, data }) => (name === "agent.end" ? [data] : [])));
    expect(ends.map(({ agentId, model: named }) => [agentId, named])).toEqual([
      ["agent-1", "auto"],
      ["agent-2", "claude"],
      ["agent-3", "gpt"],
    ]);
    const votes = events.flatMap(({ name, data }) => (name === "vote" ? [data] : []));
    expect(votes.map(({ dropped }) => dropped)).toEqual([false, false, false]);
    expect(autoModels).toContain(ends[0]?.modelUsed);
    expect(ends[1]?.modelUsed).toMatch(/^claude-/);
  });

  it.each([
    ["v1/battle", { models: ["auto", "claude"] }],
    ["chat", { mode: "multi-instance", models: ["auto", "auto"] }],
  ])("answers in %s %o", async (path, body) => {
    const reply = await ask({ message: "Hello", ...body }, {}, path);
    const { data } = battleAnswer.parse(reply.json());
    for (const { error } of data.answers) expect(error).toBeNull();
    expect(autoModels).toContain(data.answers[0]?.modelUsed);
  });
});

describe("Web search without an Exa key on this machine", () => {
  const question = "Search the web: why is the sky blue?";

  it("is simulated, and says so: searches and citations of every model on the stream", async () => {
    const reply = await ask({ message: question, models: "gpt,claude,gemini,grok", rounds: 1 }, {}, "v1/fight");
    const events = arenaEvents(reply.text);
    const searches = byAgent(events.flatMap(({ name, data }) => (name === "agent.search" ? [data] : [])));
    expect(searches.map(({ agentId, query, results }) => [agentId, query, results])).toEqual(
      [1, 2, 3, 4].map((number) => [`agent-${number}`, question, 5]),
    );
    const ends = events.flatMap(({ name, data }) => (name === "agent.end" ? [data] : []));
    expect(ends).toHaveLength(4);
    for (const { content, citations } of ends) {
      expect(content).toContain("web_search said");
      expect(citations).toHaveLength(5);
      for (const { title, url } of citations) {
        expect(title).toMatch(/^Simulated result/);
        expect(new URL(url).hostname).toBe("example.com");
      }
    }
  });

  it("is left out where the request says no, or the question asks for none", async () => {
    for (const body of [{ message: question, search: false }, { message: "Why is the sky blue?" }]) {
      const { data } = battleAnswer.parse((await ask(body, {}, "v1/battle")).json());
      expect(data.answers.map(({ citations, error }) => [citations, error])).toEqual([
        [[], null],
        [[], null],
      ]);
    }
  });
});

describe("Guardrails outside the mode chat", () => {
  it.each(["v1/battle", "v1/fight"])("are refused by %s rather than left out in silence", async (path) => {
    const reply = await ask({ message: "Hello" }, { "x-guardrails": "pii" }, path);
    expect(reply.status).toBe(400);
    expect(reply.error().param).toBe("X-Guardrails");
  });
});

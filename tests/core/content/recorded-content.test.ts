import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Content } from "#core/content/content.ts";
import type { HttpReply } from "#tests/accounts/support/gateway.ts";
import { captureLog } from "#tests/accounts/support/log.ts";
import { type Tenant, useAttackedGateway, withKey } from "#tests/attacks/support/gateway.ts";
import { hasTables, tablesName } from "#tests/core/support/tables.ts";

interface Shown {
  readonly content?: Content | null;
  readonly contentExpiresAt: string | null;
  readonly generations: readonly { readonly content?: Content | null; readonly model: string }[];
}

const path = "/api/v1/chat/completions";
const user = (content: unknown) => ({ role: "user", content });
const weather = {
  type: "function",
  function: {
    name: "weather",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
};

describe.skipIf(!hasTables)(`prompts and answers of keys that record them (${tablesName})`, () => {
  const gateway = useAttackedGateway();
  const log = captureLog();
  let owner: Tenant;
  let days = 0;

  const setDays = async (wanted: number | null): Promise<HttpReply> =>
    owner.browser.patch(`/api/v1/keys/${owner.keyId}`, {
      recordContent: wanted === null ? null : { days: wanted },
    });
  const send = async (body: object, to = path, headers: Readonly<Record<string, string>> = {}): Promise<HttpReply> =>
    withKey(owner, { method: "POST", path: to, body, headers: { "x-cache": "no-cache", ...headers } });
  const idOf = ({ headers }: HttpReply): string => headers["x-request-id"] ?? "";
  const shown = async (reply: HttpReply, tenant: Tenant = owner): Promise<Shown> => {
    const found = await tenant.browser.get(`/api/v1/requests/${idOf(reply)}`);
    expect(found.status, found.text).toBe(200);
    return found.data<Shown>();
  };
  const contentRows = async () => (await gateway().rows("cache")).filter(({ sk }) => String(sk).startsWith("CONTENT#"));
  const textOf = (side: Content["answer"] | undefined): string =>
    (side?.messages ?? []).flatMap(({ parts }) => parts.map(({ content }) => content ?? "")).join("");

  beforeAll(async () => {
    owner = await gateway().createTenant();
  });
  beforeEach(async () => {
    if (days === 0) expect((await setDays(3)).status).toBe(200);
    days = 3;
  });

  it("are kept for as long as the key says, and shown to a session of its owner alone", async () => {
    const reply = await send({ model: "gpt", messages: [user("Hello [[simulate: text=Good morning]]")] });
    const { content, contentExpiresAt, generations } = await shown(reply);
    expect(content).toEqual({
      prompt: {
        messages: [{ role: "user", parts: [{ type: "text", content: "Hello [[simulate: text=Good morning]]" }] }],
        cut: false,
      },
      answer: {
        messages: [{ role: "assistant", parts: [{ type: "text", content: "Good morning" }], finish_reason: "stop" }],
        cut: false,
      },
    });
    expect(generations[0]?.content).toEqual(content);
    const row = (await contentRows()).find(({ sk }) => sk === `CONTENT#${idOf(reply)}#0`);
    expect(row?.pk).toBe(`USER#${owner.userId}`);
    expect(JSON.stringify(row)).not.toContain("morning");
    const kept = Number(row?.expiresAt) * 1_000 - Date.now();
    expect(Math.round(kept / 86_400_000)).toBe(3);
    expect(Date.parse(contentExpiresAt ?? "") / 1_000 - Number(row?.expiresAt)).toBeLessThan(1);
    // Not to a key, not to the list, and not to others.
    const byKey = await withKey(owner, { path: `/api/v1/requests/${idOf(reply)}` });
    expect(byKey.status).toBe(200);
    expect(byKey.text).not.toContain("morning");
    expect(byKey.data()).not.toHaveProperty("content");
    const list = await owner.browser.get("/api/v1/requests");
    expect(list.text).toContain(idOf(reply));
    expect(list.text).not.toContain("morning");
    const stranger = await gateway().createTenant();
    const theirs = await stranger.browser.get(`/api/v1/requests/${idOf(reply)}`);
    expect(theirs.error().code).toBe("NOT_FOUND");
    expect(log.text()).not.toContain("morning");
  });

  it("are set, shown and unset with the key, and refuse what is no number of days", async () => {
    const made = await owner.browser.post("/api/v1/keys", { name: "Recording", recordContent: { days: 30 } });
    const { key, keyId } = made.data<{ key: string; keyId: string }>();
    expect(made.data()).toMatchObject({ recordContent: { days: 30 } });
    const rotated = await owner.browser.post(`/api/v1/keys/${keyId}/rotate`, {});
    expect(rotated.data()).toMatchObject({ recordContent: { days: 30 } });
    expect((await withKey({ key }, { path: "/api/v1/key" })).status).toBe(401);
    const { key: newKey, keyId: newId } = rotated.data<{ key: string; keyId: string }>();
    expect((await withKey({ key: newKey }, { path: "/api/v1/key" })).data()).toMatchObject({
      recordContent: { days: 30 },
    });
    const off = await owner.browser.patch(`/api/v1/keys/${newId}`, { recordContent: null });
    expect(off.data()).toMatchObject({ recordContent: null });
    for (const recordContent of [{ days: 0 }, { days: 31 }, { days: 1.5 }, { days: "3" }, {}, 3, { days: 3, all: 1 }]) {
      const refused = await owner.browser.post("/api/v1/keys", { name: "Recording", recordContent });
      expect([JSON.stringify(recordContent), refused.status]).toEqual([JSON.stringify(recordContent), 400]);
      expect(refused.error().param).toMatch(/^recordContent/);
    }
  });

  it.each<[string, string, object]>([
    [
      "chat completions",
      path,
      { model: "gpt", tools: [weather], messages: [user("Paris? [[simulate: text=It rains]]")] },
    ],
    [
      "messages",
      "/api/v1/messages",
      { model: "claude", max_tokens: 500, messages: [user("Paris? [[simulate: text=It rains]]")] },
    ],
    [
      "messages that are translated",
      "/api/v1/messages",
      { model: "gpt", max_tokens: 500, messages: [user("Paris? [[simulate: text=It rains]]")] },
    ],
    ["responses", "/api/v1/responses", { model: "gpt", input: "Paris? [[simulate: text=It rains]]" }],
    [
      "responses that are translated",
      "/api/v1/responses",
      { model: "claude", input: "Paris? [[simulate: text=It rains]]" },
    ],
  ])("are the same for %s, streamed or whole", async (_name, to, body) => {
    for (const stream of [false, true]) {
      const reply = await send({ ...body, stream }, to);
      expect(reply.status, reply.text).toBe(200);
      const { content } = await shown(reply);
      expect(textOf(content?.prompt)).toContain("Paris?");
      expect([stream, textOf(content?.answer)]).toEqual([stream, "It rains"]);
      expect(content?.answer?.cut).toBe(false);
    }
  });

  it.each<[string, string, object]>([
    ["chat completions", path, { model: "gpt", tools: [weather], tool_choice: "required", messages: [user("Paris?")] }],
    [
      "messages",
      "/api/v1/messages",
      {
        model: "claude",
        max_tokens: 500,
        tools: [{ name: "weather", input_schema: weather.function.parameters }],
        tool_choice: { type: "any" },
        messages: [user("Paris?")],
      },
    ],
    [
      "responses",
      "/api/v1/responses",
      { model: "gpt", tools: [{ type: "function", ...weather.function }], tool_choice: "required", input: "Paris?" },
    ],
  ])("hold tool calls of %s", async (_name, to, body) => {
    for (const stream of [false, true]) {
      const reply = await send({ ...body, stream }, to);
      expect(reply.status, reply.text).toBe(200);
      const { content } = await shown(reply);
      const calls = content?.answer?.messages.flatMap(({ parts }) => parts.filter(({ type }) => type === "tool_call"));
      expect(calls).toMatchObject([{ name: "weather", arguments: expect.stringContaining("city") }]);
    }
  });

  it.each<[string, string, object]>([
    [
      "chat completions",
      path,
      {
        model: "gpt",
        messages: [user("Go on [[simulate: chunks=9 cut-after=4 text=one two three four five six seven]]")],
      },
    ],
    [
      "messages",
      "/api/v1/messages",
      {
        model: "claude",
        max_tokens: 500,
        messages: [user("Go on [[simulate: chunks=9 cut-after=4 text=one two three four five six seven]]")],
      },
    ],
    [
      "responses",
      "/api/v1/responses",
      { model: "gpt", input: "Go on [[simulate: chunks=9 cut-after=4 text=one two three four five six seven]]" },
    ],
  ])("are there as far as a stream of %s came", async (_name, to, body) => {
    const reply = await send({ ...body, stream: true }, to);
    const { content } = await shown(reply);
    expect(textOf(content?.answer)).toMatch(/^one/);
    expect(textOf(content?.answer)).not.toContain("seven");
  });

  it("hold the prompt of a request that its provider failed, and nothing of one that was never sent", async () => {
    const failed = await send({ model: "gpt", retries: 0, messages: [user("Fail [[simulate: status=400]]")] });
    expect((await shown(failed)).content).toMatchObject({ prompt: { messages: [{ role: "user" }] }, answer: null });
    const before = (await contentRows()).length;
    const blocked = await send({
      model: "gpt",
      guardrails: { input: [{ type: "pii", action: "block" }] },
      messages: [user("Write to ada@example.org")],
    });
    expect(blocked.status).toBe(400);
    expect((await contentRows()).length).toBe(before);
  });

  it.each([false, true])(
    "hold placeholders where a guardrail redacts, though the caller gets the values (streamed: %s)",
    async (stream) => {
      const reply = await send({
        model: "gpt",
        stream,
        guardrails: { input: [{ type: "pii", action: "redact" }] },
        messages: [user("Write to ada@example.org [[simulate: text=Dear [EMAIL_1], hello]]")],
      });
      expect(reply.status, reply.text).toBe(200);
      const text = JSON.stringify((await shown(reply)).content);
      expect(text).toContain("EMAIL_1");
      expect(text).not.toContain("ada@example.org");
    },
  );

  it("hold what an output guardrail left of an answer", async () => {
    const reply = await send({
      model: "gpt",
      guardrails: { output: [{ type: "pii", action: "redact" }] },
      messages: [user("Whom? [[simulate: text=Ask bob@example.org]]")],
    });
    expect(reply.text).not.toContain("bob@example.org");
    const { content } = await shown(reply);
    expect(textOf(content?.answer)).toMatch(/^Ask \[EMAIL_\d\]$/);
  });

  it("are cut at 150 KB, and say so", async () => {
    const reply = await send({
      model: "gpt",
      messages: [user(`${"ä".repeat(200_000)} [[simulate: text=Long]]`)],
    });
    expect(reply.status, reply.text.slice(0, 500)).toBe(200);
    const { content } = await shown(reply);
    expect([content?.prompt.cut, content?.answer?.cut]).toEqual([true, false]);
    const bytes = Buffer.byteLength(JSON.stringify(content?.prompt.messages));
    expect(bytes).toBeGreaterThan(149 * 1_024);
    expect(bytes).toBeLessThanOrEqual(150 * 1_024);
  });

  it("hold no bytes of images, and the texts of embeddings, media and questions about images", async () => {
    const image = `data:image/png;base64,${"iVBORw0KGgo".repeat(9)}A`;
    const seen = await send({
      model: "gpt",
      messages: [
        user([
          { type: "text", text: "What is it?" },
          { type: "image_url", image_url: { url: image } },
        ]),
      ],
    });
    const text = JSON.stringify((await shown(seen)).content);
    expect(text).toContain("What is it?");
    expect(text).not.toContain("iVBOR");
    const embedded = await send({ model: "text-embedding-3-small", input: ["One", "Two"] }, "/api/v1/embeddings");
    expect((await shown(embedded)).content).toEqual({
      prompt: {
        messages: [
          {
            role: "user",
            parts: [
              { type: "text", content: "One" },
              { type: "text", content: "Two" },
            ],
          },
        ],
        cut: false,
      },
      answer: null,
    });
    const made = await send({ model: "veo", prompt: "A lake at night" }, "/api/v1/video/generate");
    expect(textOf((await shown(made)).content?.prompt)).toBe("A lake at night");
    const jobs = await owner.browser.get("/api/v1/jobs");
    expect(jobs.data<readonly object[]>()[0]).toMatchObject({
      requestId: idOf(made),
      contentExpiresAt: expect.any(String),
    });
    const asked = await send(
      { model: "gpt", prompt: "A cat? [[simulate: text=Yes]]", image_url: "https://images.example.com/a.png" },
      "/api/v1/vision",
    );
    const { content } = await shown(asked);
    expect([textOf(content?.prompt), textOf(content?.answer)]).toEqual(["A cat? [[simulate: text=Yes]]", "Yes"]);
  });

  it("are those of each generation of a battle", async () => {
    const reply = await send(
      { message: "Which? [[simulate: text=Both]]", models: ["gpt", "claude"] },
      "/api/v1/battle",
    );
    expect(reply.status, reply.text).toBe(200);
    const { generations } = await shown(reply);
    expect(generations).toHaveLength(2);
    for (const { content } of generations) {
      expect(textOf(content?.prompt)).toContain("Which?");
      expect(textOf(content?.answer)).toBe("Both");
    }
  });

  it("are in the export of their owner's account", async () => {
    const reply = await send({ model: "gpt", messages: [user("Mine [[simulate: text=Yours]]")] });
    let path = "/api/v1/account/export";
    const lines: Record<string, unknown>[] = [];
    for (let cursor: unknown = ""; cursor !== undefined; ) {
      const page = await owner.browser.get(path);
      expect(page.status, page.text).toBe(200);
      lines.push(
        ...page.text
          .trimEnd()
          .split("\n")
          .map((line) => JSON.parse(line) as Record<string, unknown>),
      );
      cursor = lines.at(-1)?.cursor;
      path = `/api/v1/account/export?cursor=${String(cursor)}`;
    }
    const line = lines.find(({ type, requestId }) => type === "content" && requestId === idOf(reply));
    const { content } = await shown(reply);
    expect(line).toMatchObject({ generation: 0, prompt: content?.prompt, answer: content?.answer });
    expect(lines.filter(({ type }) => type === "unreadable")).toEqual([]);
  });

  it("fail no request when they cannot be kept, and are counted then", async () => {
    gateway().dynamoDb.intercept = ({ body }) =>
      body.includes("CONTENT#")
        ? {
            kind: "answer",
            status: 400,
            body: JSON.stringify({ __type: "com.amazonaws#ValidationException", message: "no" }),
          }
        : undefined;
    const reply = await send({ model: "gpt", messages: [user("Hello")] });
    gateway().dynamoDb.reset();
    expect(reply.status).toBe(200);
    expect(log.text()).toContain('"ContentFailures":1');
    expect((await shown(reply)).content).toBeNull();
  });

  it("cost a request of another key nothing: no call more, and no row", async () => {
    const callsOf = async (): Promise<readonly string[]> => {
      await send({ model: "gpt", messages: [user("Hello")] });
      gateway().dynamoDb.reset();
      gateway().kms.reset();
      const reply = await send({ model: "gpt", messages: [user("Hello once more")] });
      expect(reply.status).toBe(200);
      expect(gateway().kms.requests).toHaveLength(0);
      return gateway().dynamoDb.requests.map(({ headers }) => String(headers["x-amz-target"]).split(".")[1] ?? "");
    };
    const recorded = await callsOf();
    days = 0;
    expect((await setDays(null)).status).toBe(200);
    const rows = (await contentRows()).length;
    const plain = await callsOf();
    expect(recorded.toSorted()).toEqual([...plain, "PutItem"].toSorted());
    expect((await contentRows()).length).toBe(rows);
  });
});

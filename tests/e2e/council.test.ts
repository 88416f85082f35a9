import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { usageEventSchema } from "#core/db/usage-event.ts";
import { councilAnswer } from "#core/schemas/council-events.ts";
import { eventually, type TestKey, useCloud } from "#tests/support/cloud.ts";
import { councilEvents } from "#tests/support/council-events.ts";
import { type FakeProvider, sse, startFakeProvider } from "#tests/support/fake-provider.ts";
import { type Reply, readRest, readUntil, send, textParts } from "./client.ts";

/** Whole councils over HTTP, with a provider that says what each test wants of each model. */

const callSchema = z.object({
  model: z.string(),
  messages: z.array(z.looseObject({ role: z.string(), content: z.unknown() })),
  response_format: z.looseObject({ json_schema: z.looseObject({ name: z.string() }).optional() }).optional(),
});
type ProviderCall = z.infer<typeof callSchema>;
type Said = string | ((response: ServerResponse) => void | Promise<void>);
type Script = (call: ProviderCall) => Said;

let provider: FakeProvider;
let script: Script;
let calls: ProviderCall[] = [];

const speak = async (response: ServerResponse, { model }: ProviderCall, said: Said): Promise<void> => {
  if (typeof said === "function") return said(response);
  const chunk = (delta: object, finishReason: string | null = null) => ({
    id: "chatcmpl-scripted",
    object: "chat.completion.chunk",
    created: 1,
    model,
    choices: [{ index: 0, delta, finish_reason: finishReason }],
  });
  const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
  sse(response, [
    chunk({ role: "assistant", content: said }),
    chunk({}, "stop"),
    { ...chunk({}), choices: [], usage },
    "data: [DONE]\n\n",
  ]);
};

const cloud = useCloud(async () => {
  provider = await startFakeProvider(async ({ body }, response) => {
    const call = callSchema.parse(body);
    calls.push(call);
    await speak(response, call, script(call));
  });
  const url = `${provider.url}/v1`;
  return { env: { RATE_LIMIT_SCALE: "100", XAI_BASE_URL: url, OPENROUTER_BASE_URL: url } };
});
afterAll(() => provider.close());

/** Models of families that no catalogue knows. */
const seats = {
  models: ["openrouter/acme/one", "openrouter/bell/two", "openrouter/core/three"],
  judge: "x-ai/judge",
  comparer: "openrouter/dell/comparer",
} as const;
const formatOf = ({ response_format: format }: ProviderCall): string | undefined => format?.json_schema?.name;
const shownIn = ({ messages }: ProviderCall): readonly [string, string][] =>
  [...JSON.stringify(messages).matchAll(/<draft label=\\"(\w)\\">\\n(.*?)\\n<\/draft>/g)].map(
    ([, label = "", text = ""]) => [label, text],
  );
const emptyAnalysis = { consensus: [], contradictions: [], partialCoverage: [], uniqueInsights: [], blindSpots: [] };

const plain =
  (drafts: Readonly<Record<string, Said>>): Script =>
  (call) => {
    const shown = shownIn(call);
    if (formatOf(call) === "council_comparison") {
      const groups = Object.values(Object.groupBy(shown, ([, text]) => /\d+/.exec(text)?.[0] ?? ""));
      return JSON.stringify({ groups: groups.map((group) => (group ?? []).map(([label]) => label)) });
    }
    if (formatOf(call) === "council_analysis") {
      return JSON.stringify({ ...emptyAnalysis, consensus: ["A product."], preferred: shown[0]?.[0] });
    }
    if (shown.length > 0) return "It is 391 [A, B].";
    return drafts[call.model] ?? "It is 391.";
  };
const oneDiffers = plain({ "bell/two": "It is 381." });
beforeEach(() => {
  calls = [];
  script = oneDiffers;
});

const ask = async (
  body: object,
  headers: Readonly<Record<string, string>> = {},
  owner?: TestKey,
): Promise<Reply & { key: TestKey }> => {
  const key = owner ?? (await cloud().createKey());
  const reply = await send(`${cloud().baseUrl}/council`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${key.key}`, ...headers },
    body: JSON.stringify({ message: "What is 17 times 23?", ...seats, ...body }),
  });
  return { ...reply, key };
};
const rowsOf = async (runId: string) =>
  (await cloud().rows("usage")).filter((row) => row.runId === runId).map((row) => usageEventSchema.parse(row));

describe("A council", () => {
  it("answers with how the answer came about, and meters each call under the one run", async () => {
    const reply = await ask({});
    expect(reply.status, reply.text).toBe(200);
    const { data } = councilAnswer.parse(reply.json());
    expect(data).toMatchObject({
      id: reply.requestId,
      content: "It is 391 [A, B].",
      finishReason: "stop",
      council: {
        basis: expect.any(Array),
        decidedBy: "majority",
        judge: { model: seats.judge, independent: true },
        analysis: { consensus: ["A product."] },
      },
    });
    expect(data.council.drafts.map(({ content }) => content)).toEqual(["It is 391.", "It is 381.", "It is 391."]);
    await eventually(async () => {
      const rows = await rowsOf(reply.requestId);
      expect(rows.map(({ status }) => status)).toEqual(calls.map(() => "ok"));
      expect(new Set(rows.map(({ requestId }) => requestId))).toEqual(new Set([reply.requestId]));
    });
    await eventually(async () => expect((await cloud().admission(reply.key.userId)).open).toEqual([]));
  });

  it("whose drafts agree asks no judge", async () => {
    script = plain({});
    const { data } = councilAnswer.parse((await ask({})).json());
    expect(data.council).toMatchObject({ agreement: 1, decidedBy: "agreement", analysis: null });
    expect(calls).toHaveLength(3);
  });

  it("streams its drafts, its analysis and its answer, each event as its schema says", async () => {
    const reply = await ask({ stream: true });
    const events = councilEvents(reply.text);
    expect(events[0]).toMatchObject({ name: "run.start", data: { runId: reply.requestId, judge: seats.judge } });
    expect(events.filter(({ name }) => name === "draft.completed")).toHaveLength(3);
    const later = events.map(({ name }) => name).filter((name) => !name.startsWith("draft."));
    expect(later).toEqual(["run.start", "agreement", "analysis", "answer.delta", "done"]);
    expect(events.at(-1)?.data).toMatchObject({ content: "It is 391 [A, B].", council: { decidedBy: "majority" } });
  });

  it("goes on without a draft whose provider refuses", async () => {
    script = plain({
      "bell/two": (response) => void response.writeHead(400).end('{"error":{"message":"No."}}'),
    });
    const { data } = councilAnswer.parse((await ask({})).json());
    expect(data.council.drafts.map(({ error }) => error === null)).toEqual([true, false, true]);
    expect(data.content).toBe("It is 391.");
  });

  it("stops every call when it is cancelled, and ends without done", async () => {
    const closed: Promise<unknown>[] = [];
    script = () => (response) => {
      closed.push(once(response, "close"));
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(": open\n\n");
    };
    const key = await cloud().createKey();
    const authorization = `Bearer ${key.key}`;
    const response = await fetch(`${cloud().baseUrl}/council`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization },
      body: JSON.stringify({ message: "Hello", ...seats, stream: true }),
    });
    const requestId = response.headers.get("x-request-id") ?? "";
    const parts = textParts(response);
    const start = await readUntil(parts, (text) => text.includes("draft.started"));
    await eventually(() => expect(closed).toHaveLength(3));
    const cancelled = await send(`${cloud().baseUrl}/requests/${requestId}/cancel`, {
      method: "POST",
      headers: { authorization },
    });
    expect(cancelled.status).toBe(202);
    const events = councilEvents(start + (await readRest(parts)));
    await Promise.all(closed);
    expect(events.at(-1)).toMatchObject({ name: "error", data: { error: { code: "CONFLICT" } } });
    await eventually(async () => {
      expect((await rowsOf(requestId)).map(({ status }) => status)).toEqual(["cancelled", "cancelled", "cancelled"]);
    });
  });

  it("is held once under one Idempotency-Key, whole and streamed", async () => {
    for (const stream of [false, true]) {
      calls = [];
      const key = await cloud().createKey();
      const headers = { "idempotency-key": `council-${stream}` };
      const first = await ask({ stream }, headers, key);
      const made = calls.length;
      const second = await ask({ stream }, headers, key);
      expect(second.status, second.text).toBe(200);
      expect(second.text).toBe(first.text);
      expect(calls).toHaveLength(made);
    }
  });
});

describe("Refusals of a council", () => {
  it.each([
    ["no question", { message: undefined }, "MISSING_REQUIRED_FIELD", "message"],
    ["one model", { models: ["gpt"] }, "BAD_REQUEST", "models"],
    ["an unknown judge", { judge: "no-such-model" }, "INVALID_MODEL", "judge"],
    ["too little money", { maxCostUsd: 0.000_001 }, "BAD_REQUEST", "maxCostUsd"],
    ["an unknown field", { rounds: 2 }, "BAD_REQUEST", "rounds"],
  ])("of %s come before any call to a provider", async (_, body, code, param) => {
    const reply = await ask(body);
    expect(reply.status).toBe(400);
    expect(reply.error()).toMatchObject({ code, param });
    expect(calls).toEqual([]);
  });

  it("of guardrails: nobody may believe that they are on", async () => {
    expect((await ask({}, { "x-guardrails": "pii" })).error()).toMatchObject({ param: "X-Guardrails" });
  });
});

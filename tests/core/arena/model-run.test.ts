import { randomUUID } from "node:crypto";
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { GenerationRequest } from "#core/arena/arena-run.ts";
import { ModelRun } from "#core/arena/model-run.ts";
import { readArenaRun, readRatings } from "#core/db/rating-rows.ts";
import { ratingsKey, rowKeys, utcDay } from "#core/db/row-keys.ts";
import { getItem } from "#core/db/table.ts";
import { UsageRow } from "#core/generation/usage-row.ts";
import { newId } from "#core/ids.ts";
import { forgetTargets } from "#core/routing/target-stats.ts";
import { muteLog } from "#tests/core/support/lambda.ts";
import type { RelayedRequest } from "#tests/core/support/relay.ts";
import { hasTables, tablesName, useTables } from "#tests/core/support/tables.ts";
import { type FakeProvider, sse, startFakeProvider } from "#tests/support/fake-provider.ts";

/** The money, the time and the models of a run, over real tables and a provider of the test's own. */

muteLog();

const chunk = (delta: object, finish: string | null = null) => ({
  id: "chatcmpl-9",
  object: "chat.completion.chunk",
  created: 1,
  model: "gpt-5.2-2025",
  choices: [{ index: 0, delta, finish_reason: finish }],
});
interface AskedBody {
  readonly model: string;
  readonly max_completion_tokens?: number;
}

const day = utcDay(Date.now());
const capUsd = 1;

describe.skipIf(!hasTables)(`A run (${tablesName})`, () => {
  const relay = useTables();
  let provider: FakeProvider;
  let answer: (response: ServerResponse, model: string, body: AskedBody) => void | Promise<void>;

  beforeAll(async () => {
    provider = await startFakeProvider(({ body }, response) =>
      answer(response, (body as AskedBody).model, body as AskedBody),
    );
    for (const name of ["OPENAI", "GOOGLE", "XAI"]) vi.stubEnv(`${name}_BASE_URL`, `${provider.url}/v1`);
    vi.stubEnv("SST_RESOURCE_OpenaiApiKey", JSON.stringify({ value: "sk-platform" }));
    vi.stubEnv("SST_RESOURCE_XaiApiKey", JSON.stringify({ value: "xai-platform" }));
    vi.stubEnv("DAILY_SPEND_CAP_USD", String(capUsd));
  });
  beforeEach(() => forgetTargets());
  afterAll(async () => {
    vi.unstubAllEnvs();
    await provider.close();
  });

  const begin = async (model: string, maxCostUsd?: number, timeoutMs = 50_000, opens = true) => {
    const now = Date.now();
    const userId = `user_${randomUUID()}`;
    const deferred: (() => Promise<void>)[] = [];
    const context = {
      requestId: newId("request"),
      route: { id: "Fight" },
      startedAtMs: now,
      startedAt: performance.now(),
      lambdaDeadlineMs: now + 60_000,
      deferred,
      log: {},
      errorCode: undefined,
      metricModel: undefined,
      metricProvider: undefined,
    };
    const principal = { kind: "key", userId, keyId: "key_1" } as const;
    const run = new ModelRun({
      call: context,
      caller: { principal, providerKeySlug: undefined },
      timeoutMs,
      maxCostUsd,
    });
    const messages = [{ role: "user" as const, content: "Why is the sky blue?" }];
    if (opens) await run.open([model], { messages }, 20);
    const generate = (name: string, more: Partial<Pick<GenerationRequest, "onText" | "signal">> = {}) =>
      run.generate({ model: name, messages, maxTokens: undefined, onText: () => undefined, ...more });
    const finish = async (): Promise<void> => {
      for (const work of deferred) await work();
    };
    const spentUsd = async (): Promise<number> => {
      const row = await getItem("keys", rowKeys.admission(userId), { consistent: true });
      return Number(row?.[`spend#${day}`] ?? 0) / 1e12;
    };
    const events = (count: number) =>
      Promise.all(
        Array.from({ length: count }, (_, generation) =>
          getItem("usage", rowKeys.usageEvent(userId, day, context.requestId, generation), { consistent: true }),
        ),
      );
    return { run, userId, generate, finish, spentUsd, events };
  };

  const briefAnswer = (response: ServerResponse): void =>
    sse(response, [
      chunk({ role: "assistant", content: "hello" }),
      chunk({}, "stop"),
      { ...chunk({}), choices: [], usage: { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12 } },
      "data: [DONE]\n\n",
    ]);

  const agents = ["gpt-5.2", "grok-4.3"].map((model, index) => ({ agentId: `agent-${index + 1}`, model }));

  it("can be voted on when it ends, and its models' votes count behind its answer", async () => {
    const { run, userId, finish } = await begin("gpt-5.2");
    const ballots = [["gpt-5.2", "grok-4.3"]];
    await run.record({ mode: "fight", agents, ballots });
    const noted = await readArenaRun(userId, run.runId, Date.now());
    expect(noted).toMatchObject({ userId, keyId: "key_1", mode: "fight", agents });
    expect(await readRatings(ratingsKey(userId), Date.now(), { consistent: true })).toMatchObject({ panels: 0 });
    await finish();
    expect(await readRatings(ratingsKey(userId), Date.now(), { consistent: true })).toMatchObject({ panels: 1 });
  });

  it("is not held up by a table in trouble: its end does not wait for a second try", async () => {
    const { run, userId, finish } = await begin("gpt-5.2");
    const held = Promise.withResolvers<void>();
    const isNote = (request: RelayedRequest) => request.body.includes(`ARENA_RUN#${run.runId}`);
    relay().intercept = (request) => (isNote(request) ? { kind: "hold", until: held.promise } : undefined);
    await run.record({ mode: "battle", agents, ballots: [] });
    expect(relay().requests.filter(isNote)).toHaveLength(1);
    held.resolve();
    relay().reset();
    // What was under way is awaited before the function returns.
    await finish();
    expect(await readArenaRun(userId, run.runId, Date.now())).toMatchObject({ mode: "battle" });
  });

  it("is held to the daily cap, however many agents speak at once: each call is sent the limit that its money buys", async () => {
    const { run, generate, finish, spentUsd } = await begin("gpt-5.2");
    // The longest that each call allows.
    answer = (response, _, { max_completion_tokens: limit = 128_000 }) =>
      sse(response, [
        chunk({ role: "assistant", content: "hello" }),
        chunk({}, "length"),
        { ...chunk({}), choices: [], usage: { prompt_tokens: 10, completion_tokens: limit, total_tokens: limit + 10 } },
        "data: [DONE]\n\n",
      ]);
    const ended = await Promise.allSettled(Array.from({ length: 60 }, () => generate("gpt-5.2")));
    const refusals = ended.flatMap((end) => (end.status === "rejected" ? [end.reason] : []));
    expect(refusals.length).toBeGreaterThan(0);
    for (const refusal of refusals) expect(refusal).toMatchObject({ code: "SPEND_LIMIT_EXCEEDED" });
    await finish();
    const spent = await spentUsd();
    expect(spent).toBe(Number(run.totals.costPicoUsd) / 1e12);
    expect(spent).toBeLessThanOrEqual(capUsd);
    expect(spent).toBeGreaterThan(0.9 * capUsd);
  });

  it("meters each search as a unit with a price, and makes none that the cap does not pay for", async () => {
    const { run, finish, spentUsd, events } = await begin("gpt-5.2");
    expect(await run.search(async () => "found")).toBe("found");
    await expect(run.search(() => Promise.reject(new Error("garbage")))).rejects.toThrow("garbage");
    let searches = 0;
    const ended = await Promise.allSettled(
      Array.from({ length: 110 }, () =>
        run.search(async () => {
          searches += 1;
        }),
      ),
    );
    expect(ended.filter(({ status }) => status === "rejected").length).toBe(110 - searches);
    expect(searches).toBe(98);
    await finish();
    expect(await spentUsd()).toBeCloseTo(capUsd, 9);
    const facts = { model: "exa-search", provider: "exa", unit: "searches", units: 1, costPicoUsd: 10_000_000_000 };
    expect(await events(2)).toMatchObject([
      { ...facts, status: "ok", estimated: false },
      { ...facts, status: "error", estimated: true },
    ]);
  });

  it("books what its calls cost, though their usage rows cannot be settled", async () => {
    const { run, generate, finish, spentUsd } = await begin("gpt-5.2");
    answer = briefAnswer;
    vi.spyOn(UsageRow.prototype, "settle").mockRejectedValueOnce(new Error("no table"));
    await expect(generate("gpt-5.2")).rejects.toThrow("no table");
    await finish();
    expect(Number(run.totals.costPicoUsd)).toBeGreaterThan(0);
    expect(await spentUsd()).toBe(Number(run.totals.costPicoUsd) / 1e12);
  });

  it("stops and books the calls that are still under way when its answer ends", async () => {
    const { generate, finish, spentUsd, events } = await begin("gpt-5.2");
    let begun: () => void = () => undefined;
    const began = new Promise<void>((resolve) => {
      begun = resolve;
    });
    answer = (response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(`data: ${JSON.stringify(chunk({ content: "Hm" }))}\n\n`);
      begun();
    };
    const left = generate("gpt-5.2");
    const ended = expect(left).rejects.toMatchObject({ code: "CONFLICT" });
    await began;
    await finish();
    await ended;
    expect(await spentUsd()).toBeGreaterThan(0);
    expect(await events(1)).toMatchObject([{ status: "cancelled", estimated: true }]);
  });

  it("takes a refusal for what the model said, and nothing for nothing", async () => {
    const { generate, finish } = await begin("gpt-5.2");
    const says = (...deltas: readonly object[]): void => {
      answer = (response) =>
        sse(response, [...deltas.map((delta) => chunk(delta)), chunk({}, "stop"), "data: [DONE]\n\n"]);
    };
    says({ refusal: "I will " }, { refusal: "not." });
    expect((await generate("gpt-5.2")).content).toBe("I will not.");
    says({ content: "I won't." }, { refusal: "It was declined." });
    expect((await generate("gpt-5.2")).content).toBe("I won't.");
    says({ role: "assistant" });
    expect(await generate("gpt-5.2")).toMatchObject({ content: "", finishReason: "stop" });
    await finish();
  });

  it("collects a tool call with its provider's extra content", async () => {
    const { generate, finish } = await begin("gpt-5.2");
    const extra = { google: { thought_signature: "signed" } };
    const call = { index: 0, id: "call_1", type: "function", function: { name: "web_search", arguments: "" } };
    const deltas = [
      { ...call, extra_content: extra },
      { index: 0, function: { arguments: '{"query":"x"}' } },
    ];
    answer = (response) =>
      sse(response, [
        ...deltas.map((delta) => chunk({ tool_calls: [delta] })),
        chunk({}, "tool_calls"),
        "data: [DONE]\n\n",
      ]);
    expect((await generate("gpt-5.2")).toolCalls).toEqual([
      { id: "call_1", name: "web_search", arguments: '{"query":"x"}', extraContent: extra },
    ]);
    await finish();
  });

  it("counts an unknown price against the caller's limit as the most expensive one", async () => {
    const { run, generate, finish } = await begin("openai/unheard-of", 0.0001);
    answer = briefAnswer;
    expect(run.overCost).toBe(false);
    await generate("openai/unheard-of");
    expect(run.totals.costPicoUsd).toBeUndefined();
    expect(run.overCost).toBe(true);
    await finish();
  });

  it("falls back for auto on the next model, and tells and meters the one that served", async () => {
    const { generate, finish, events } = await begin("auto");
    const asked: string[] = [];
    answer = (response, model) => {
      asked.push(model);
      if (asked.length <= 2) response.writeHead(500).end("{}");
      else briefAnswer(response);
    };
    const made = await generate("auto");
    // Once more after a passing failure, then the next one.
    expect(asked[1]).toBe(asked[0]);
    expect(asked[2]).not.toBe(asked[0]);
    expect(made).toMatchObject({ content: "hello", finishReason: "stop" });
    await finish();
    const [event] = await events(1);
    expect(event).toMatchObject({ status: "ok", model: made.model, provider: "x-ai" });
    expect(event?.attempts).toHaveLength(3);
  });

  it("says of a run that its time is up, and names no field that its request does not have", async () => {
    const { run, finish } = await begin("gpt-5.2", undefined, 1, false);
    if (!run.signal.aborted) await once(run.signal, "abort");
    expect(run.abortReason).toMatchObject({
      code: "PROVIDER_TIMEOUT",
      message: "The request did not complete within 1 ms.",
    });
    await finish();
  });

  it("stops one call by its own signal, and the run goes on", async () => {
    const { run, generate, finish, events } = await begin("gpt-5.2");
    const stop = new AbortController();
    answer = (response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(`data: ${JSON.stringify(chunk({ content: "Hm" }))}\n\n`);
      stop.abort();
    };
    await expect(generate("gpt-5.2", { signal: stop.signal })).rejects.toMatchObject({ code: "PROVIDER_TIMEOUT" });
    answer = briefAnswer;
    expect((await generate("gpt-5.2", { signal: new AbortController().signal })).content).toBe("hello");
    expect(run.signal.aborted).toBe(false);
    await finish();
    expect((await events(2)).map((event) => event?.status)).toEqual(["error", "ok"]);
  });
});

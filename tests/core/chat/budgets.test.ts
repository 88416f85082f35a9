import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { fromUsd } from "#core/catalog/cost.ts";
import { budgetAttribute, parseRow, sumOf } from "#core/db/admission-row.ts";
import { insertKey } from "#core/db/api-keys.ts";
import { type BudgetPeriod, periodName } from "#core/db/budget-period.ts";
import type { KeyLimits } from "#core/db/key-limits.ts";
import { hashKey } from "#core/db/key-marks.ts";
import { rowKeys, utcDay } from "#core/db/row-keys.ts";
import { getItem } from "#core/db/table.ts";
import { storeProviderKey } from "#core/provider-keys/provider-keys.ts";
import { request } from "#tests/accounts/support/gateway.ts";
import { type Caller, failing, saying, useChatGateway, userMessage } from "#tests/core/support/chat-gateway.ts";
import { type GreedyRequest, greedyRequests, playGreedily } from "#tests/core/support/greedy-provider.ts";
import { muteLog } from "#tests/core/support/lambda.ts";
import { operationOf } from "#tests/core/support/relay.ts";
import { hasTables, tablesName } from "#tests/core/support/tables.ts";
import { fc, longestMs, runs } from "#tests/support/property.ts";

muteLog();

const capUsd = 5;
const ownKey = "sk-the-callers-own-key";
const noCache = { "X-Cache": "no-cache" };

describe.skipIf(!hasTables)(`limits of API keys (${tablesName})`, () => {
  const gateway = useChatGateway();
  let billed = { platform: 0n, caller: 0n };
  beforeAll(() => {
    process.env.DAILY_SPEND_CAP_USD = String(capUsd);
    process.env.MAX_OPEN_REQUESTS = "100";
  });
  beforeEach(() => {
    billed = { platform: 0n, caller: 0n };
  });

  /** A key with these limits; with `of`, one more key of that user. */
  const keyWith = async (limits: Omit<KeyLimits, "id">, of?: Caller): Promise<Caller> => {
    const caller = await gateway().createCaller(of?.userId);
    await insertKey({
      userId: caller.userId,
      keyId: caller.keyId,
      keyHash: hashKey(caller.key),
      createdAt: new Date().toISOString(),
      rateLimit: 10_000,
      enabled: true,
      limits: { id: "k0k0k0k0k0", ...limits },
    });
    return caller;
  };
  const budgetOf = (usd: number, { includeByok = false, period = "day" as BudgetPeriod } = {}) => ({
    id: "b1b1b1b1b1",
    picoUsd: fromUsd(usd),
    period,
    includeByok,
  });
  const rowOf = async ({ userId }: Caller) =>
    (await getItem("keys", rowKeys.admission(userId), { consistent: true })) ?? {};
  const spentOf = async (caller: Caller, period: BudgetPeriod = "day"): Promise<bigint> =>
    sumOf(await rowOf(caller), budgetAttribute(`b1b1b1b1b1#${periodName(period, Date.now())}`));
  const payWithOwnKey = ({ userId }: Caller) =>
    storeProviderKey(userId, { provider: "openai", slug: "own", displayName: "Own", apiKey: ownKey });
  const ask = (caller: Caller, body: object = {}, headers: Readonly<Record<string, string>> = {}) =>
    gateway().ask(caller, body, { ...noCache, ...headers });
  const playTheMost = (): void => {
    gateway().play = (response, asked) =>
      playGreedily(response, asked, (picoUsd) => {
        const byCaller = asked.headers.authorization?.includes(ownKey) === true;
        billed[byCaller ? "caller" : "platform"] += picoUsd;
      });
  };
  const most = (usd: number): bigint => (fromUsd(usd) * 11n) / 10n;

  it(
    "hold a budget against any mix of requests at once, of a key and of the one that replaced it, though the provider makes the most of each, whoever pays and whatever counts",
    async () => {
      const waves = fc.array(fc.array(greedyRequests, { minLength: 4, maxLength: 16 }), { minLength: 1, maxLength: 2 });
      const settings = fc.record({
        usd: fc.constantFrom(0.02, 0.3, 2, 20),
        period: fc.constantFrom<BudgetPeriod>("day", "week", "month", "total"),
        includeByok: fc.boolean(),
        hasOwnKey: fc.boolean(),
      });
      await fc.assert(
        fc.asyncProperty(waves, settings, async (some, { usd, period, includeByok, hasOwnKey }) => {
          const limits = { budget: budgetOf(usd, { includeByok, period }) };
          const key = await keyWith(limits);
          const replaced = await keyWith(limits, key);
          if (hasOwnKey) await payWithOwnKey(key);
          billed = { platform: 0n, caller: 0n };
          playTheMost();
          const send = ({ body }: GreedyRequest, index: number) => ask(index % 2 === 0 ? key : replaced, body);
          for (const wave of some) await Promise.all(wave.map(send));
          const { platform, caller } = billed;
          expect(platform).toBeLessThanOrEqual(most(Math.min(usd, capUsd)));
          if (includeByok) expect(platform + caller).toBeLessThanOrEqual(most(usd));
          expect(await spentOf(key, period)).toBeLessThanOrEqual(fromUsd(usd));
          // Without its own keys, everything counts against both.
          const row = await rowOf(key);
          if (!hasOwnKey) expect(await spentOf(key, period)).toBe(sumOf(row, `spend#${utcDay(Date.now())}`));
          expect(parseRow(row).open).toEqual({});
        }),
        { numRuns: runs(8), endOnFailure: true },
      );
    },
    longestMs(180_000),
  );

  it("take no more calls than a key without any, and no more rounds", async () => {
    const limited = await keyWith({ budget: budgetOf(5), allowedModels: ["gpt"], tokensPerMinute: 1_000_000 });
    await ask(limited);
    gateway().dynamoDb.reset();
    expect((await ask(limited, { seed: 2 })).status).toBe(200);
    const [first, ...others] = gateway().dynamoDb.requests.map(operationOf);
    expect(first).toBe("GetItem");
    expect(others.toSorted()).toEqual(["PutItem", "Query", "UpdateItem", "UpdateItem", "UpdateItem"]);
  });

  it("take no more rounds where only the caller's own key serves a model, and the budget counts it", async () => {
    const key = await keyWith({ budget: budgetOf(5, { includeByok: true }) });
    const stored = {
      provider: "bedrock",
      slug: "aws",
      displayName: "AWS",
      region: "us-east-1",
      apiKey: ownKey,
    } as const;
    await storeProviderKey(key.userId, stored);
    process.env.BEDROCK_BASE_URL = gateway().provider.url;
    const body = { model: "bedrock/amazon.nova-lite-v1:0", max_tokens: 100 };
    gateway().play = failing(400);
    await ask(key, body);
    gateway().dynamoDb.reset();
    const asked = gateway().asked;
    await ask(key, body);
    expect(gateway().asked).toBe(asked + 1);
    const updates = gateway().dynamoDb.requests.filter((each) => operationOf(each) === "UpdateItem");
    // The lease, the settled event, and the lease's return.
    expect(updates).toHaveLength(3);
  });

  it("count to the pico-dollar what the usage events say", async () => {
    const key = await keyWith({ budget: budgetOf(5, { period: "month" }) });
    let total = 0n;
    for (let count = 0; count < 4; count++) {
      const answer = await ask(key, { seed: count, stream: count % 2 === 0 });
      const { costPicoUsd } = await gateway().usage(key, answer);
      total += BigInt(costPicoUsd as number);
    }
    expect(total).toBeGreaterThan(0n);
    expect(await spentOf(key, "month")).toBe(total);
  });

  it("say on each answer what was left, and name nothing on those of a key without a budget", async () => {
    const key = await keyWith({ budget: budgetOf(2) });
    expect((await ask(key)).headers["x-budget-remaining-usd"]).toBe("2");
    const left = Number((await ask(key, { seed: 2 })).headers["x-budget-remaining-usd"]);
    expect(left).toBeLessThan(2);
    expect(left).toBeGreaterThan(1.99);
    expect((await ask(await gateway().createCaller())).headers).not.toHaveProperty("x-budget-remaining-usd");
  });

  it("refuse with 402 once a budget is spent, and say which, how large, and when it resets", async () => {
    const key = await keyWith({ budget: budgetOf(0.000001, { period: "week" }) });
    const refused = await ask(key);
    expect(refused.status).toBe(402);
    expect(refused.headers["x-should-retry"]).toBe("false");
    expect(JSON.parse(refused.text)).toEqual({
      error: {
        code: "BUDGET_EXCEEDED",
        type: "insufficient_quota",
        param: null,
        message: expect.stringMatching(/weekly budget of 0\.000001 USD.*It resets at 20\d\d-/),
        details: {
          limit: "key-budget",
          scope: "key",
          period: "week",
          limitUsd: 0.000001,
          spentUsd: 0,
          reservedUsd: 0,
          resetAt: expect.stringMatching(/T00:00:00\.000Z$/),
        },
      },
    });
    expect(gateway().asked).toBe(0);
    // Another key of the user is not held by it.
    expect((await ask(await gateway().createCaller(key.userId))).status).toBe(200);
  });

  it("let the caller's own provider key pay after that, unless the budget counts it", async () => {
    const uncounted = await keyWith({ budget: budgetOf(0) });
    const counted = await keyWith({ budget: budgetOf(0, { includeByok: true }) });
    for (const key of [uncounted, counted]) await payWithOwnKey(key);
    expect((await ask(uncounted)).status).toBe(200);
    expect((await ask(uncounted, {}, { "X-Provider-Key": "own" })).status).toBe(200);
    for (const headers of [{}, { "X-Provider-Key": "own" }]) {
      const { status, text } = await ask(counted, {}, headers);
      expect([status, text]).toEqual([402, expect.stringContaining("BUDGET_EXCEEDED")]);
    }
  });

  it("change no call on the caller's own key where the budget does not count it", async () => {
    const key = await keyWith({ budget: budgetOf(0.001) });
    await payWithOwnKey(key);
    const answer = await ask(key, { max_tokens: 16_000 }, { "X-Provider-Key": "own" });
    expect(answer.status).toBe(200);
    expect(answer.headers["x-warnings"]).toBeUndefined();
    expect(gateway().provider.requests.at(-1)?.body).toMatchObject({
      max_completion_tokens: 16_000,
    });
    expect(await spentOf(key)).toBe(0n);
  });

  it("count a call on the caller's own key in a budget that includes it, and not against the daily cap", async () => {
    const key = await keyWith({ budget: budgetOf(1, { includeByok: true }) });
    await payWithOwnKey(key);
    const answer = await ask(key);
    const { costPicoUsd, byok } = await gateway().usage(key, answer);
    expect(byok).toBe(true);
    expect(await spentOf(key)).toBe(BigInt(costPicoUsd as number));
    expect(sumOf(await rowOf(key), `spend#${utcDay(Date.now())}`)).toBe(0n);
  });

  it("count nothing of what a provider refused", async () => {
    const key = await keyWith({ budget: budgetOf(1) });
    gateway().play = failing(429);
    expect((await ask(key)).status).toBe(429);
    expect(await spentOf(key)).toBe(0n);
  });

  it("refuse with 429 what would pass the tokens a minute, and correct them to the true ones", async () => {
    const key = await keyWith({ tokensPerMinute: 2_000 });
    // Each reserves 1,024 tokens of output, and came to 15 in the end.
    for (let seed = 0; seed < 3; seed++) expect((await ask(key, { seed })).status).toBe(200);
    // An answer gives back what it did not use: the first one waits until the others are refused.
    const { promise: held, resolve: release } = Promise.withResolvers<void>();
    gateway().play = async (response, request) => {
      await held;
      return saying()(response, request);
    };
    let refusals = 0;
    const asking = [4, 5, 6].map(async (seed) => {
      const answer = await ask(key, { seed });
      refusals += answer.status === 429 ? 1 : 0;
      if (refusals === 2) release();
      return answer;
    });
    const waves = await Promise.all(asking);
    expect(waves.map(({ status }) => status).toSorted()).toEqual([200, 429, 429]);
    const refused = waves.find(({ status }) => status === 429);
    expect(JSON.parse(refused?.text ?? "")).toMatchObject({
      error: {
        code: "RATE_LIMIT_EXCEEDED",
        message: expect.stringContaining("2000 tokens a minute"),
        details: { limit: "tokens-per-minute", tokensPerMinute: 2_000, resetAt: expect.any(String) },
      },
    });
    expect(Number(refused?.headers["retry-after"])).toBeGreaterThan(0);
  });

  describe("allowed models", () => {
    const body = { model: "gpt-5.2", messages: [userMessage("Hello")] };

    it("are called by id, alias, provider/model and provider/*, and no other is", async () => {
      const key = await keyWith({ allowedModels: ["gpt", "claude-sonnet-4-6", "x-ai/*"] });
      for (const model of ["gpt", "openai/gpt-5.2", "grok-4.6", "x-ai/grok-of-tomorrow", "gpt-4o"]) {
        const { status } = await ask(key, { model });
        const isGpt = model === "gpt-4o";
        expect([model, status]).toEqual([model, isGpt ? 403 : 200]);
      }
      const refused = JSON.parse((await ask(key, { model: "gpt-4o" })).text) as unknown;
      expect(refused).toMatchObject({
        error: {
          code: "FORBIDDEN",
          param: "model",
          details: { limit: "allowed-models", model: "gpt-4o", allowedModels: ["gpt", "claude-sonnet-4-6", "x-ai/*"] },
        },
      });
    });

    it("hold for fallbacks and balanced targets, each named, before anything is called", async () => {
      const key = await keyWith({ allowedModels: ["gpt-5.2"] });
      const asks: readonly [object, string][] = [
        [{ fallback: ["gpt-5.2", "gpt-4o"] }, "fallback[1]"],
        [
          { load_balance: { strategy: "round_robin", targets: [{ model: "gpt-5.2" }, { model: "grok-4.6" }] } },
          "load_balance.targets[1].model",
        ],
      ];
      for (const [more, param] of asks) {
        const { status, text } = await ask(key, { ...body, ...more });
        expect([status, (JSON.parse(text) as { error: { param: string } }).error.param]).toEqual([403, param]);
      }
      expect((await ask(key, body, { "X-Fallback": "gpt-4o" })).status).toBe(403);
      expect(gateway().asked).toBe(0);
    });

    it("are those that auto chooses among", async () => {
      for (const only of ["claude-fable-5-1", "gpt-5.2"]) {
        const key = await keyWith({ allowedModels: [only] });
        await ask(key, { model: "auto" });
        expect(gateway().provider.requests.at(-1)?.body).toMatchObject({ model: expect.stringContaining(only) });
      }
      const none = await keyWith({ allowedModels: ["minimax/*"] });
      expect((await ask(none, { model: "auto" })).status).toBe(400);
    });

    it.each([
      ["/api/v1/chat/completions", body],
      ["/api/v1/messages", { ...body, max_tokens: 100 }],
      ["/api/v1/messages/count_tokens", body],
      ["/api/v1/responses", { model: "gpt-5.2", input: "Hello" }],
      ["/api/v1/responses/input_tokens", { model: "gpt-5.2", input: "Hello" }],
      ["/api/v1/responses/compact", { model: "gpt-5.2", input: [{ role: "user", content: "Hello" }] }],
      ["/api/v1/embeddings", { model: "text-embedding-3-small", input: "Hello" }],
      ["/api/v1/vision", { model: "gpt-5.2", prompt: "What?", image_url: "https://example.com/a.png" }],
      ["/api/v1/battle", { models: ["gpt-5.2", "claude-fable-5-1"], message: "Hello" }],
      ["/api/v1/fight", { models: ["gpt-5.2", "claude-fable-5-1"], message: "Hello", rounds: 1 }],
      ["/api/chat", { mode: "chat", message: "Hello", model: "gpt-5.2" }],
      ["/api/v1/moderations", { input: "Hello" }],
      ["/api/v1/images/generations", { model: "gpt-image-2", prompt: "A cat" }],
      ["/api/v1/image/generate", { prompt: "A cat" }],
      ["/api/v1/media/speech", { text: "Hello" }],
      ["/api/v1/media/music", { prompt: "A song", lyrics: "La" }],
      ["/api/v1/media/image", { prompt: "A cat" }],
      ["/api/v1/media/video", { prompt: "A cat" }],
      ["/api/v1/audio/speech", { model: "tts-1", input: "Hello", voice: "alloy" }],
      ["/api/v1/video/generate", { prompt: "A cat" }],
      [
        "/api/v1/fashion/run",
        { model_name: "background-change", inputs: { image: "https://example.com/a.png", prompt: "A" } },
      ],
    ])("hold on %s", async (path, sent) => {
      const key = await keyWith({ allowedModels: ["grok-4.6"] });
      const reply = await request({
        method: "POST",
        path,
        headers: { authorization: `Bearer ${key.key}` },
        body: sent,
      });
      expect([reply.status, reply.text]).toEqual([403, expect.stringContaining("may not use")]);
      expect(gateway().asked).toBe(0);
    });
  });
});

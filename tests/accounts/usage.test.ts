import { beforeEach, describe, expect, it } from "vitest";
import { utcDay } from "#core/db/row-keys.ts";
import type { UsageEvent } from "#core/db/usage-events.ts";
import { rollUp } from "#core/usage/rollup.ts";
import { hasTables, tablesName } from "#tests/core/support/tables.ts";
import { newEvent } from "#tests/core/support/usage-events.ts";
import { Browser, type HttpReply, request } from "./support/gateway.ts";
import { captureLog } from "./support/log.ts";
import { useStandIns } from "./support/stand-ins.ts";

interface Sums {
  readonly requests: number;
  readonly tokens: number;
  readonly cost: number | null;
  readonly byokCost: number;
}

interface Usage extends Readonly<Record<string, unknown>> {
  readonly from: string;
  readonly to: string;
  readonly totalRequests: number;
  readonly totalTokens: number;
  readonly totalCost: number | null;
  readonly latency: { readonly p50Ms: number | null; readonly p95Ms: number | null };
  readonly byModel: Readonly<Record<string, Sums>>;
  readonly byDay: Readonly<Record<string, Sums>>;
  readonly byKey: Readonly<Record<string, Sums>>;
  readonly byProvider: Readonly<Record<string, Sums>>;
}

const dayMs = 86_400_000;
const daysAgo = (days: number): string => utcDay(Date.now() - days * dayMs);

describe.skipIf(!hasTables)(`GET /api/v1/usage (${tablesName})`, () => {
  const standIns = useStandIns();
  captureLog();
  let browser: Browser;
  let userId: string;
  let apiKey: { readonly keyId: string; readonly key: string };

  beforeEach(async () => {
    const user = await standIns().createUser();
    userId = user.userId;
    browser = await new Browser().signIn(user);
    apiKey = (await browser.post("/api/v1/keys", { name: "Usage" })).data();
  });

  const used = async (...events: readonly Partial<UsageEvent>[]): Promise<void> => {
    await rollUp(
      events.map((changes) => newEvent({ userId, day: daysAgo(0), keyId: apiKey.keyId, ...changes })),
      Date.now(),
    );
  };
  const byKey = (query = "", key = apiKey.key): Promise<HttpReply> =>
    request({ path: `/api/v1/usage${query}`, headers: { authorization: `Bearer ${key}` } });
  const usage = async (query = ""): Promise<Usage> => {
    const reply = await browser.get(`/api/v1/usage${query}`);
    expect(reply.status, reply.text).toBe(200);
    return reply.data<Usage>();
  };

  it("answers the documented fields, and zeros for who has used nothing", async () => {
    expect(await usage()).toEqual({
      from: daysAgo(29),
      to: daysAgo(0),
      totalRequests: 0,
      totalTokens: 0,
      totalCost: 0,
      byokCost: 0,
      unpriced: 0,
      errors: 0,
      cacheHits: 0,
      generations: 0,
      inputTokens: 0,
      cachedTokens: 0,
      cacheWriteTokens: 0,
      outputTokens: 0,
      reasoningTokens: 0,
      latency: { p50Ms: null, p95Ms: null },
      byModel: {},
      byDay: {},
      byKey: {},
      byProvider: {},
      byUnit: {},
    });
  });

  it("sums requests, tokens and exact cost, by model, day, key and provider", async () => {
    await used(
      { costPicoUsd: 300_000_000_000n },
      { costPicoUsd: 100_000_000_000n, model: "claude-sonnet-4-6", provider: "anthropic", day: daysAgo(3) },
      { costPicoUsd: 200_000_000_000n, byok: true, keyId: "key_other", generation: 1 },
      { costPicoUsd: undefined, model: "openrouter/free/model", provider: "openrouter", status: "error" },
    );
    const answer = await usage();
    // 0.1 + 0.2 + 0.3 in doubles is not 0.6.
    expect(answer).toMatchObject({
      totalRequests: 3,
      generations: 4,
      totalTokens: 520,
      totalCost: 0.6,
      byokCost: 0.2,
      unpriced: 1,
      errors: 1,
      inputTokens: 400,
      cachedTokens: 160,
      cacheWriteTokens: 20,
      outputTokens: 120,
      reasoningTokens: 28,
    });
    expect(answer.byModel).toMatchObject({
      "gpt-4o-mini": { requests: 1, tokens: 260, cost: 0.5, byokCost: 0.2 },
      "claude-sonnet-4-6": { requests: 1, tokens: 130, cost: 0.1 },
      "openrouter/free/model": { requests: 1, cost: null, unpriced: 1 },
    });
    expect(answer.byDay).toMatchObject({ [daysAgo(0)]: { requests: 2 }, [daysAgo(3)]: { requests: 1, cost: 0.1 } });
    expect(answer.byKey).toMatchObject({
      [apiKey.keyId]: { requests: 3, cost: 0.4 },
      key_other: { requests: 0, cost: 0.2 },
    });
    expect(answer.byProvider).toMatchObject({
      openai: { cost: 0.5 },
      anthropic: { cost: 0.1 },
      openrouter: { cost: null },
    });
  });

  it("tells p50 and p95 of all rows' latencies together", async () => {
    await used(
      ...Array.from({ length: 90 }, (_, index) => ({ latencyMs: 1_000, keyId: `key_${index % 3}` })),
      ...Array.from({ length: 10 }, () => ({ latencyMs: 60_000, model: "gpt-4.1" })),
    );
    const { p50Ms, p95Ms } = (await usage()).latency;
    expect(p50Ms).toBeGreaterThan(875);
    expect(p50Ms).toBeLessThan(1_125);
    expect(p95Ms).toBeGreaterThan(52_500);
    expect(p95Ms).toBeLessThan(67_500);
  });

  it("answers a key and a session of one user the same: the user's whole usage", async () => {
    await used({}, { keyId: "key_other" });
    const reply = await byKey();
    expect(reply.status).toBe(200);
    expect(reply.data()).toEqual(await usage());
    expect(reply.data<Usage>().totalRequests).toBe(2);
  });

  it("takes the key when both are sent, also when it is not valid", async () => {
    await used({});
    const stranger = await new Browser().signIn(await standIns().createUser());
    const reply = await stranger.send({ path: "/api/v1/usage", headers: { "x-api-key": apiKey.key } });
    expect(reply.data<Usage>().totalRequests).toBe(1);
    const bad = await browser.send({ path: "/api/v1/usage", headers: { "x-api-key": "ck_2222222222222222" } });
    expect(bad.error().code).toBe("INVALID_API_KEY");
  });

  it("shows nobody another user's usage, by session or key or keyId", async () => {
    await used({});
    const stranger = await new Browser().signIn(await standIns().createUser());
    const { key } = (await stranger.post("/api/v1/keys", { name: "Strange" })).data<{ key: string }>();
    expect((await stranger.get("/api/v1/usage")).data<Usage>().totalRequests).toBe(0);
    expect((await stranger.get(`/api/v1/usage?keyId=${apiKey.keyId}`)).data<Usage>().totalRequests).toBe(0);
    expect((await byKey("", key)).data<Usage>().totalRequests).toBe(0);
  });

  it("narrows to one key by keyId", async () => {
    await used({}, {}, { keyId: "key_other" });
    expect(await usage(`?keyId=${apiKey.keyId}`)).toMatchObject({
      totalRequests: 2,
      byKey: { [apiKey.keyId]: { requests: 2 } },
    });
    expect(Object.keys((await usage("?keyId=key_other")).byKey)).toEqual(["key_other"]);
    expect((await usage("?keyId=nobodys")).totalRequests).toBe(0);
    expect((await byKey("?keyId=key_other")).data<Usage>().totalRequests).toBe(1);
  });

  it("counts both ends of the range, and by default the last 30 days", async () => {
    await used({ day: daysAgo(0) }, { day: daysAgo(29) }, { day: daysAgo(30) }, { day: daysAgo(40) });
    expect((await usage()).totalRequests).toBe(2);
    expect((await usage(`?from=${daysAgo(30)}&to=${daysAgo(29)}`)).totalRequests).toBe(2);
    expect((await usage(`?from=${daysAgo(29)}&to=${daysAgo(29)}`)).totalRequests).toBe(1);
    expect((await usage(`?from=${daysAgo(28)}&to=${daysAgo(1)}`)).totalRequests).toBe(0);
    // From alone goes to today, to alone begins 30 days before.
    expect(await usage(`?from=${daysAgo(40)}`)).toMatchObject({ totalRequests: 4, to: daysAgo(0) });
    expect(await usage(`?to=${daysAgo(30)}`)).toMatchObject({ totalRequests: 2, from: daysAgo(59) });
  });

  it("takes a range of 366 days and refuses one of 367", async () => {
    expect((await usage("?from=2024-01-01&to=2024-12-31")).totalRequests).toBe(0);
    const reply = await browser.get("/api/v1/usage?from=2024-01-01&to=2025-01-01");
    expect(reply.error()).toMatchObject({ code: "BAD_REQUEST", param: "from" });
  });

  it.each([
    "from=2026-02-30",
    "from=2026-13-01",
    "from=yesterday",
    "from=20261120",
    "to=2026-11-20T00:00:00Z",
    "from=",
    "from=-000001-01-01",
    "to=0000-01-01",
    "from=2026-11-21&to=2026-11-20",
    "from=9999-12-31",
    "keyId=",
    `keyId=${"k".repeat(101)}`,
    "form=2026-11-20",
    "__proto__=1",
    "from=2026-11-20%00",
    "from=%F0%9F%98%80",
  ])("is a 400 in the envelope for ?%s", async (query) => {
    for (const reply of [await browser.get(`/api/v1/usage?${query}`), await byKey(`?${query}`)]) {
      expect(reply.status, reply.text).toBe(400);
      expect(reply.error().code).toBe("BAD_REQUEST");
    }
  });

  it("shows models of any name as what they are, without reaching an object's own machinery", async () => {
    await used(
      { model: "__proto__", provider: "openai" },
      { model: "constructor", provider: "toString" },
      { model: "openai/ünïcode~|#", provider: "openai" },
    );
    const reply = await browser.get("/api/v1/usage");
    expect(reply.status).toBe(200);
    expect(Object.keys((reply.json() as { data: Usage }).data.byModel).sort()).toEqual([
      "__proto__",
      "constructor",
      "openai/ünïcode~|#",
    ]);
  });

  it("is refused without a key or session, and lets no other origin read it", async () => {
    const reply = await request({ path: "/api/v1/usage", headers: { origin: "https://evil.example" } });
    expect(reply.error().code).toBe("UNAUTHORIZED");
    expect(Object.keys(reply.headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
  });

  it("says which limit it counted under", async () => {
    const reply = await byKey();
    expect(reply.headers).toMatchObject({
      "x-ratelimit-limit": "60",
      "x-ratelimit-remaining": "59",
      "x-ratelimit-reset": expect.stringMatching(/^\d{10}$/),
    });
  });

  it("is a 503 that may be tried again while the table is out of reach", async () => {
    standIns().dynamoDb.intercept = () => ({ kind: "reset" });
    const reply = await browser.get("/api/v1/usage");
    standIns().dynamoDb.reset();
    expect(reply.error().code).toBe("SERVICE_UNAVAILABLE");
    expect(reply.headers["retry-after"]).toBe("5");
    expect(reply.error().message).not.toMatch(/ECONN|dynamodb/i);
  });
});

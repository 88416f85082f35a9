import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { type ResolvedModel, resolveModel } from "#core/catalog/resolve.ts";
import { noTokens } from "#core/catalog/token-usage.ts";
import type { RequestContext } from "#core/context.ts";
import { rowKeys, utcDay } from "#core/db/row-keys.ts";
import { getItem, type PlainItem, putItem } from "#core/db/table.ts";
import { type ErrorCode, GatewayError } from "#core/errors.ts";
import type { GenerationEnd } from "#core/generation/generation-parts.ts";
import { meteredRequest, settleRequest } from "#core/generation/metered-request.ts";
import { wholeReserve } from "#core/generation/reservation.ts";
import { type UsageEnd, UsageRow, type UsageRowOptions } from "#core/generation/usage-row.ts";
import { newId } from "#core/ids.ts";
import { type Fault, operationOf, type RelayedRequest } from "#tests/core/support/relay.ts";
import { hasTables, tablesName, useTables } from "#tests/core/support/tables.ts";

// Whole seconds, so that leases and rows have exact ends.
const startedAtMs = Math.floor(Date.now() / 1_000) * 1_000;
const day = utcDay(startedAtMs);
const gpt = resolveModel("gpt-5.2");
const microUsd = 1_000_000n;

interface Asked {
  readonly userId: string;
  readonly requestId: string;
  readonly byok: boolean;
  readonly streamed: boolean;
  readonly reservePicoUsd: bigint;
  readonly untilMs: number;
}

const metering = (changes: Partial<Asked> = {}): Asked => ({
  userId: `user_${randomUUID()}`,
  requestId: newId("request"),
  byok: false,
  streamed: false,
  reservePicoUsd: 100n * microUsd,
  untilMs: startedAtMs + 330_000,
  ...changes,
});

/** 1,000 in and 100 out at 1.75 and 14 dollars a million: 3,150 micro-dollars. */
const usage = { ...noTokens, inputTokens: 1_000, outputTokens: 100 };
const costPicoUsd = 3_150n * microUsd;

interface Ending extends Partial<GenerationEnd> {
  readonly code?: ErrorCode;
  readonly served?: ResolvedModel;
  readonly byok?: boolean;
}

/** A request of one generation, whose provider is never called: what it came to is said by the test. */
const begin = ({ userId, requestId, byok, streamed, reservePicoUsd, untilMs }: Asked) => {
  const call: RequestContext = {
    requestId,
    route: { id: "ChatCompletions" },
    startedAtMs,
    startedAt: performance.now(),
    lambdaDeadlineMs: untilMs,
    deferred: [],
    log: {},
    errorCode: undefined,
    metricModel: undefined,
    metricProvider: undefined,
  };
  const caller = {
    principal: { kind: "key", userId, keyId: "key_1" },
    providerKeySlug: byok ? "mine" : undefined,
  } as const;
  const metered = meteredRequest({
    call,
    caller,
    operation: "chat",
    asked: gpt,
    streamed,
    reserve: wholeReserve(reservePicoUsd),
    timeoutMs: 300_000,
  });
  const { admission, generation } = metered;
  return {
    admission,
    open: async (): Promise<void> => {
      await Promise.all([admission.admit(), generation.openRow()]);
    },
    settle: ({ code, served, byok: paidByCaller, ...end }: Ending = {}) => {
      if (served !== undefined || paidByCaller !== undefined) {
        const target = { model: served ?? gpt, name: "t", byok: paidByCaller ?? false };
        generation.serveWith({ ...target, credential: async () => undefined });
      }
      if (code !== undefined) generation.fail(new GatewayError(code, "It failed"));
      return settleRequest(metered, { whole: code === undefined, usage, ...end });
    },
  };
};

const cost = {
  usage,
  costPicoUsd,
  spent: { platformPicoUsd: costPicoUsd, callerPicoUsd: 0n },
  byokCostPicoUsd: undefined,
};

const rowOf = (asked: Asked, changes: Partial<UsageRowOptions> = {}): UsageRow =>
  new UsageRow({
    ...asked,
    keyId: "key_1",
    day,
    generation: 0,
    route: "ChatCompletions",
    model: gpt,
    startedAtMs,
    ...changes,
  });

const rowEnd = (changes: Partial<UsageEnd> = {}): UsageEnd => ({
  status: "ok",
  code: undefined,
  served: gpt,
  byok: false,
  cacheHit: false,
  cost,
  units: undefined,
  attempts: [],
  latencyMs: 12.4,
  timeToFirstTokenMs: undefined,
  ...changes,
});

const eventOf = ({ userId, requestId }: Asked): Promise<PlainItem | undefined> =>
  getItem("usage", rowKeys.usageEvent(userId, day, requestId, 0), { consistent: true });

const admissionOf = async ({ userId }: Asked) => {
  const row = await getItem("keys", rowKeys.admission(userId), { consistent: true });
  return {
    open: Object.keys((row?.open ?? {}) as object).length,
    spent: BigInt((row?.[`spend#${day}`] ?? 0) as number),
  };
};

describe.skipIf(!hasTables)(`A metered request (${tablesName})`, () => {
  const relay = useTables();
  beforeAll(() => {
    process.env.MAX_OPEN_REQUESTS = "3";
    process.env.DAILY_SPEND_CAP_USD = "0.01";
  });

  const breaks = (operation: string, fault: Fault) => (request: RelayedRequest) =>
    operationOf(request) === operation ? fault : undefined;

  it("books the true cost in place of the reservation and settles the row", async () => {
    const request = metering();
    const meter = begin(request);
    await meter.open();
    expect(await admissionOf(request)).toEqual({ open: 1, spent: request.reservePicoUsd });
    expect(await eventOf(request)).toMatchObject({ status: "open", keyId: "key_1", reservedPicoUsd: 100_000_000 });
    expect(await meter.settle()).toMatchObject({ costPicoUsd });
    expect(await admissionOf(request)).toEqual({ open: 0, spent: costPicoUsd });
    expect(await eventOf(request)).toMatchObject({
      status: "ok",
      inputTokens: 1_000,
      outputTokens: 100,
      costPicoUsd: Number(costPicoUsd),
    });
  });

  it("writes the row in full: what was asked for when it opens, what became of it when it is settled", async () => {
    const request = metering({ untilMs: startedAtMs + 1 });
    const row = rowOf(request, { runId: "run_1", streamed: true });
    await row.open();
    expect(await eventOf(request)).toMatchObject({
      route: "ChatCompletions",
      model: "gpt-5.2",
      provider: "openai",
      byok: false,
      streamed: true,
      startedAt: startedAtMs,
      runId: "run_1",
      // Never early: a row swept while its function runs would be settled twice.
      openUntil: String(startedAtMs / 1_000 + 1),
    });
    const attempt = { model: "claude-sonnet-4-6", provider: "anthropic", result: "ok", status: 200, latencyMs: 7 };
    const tokens = {
      inputTokens: 1_000,
      cachedInputTokens: 400,
      cacheWriteInputTokens: 30,
      longCacheWriteInputTokens: 5,
      outputTokens: 100,
      reasoningTokens: 60,
      estimated: true,
    };
    await row.settle(
      rowEnd({
        served: resolveModel("claude-sonnet-4-6"),
        cost: { ...cost, usage: tokens },
        attempts: [attempt],
        latencyMs: 1_234.5,
        timeToFirstTokenMs: 99.6,
      }),
    );
    const settled = await eventOf(request);
    expect(settled).toMatchObject({
      model: "claude-sonnet-4-6",
      provider: "anthropic",
      cacheHit: false,
      cachedInputTokens: 400,
      cacheWriteInputTokens: 35,
      reasoningTokens: 60,
      estimated: true,
      attempts: [attempt],
      latencyMs: 1_235,
      timeToFirstTokenMs: 100,
    });
    expect(Object.keys(settled ?? {})).not.toEqual(expect.arrayContaining(["unit"]));
  });

  it("books what is sold by another unit at its own cost, and an unknown one at what counts for the cap", async () => {
    const unit = { unit: "characters", units: 1_500 };
    const priced = metering();
    const meter = begin(priced);
    await meter.open();
    const unitCost = { ...unit, costPicoUsd: 7n * microUsd, spendPicoUsd: 8n * microUsd };
    expect(await meter.settle({ usage: noTokens, unitCost })).toMatchObject({ costPicoUsd: 7n * microUsd });
    expect(await admissionOf(priced)).toEqual({ open: 0, spent: 8n * microUsd });
    expect(await eventOf(priced)).toMatchObject({ ...unit, costPicoUsd: Number(7n * microUsd) });
    const unpriced = metering();
    const other = begin(unpriced);
    await other.open();
    await other.settle({ usage: noTokens, unitCost: { ...unitCost, costPicoUsd: undefined } });
    expect(await admissionOf(unpriced)).toEqual({ open: 0, spent: 8n * microUsd });
    expect(Object.keys((await eventOf(unpriced)) ?? {})).not.toContain("costPicoUsd");
  });

  it("keeps what a byok row had reserved at nothing", async () => {
    const request = metering({ byok: true });
    const meter = begin(request);
    expect(meter.admission.reservedPicoUsd).toBe(0n);
    await meter.open();
    expect(await eventOf(request)).toMatchObject({ byok: true, reservedPicoUsd: 0 });
  });

  it("settles once: a second time neither books nor writes", async () => {
    const request = metering();
    const meter = begin(request);
    await meter.open();
    await meter.settle();
    await meter.settle({ code: "INTERNAL_ERROR" });
    expect(await admissionOf(request)).toEqual({ open: 0, spent: costPicoUsd });
    expect(await eventOf(request)).toMatchObject({ status: "ok" });
  });

  it("gives the whole reservation back for a request that failed before any answer", async () => {
    const request = metering();
    const meter = begin(request);
    await meter.open();
    await meter.settle({ code: "PROVIDER_ERROR", usage: noTokens });
    expect(await admissionOf(request)).toEqual({ open: 0, spent: 0n });
    expect(await eventOf(request)).toMatchObject({ code: "PROVIDER_ERROR", costPicoUsd: 0 });
  });

  it("books nothing for the caller's own provider key, and still tells what it cost", async () => {
    const request = metering({ byok: true });
    const meter = begin(request);
    await meter.open();
    expect(await admissionOf(request)).toEqual({ open: 1, spent: 0n });
    expect(await meter.settle({ byok: true })).toMatchObject({ costPicoUsd });
    expect(await admissionOf(request)).toEqual({ open: 0, spent: 0n });
    expect(await eventOf(request)).toMatchObject({ byok: true, costPicoUsd: Number(costPicoUsd) });
  });

  it("meters a cached answer at cost 0", async () => {
    const request = metering();
    const meter = begin(request);
    await meter.open();
    expect(await meter.settle({ servedFromCache: gpt })).toMatchObject({ costPicoUsd: 0n });
    expect(await admissionOf(request)).toEqual({ open: 0, spent: 0n });
  });

  it("books a model of unknown price at the most expensive one, and leaves its cost unknown", async () => {
    const request = metering();
    const meter = begin(request);
    await meter.open();
    expect(await meter.settle({ served: resolveModel("openai/gpt-tomorrow") })).toMatchObject({
      costPicoUsd: undefined,
    });
    expect((await admissionOf(request)).spent).toBeGreaterThan(costPicoUsd);
    expect(Object.keys((await eventOf(request)) ?? {})).not.toContain("costPicoUsd");
  });

  it("says 402 over the day's cap, and leaves no place taken", async () => {
    const request = metering({ reservePicoUsd: 10_001n * microUsd });
    const meter = begin(request);
    await expect(meter.open()).rejects.toMatchObject({ code: "SPEND_LIMIT_EXCEEDED", status: 402, shouldRetry: false });
    await meter.settle({ code: "SPEND_LIMIT_EXCEEDED", usage: noTokens });
    expect(await admissionOf(request)).toEqual({ open: 0, spent: 0n });
    expect(await eventOf(request)).toMatchObject({ code: "SPEND_LIMIT_EXCEEDED" });
    const { message, details } = await begin(metering({ reservePicoUsd: 10_001n * microUsd }))
      .open()
      .then(
        () => expect.unreachable(),
        (error: GatewayError) => error,
      );
    expect(message).toBe(
      "Today's cap of 0.01 USD on platform-paid use is reached. Store your own provider key, or wait until 00:00 UTC.",
    );
    expect(details).toEqual({
      limit: "daily-cap",
      dailyCapUsd: 0.01,
      resetAt: expect.stringMatching(/^20\d\d-\d\d-\d\dT00:00:00\.000Z$/),
    });
  });

  it("lets what the caller pays for itself in after that refusal", async () => {
    const request = metering({ reservePicoUsd: 10_001n * microUsd });
    const meter = begin(request);
    await expect(meter.open()).rejects.toMatchObject({ code: "SPEND_LIMIT_EXCEEDED" });
    await meter.admission.admitUnpaid();
    expect(await admissionOf(request)).toEqual({ open: 1, spent: 0n });
    await meter.settle({ byok: true });
    expect(await admissionOf(request)).toEqual({ open: 0, spent: 0n });
  });

  it("says 429 with when to come back while too many of the user's requests run", async () => {
    const userId = `user_${randomUUID()}`;
    for (let index = 0; index < 3; index++) await begin(metering({ userId })).open();
    await expect(begin(metering({ userId })).open()).rejects.toMatchObject({
      code: "RATE_LIMIT_EXCEEDED",
      retryAfterSeconds: 1,
      message: "At most 3 requests of one user may run at once. Retry when one of them has ended.",
      details: { limit: "open-requests", maxOpenRequests: 3 },
    });
  });

  it("refuses a disabled user with the one message for every bad key", async () => {
    const request = metering();
    await putItem("keys", { ...rowKeys.admission(request.userId), open: {}, disabledAt: 1 });
    await expect(begin(request).open()).rejects.toMatchObject({ code: "INVALID_API_KEY", status: 401 });
  });

  it("reserves for a second call while the cap allows it, and books the true cost in the end", async () => {
    const request = metering({ reservePicoUsd: 3_000n * microUsd });
    const meter = begin(request);
    await meter.open();
    const call = wholeReserve(3_000n * microUsd);
    expect(await meter.admission.take(call, false)).toBe(call.picoUsd);
    expect(await meter.admission.take(call, false)).toBe(call.picoUsd);
    expect(meter.admission.reservedPicoUsd).toBe(6_000n * microUsd);
    await expect(meter.admission.take(wholeReserve(6_000n * microUsd), false)).rejects.toMatchObject({
      code: "SPEND_LIMIT_EXCEEDED",
    });
    expect(meter.admission.reservedPicoUsd).toBe(6_000n * microUsd);
    expect((await admissionOf(request)).spent).toBe(6_000n * microUsd);
    await meter.settle();
    expect(await admissionOf(request)).toEqual({ open: 0, spent: costPicoUsd });
  });

  describe("when a table fails", () => {
    it("gives the place back that was taken while the usage row could not be written", async () => {
      const request = metering();
      await begin({ ...request, requestId: newId("request") }).open();
      const meter = begin(request);
      // The open row fails at once, while the admission is still under way.
      const { promise: until, resolve: admitNow } = Promise.withResolvers<void>();
      relay().intercept = (seen) =>
        operationOf(seen) === "UpdateItem"
          ? { kind: "hold", until }
          : { kind: "answer", status: 400, body: '{"__type":"x#ValidationException","message":"no"}' };
      await expect(meter.open()).rejects.toMatchObject({ name: "AwsError" });
      const settled = meter.settle({ code: "INTERNAL_ERROR", usage: noTokens });
      admitNow();
      await settled;
      relay().reset();
      expect(await admissionOf(request)).toEqual({ open: 1, spent: request.reservePicoUsd });
    });

    it("gives a place back whose admission got through although every answer was lost", async () => {
      const request = metering();
      await begin({ ...request, requestId: newId("request") }).open();
      const meter = begin(request);
      relay().intercept = breaks("UpdateItem", { kind: "lose-answer" });
      await expect(meter.open()).rejects.toMatchObject({ name: "AwsError", transient: true });
      relay().reset();
      expect((await admissionOf(request)).open).toBe(2);
      await meter.settle({ code: "INTERNAL_ERROR", usage: noTokens });
      expect(await admissionOf(request)).toEqual({ open: 1, spent: request.reservePicoUsd });
    });

    const throttled = { kind: "answer", status: 400, body: '{"__type":"ThrottlingException"}' } as const;

    it("settles a row that is open, again for a few seconds", async () => {
      const request = metering();
      const row = rowOf(request);
      await row.open();
      let left = 4;
      relay().intercept = () => (left-- > 0 ? throttled : undefined);
      await row.settle(rowEnd());
      expect(await eventOf(request)).toMatchObject({ status: "ok" });
    });

    it.each(["failed to open", "was never opened"])("has no patience for a row that %s", async (which) => {
      const row = rowOf(metering());
      relay().intercept = () => throttled;
      if (which === "failed to open") await expect(row.open()).rejects.toMatchObject({ name: "AwsError" });
      relay().requests.length = 0;
      await expect(row.settle(rowEnd())).rejects.toMatchObject({ name: "AwsError" });
      // The tries of one call.
      expect(relay().requests).toHaveLength(3);
    });

    it("throws at settling rather than dropping an event silently", async () => {
      const request = metering();
      const meter = begin(request);
      await meter.open();
      relay().intercept = breaks("UpdateItem", { kind: "reset" });
      await expect(meter.settle()).rejects.toMatchObject({ name: "AwsError" });
    });
  });
});

import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { resolveModel } from "#core/catalog/resolve.ts";
import { noTokens } from "#core/catalog/token-usage.ts";
import { rowKeys, utcDay } from "#core/db/row-keys.ts";
import { getItem, type PlainItem, putItem } from "#core/db/table.ts";
import type { GatewayError } from "#core/errors.ts";
import { newId } from "#core/ids.ts";
import { GenerationRow, Meter, type MeterRequest, type Settlement } from "#core/usage/meter.ts";
import { type Fault, operationOf, type RelayedRequest } from "#tests/core/support/relay.ts";
import { hasTables, tablesName, useTables } from "#tests/core/support/tables.ts";

const startedAtMs = Date.UTC(2026, 10, 22, 12);
const day = utcDay(startedAtMs);
const gpt = resolveModel("gpt-5.2");
const microUsd = 1_000_000n;

const metering = (changes: Partial<MeterRequest> = {}): MeterRequest => ({
  userId: `user_${randomUUID()}`,
  keyId: "key_1",
  requestId: newId("request"),
  generation: 0,
  route: "ChatCompletions",
  model: gpt,
  byok: false,
  streamed: false,
  reservePicoUsd: 100n * microUsd,
  startedAtMs,
  untilMs: startedAtMs + 330_000,
  ...changes,
});

/** 1,000 in and 100 out at 1.75 and 14 dollars a million: 3,150 micro-dollars. */
const usage = { ...noTokens, inputTokens: 1_000, outputTokens: 100 };
const costPicoUsd = 3_150n * microUsd;

const ended = (changes: Partial<Settlement> = {}): Settlement => ({
  status: "ok",
  usage,
  served: gpt,
  byok: false,
  attempts: [],
  latencyMs: 12.4,
  timeToFirstTokenMs: undefined,
  ...changes,
});

const eventOf = ({ userId, requestId, generation }: MeterRequest): Promise<PlainItem | undefined> =>
  getItem("usage", rowKeys.usageEvent(userId, day, requestId, generation), { consistent: true });

const admissionOf = async ({ userId }: MeterRequest) => {
  const row = await getItem("keys", rowKeys.admission(userId), { consistent: true });
  return {
    open: Object.keys((row?.open ?? {}) as object).length,
    spent: BigInt((row?.[`spend#${day}`] ?? 0) as number),
  };
};

describe.skipIf(!hasTables)(`Meter (${tablesName})`, () => {
  const relay = useTables();
  beforeAll(() => {
    process.env.MAX_OPEN_REQUESTS = "3";
    process.env.DAILY_SPEND_CAP_USD = "0.01";
  });

  const breaks = (operation: string, fault: Fault) => (request: RelayedRequest) =>
    operationOf(request) === operation ? fault : undefined;

  it("books the true cost in place of the reservation and settles the row", async () => {
    const request = metering();
    const meter = new Meter(request);
    await meter.open();
    expect(await admissionOf(request)).toEqual({ open: 1, spent: request.reservePicoUsd });
    expect(await eventOf(request)).toMatchObject({ status: "open", keyId: "key_1", reservedPicoUsd: 100_000_000 });
    expect(await meter.settle(ended())).toMatchObject({ costPicoUsd });
    expect(await admissionOf(request)).toEqual({ open: 0, spent: costPicoUsd });
    expect(await eventOf(request)).toMatchObject({
      status: "ok",
      inputTokens: 1_000,
      outputTokens: 100,
      costPicoUsd: Number(costPicoUsd),
      latencyMs: 12,
    });
  });

  it("writes the row in full: what was asked for when it opens, what became of it when it is settled", async () => {
    const request = metering({ runId: "run_1", streamed: true, untilMs: startedAtMs + 1 });
    const meter = new Meter(request);
    await meter.open();
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
    await meter.settle(
      ended({
        served: resolveModel("claude-sonnet-4-6"),
        usage: {
          inputTokens: 1_000,
          cachedInputTokens: 400,
          cacheWriteInputTokens: 30,
          longCacheWriteInputTokens: 5,
          outputTokens: 100,
          reasoningTokens: 60,
          estimated: true,
        },
        attempts: [attempt],
        latencyMs: 1_234.5,
        timeToFirstTokenMs: 99.6,
      }),
    );
    const row = await eventOf(request);
    expect(row).toMatchObject({
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
    expect(Object.keys(row ?? {})).not.toEqual(expect.arrayContaining(["unit"]));
  });

  it("books what is sold by another unit at its own cost, and an unknown one at what counts for the cap", async () => {
    const unit = { unit: "characters", units: 1_500 };
    const priced = metering();
    const meter = new Meter(priced);
    await meter.open();
    const unitCost = { ...unit, costPicoUsd: 7n * microUsd, spendPicoUsd: 8n * microUsd };
    expect(await meter.settle(ended({ usage: noTokens, unitCost }))).toMatchObject({ costPicoUsd: 7n * microUsd });
    expect(await admissionOf(priced)).toEqual({ open: 0, spent: 8n * microUsd });
    expect(await eventOf(priced)).toMatchObject({ ...unit, costPicoUsd: Number(7n * microUsd) });
    const unpriced = metering();
    const other = new Meter(unpriced);
    await other.open();
    await other.settle(ended({ usage: noTokens, unitCost: { ...unitCost, costPicoUsd: undefined } }));
    expect(await admissionOf(unpriced)).toEqual({ open: 0, spent: 8n * microUsd });
    expect(Object.keys((await eventOf(unpriced)) ?? {})).not.toContain("costPicoUsd");
  });

  it("keeps what a byok row had reserved at nothing", async () => {
    const request = metering({ byok: true });
    const meter = new Meter(request);
    expect(meter.reservedPicoUsd).toBe(0n);
    await meter.open();
    expect(await eventOf(request)).toMatchObject({ byok: true, reservedPicoUsd: 0 });
  });

  it("settles once: a second time neither books nor writes", async () => {
    const request = metering();
    const meter = new Meter(request);
    await meter.open();
    await meter.settle(ended());
    await meter.settle(ended({ status: "error" }));
    expect(await admissionOf(request)).toEqual({ open: 0, spent: costPicoUsd });
    expect(await eventOf(request)).toMatchObject({ status: "ok" });
  });

  it("gives the whole reservation back for a request that failed before any answer", async () => {
    const request = metering();
    const meter = new Meter(request);
    await meter.open();
    await meter.settle(ended({ status: "error", code: "PROVIDER_ERROR", usage: noTokens }));
    expect(await admissionOf(request)).toEqual({ open: 0, spent: 0n });
    expect(await eventOf(request)).toMatchObject({ status: "error", code: "PROVIDER_ERROR", costPicoUsd: 0 });
  });

  it("books nothing for the caller's own provider key, and still tells what it cost", async () => {
    const request = metering({ byok: true });
    const meter = new Meter(request);
    await meter.open();
    expect(await admissionOf(request)).toEqual({ open: 1, spent: 0n });
    expect(await meter.settle(ended({ byok: true }))).toMatchObject({ costPicoUsd });
    expect(await admissionOf(request)).toEqual({ open: 0, spent: 0n });
    expect(await eventOf(request)).toMatchObject({ byok: true, costPicoUsd: Number(costPicoUsd) });
  });

  it("meters a cached answer at cost 0", async () => {
    const request = metering();
    const meter = new Meter(request);
    await meter.open();
    expect(await meter.settle(ended({ cacheHit: true }))).toMatchObject({ costPicoUsd: 0n });
    expect(await admissionOf(request)).toEqual({ open: 0, spent: 0n });
  });

  it("books a model of unknown price at the dearest one, and leaves its cost unknown", async () => {
    const request = metering();
    const meter = new Meter(request);
    await meter.open();
    expect(await meter.settle(ended({ served: resolveModel("openai/gpt-tomorrow") }))).toMatchObject({
      costPicoUsd: undefined,
    });
    expect((await admissionOf(request)).spent).toBeGreaterThan(costPicoUsd);
    expect(Object.keys((await eventOf(request)) ?? {})).not.toContain("costPicoUsd");
  });

  it("says 402 over the day's cap, and leaves no place taken", async () => {
    const request = metering({ reservePicoUsd: 10_001n * microUsd });
    const meter = new Meter(request);
    await expect(meter.open()).rejects.toMatchObject({ code: "SPEND_LIMIT_EXCEEDED", status: 402, shouldRetry: false });
    await meter.settle(ended({ status: "error", code: "SPEND_LIMIT_EXCEEDED", usage: noTokens }));
    expect(await admissionOf(request)).toEqual({ open: 0, spent: 0n });
    expect(await eventOf(request)).toMatchObject({ status: "error", code: "SPEND_LIMIT_EXCEEDED" });
    const { message, details } = await new Meter(metering({ reservePicoUsd: 10_001n * microUsd })).open().then(
      () => expect.unreachable(),
      (error: GatewayError) => error,
    );
    expect(message).toBe(
      "Today's cap on platform-paid use is reached. Store a provider key of your own, or wait for 00:00 UTC.",
    );
    expect(details).toEqual({ dailyCapUsd: 0.01 });
  });

  it("lets what the caller pays for itself in after that refusal", async () => {
    const request = metering({ reservePicoUsd: 10_001n * microUsd });
    const meter = new Meter(request);
    await expect(meter.open()).rejects.toMatchObject({ code: "SPEND_LIMIT_EXCEEDED" });
    await meter.admitUnpaid();
    expect(await admissionOf(request)).toEqual({ open: 1, spent: 0n });
    await meter.settle(ended({ byok: true }));
    expect(await admissionOf(request)).toEqual({ open: 0, spent: 0n });
  });

  it("says 429 with when to come back while too many of the user's requests run", async () => {
    const userId = `user_${randomUUID()}`;
    for (let index = 0; index < 3; index++) await new Meter(metering({ userId })).open();
    await expect(new Meter(metering({ userId })).open()).rejects.toMatchObject({
      code: "RATE_LIMIT_EXCEEDED",
      retryAfterSeconds: 1,
      message: "At most 3 requests of one user may run at once.",
      details: { limit: "open-requests", maxOpenRequests: 3 },
    });
  });

  it("refuses a disabled user with the one message for every bad key", async () => {
    const request = metering();
    await putItem("keys", { ...rowKeys.admission(request.userId), open: {}, disabledAt: 1 });
    await expect(new Meter(request).open()).rejects.toMatchObject({ code: "INVALID_API_KEY", status: 401 });
  });

  it("doubles a reservation while the cap allows it, and books the true cost in the end", async () => {
    const request = metering({ reservePicoUsd: 3_000n * microUsd });
    const meter = new Meter(request);
    await meter.open();
    expect(await meter.extend()).toBe(true);
    expect(meter.reservedPicoUsd).toBe(6_000n * microUsd);
    expect(await meter.extend()).toBe(false);
    expect(meter.reservedPicoUsd).toBe(6_000n * microUsd);
    expect((await admissionOf(request)).spent).toBe(6_000n * microUsd);
    await meter.settle(ended());
    expect(await admissionOf(request)).toEqual({ open: 0, spent: costPicoUsd });
  });

  describe("when a table fails", () => {
    it("gives the place back that was taken while the usage row could not be written", async () => {
      const request = metering();
      await new Meter({ ...request, requestId: newId("request") }).open();
      const meter = new Meter(request);
      // The open row fails at once, while the admission is still under way.
      const { promise: until, resolve: admitNow } = Promise.withResolvers<void>();
      relay().intercept = (seen) =>
        operationOf(seen) === "UpdateItem"
          ? { kind: "hold", until }
          : { kind: "answer", status: 400, body: '{"__type":"x#ValidationException","message":"no"}' };
      await expect(meter.open()).rejects.toMatchObject({ name: "AwsError" });
      const settled = meter.settle(ended({ status: "error", usage: noTokens }));
      admitNow();
      await settled;
      relay().reset();
      expect(await admissionOf(request)).toEqual({ open: 1, spent: request.reservePicoUsd });
    });

    it("gives a place back whose admission got through although every answer was lost", async () => {
      const request = metering();
      await new Meter({ ...request, requestId: newId("request") }).open();
      const meter = new Meter(request);
      relay().intercept = breaks("UpdateItem", { kind: "lose-answer" });
      await expect(meter.open()).rejects.toMatchObject({ name: "AwsError", passing: true });
      relay().reset();
      expect((await admissionOf(request)).open).toBe(2);
      await meter.settle(ended({ status: "error", usage: noTokens }));
      expect(await admissionOf(request)).toEqual({ open: 1, spent: request.reservePicoUsd });
    });

    const throttled = { kind: "answer", status: 400, body: '{"__type":"ThrottlingException"}' } as const;

    it("settles a row that is open, again for a few seconds", async () => {
      const request = metering();
      const row = new GenerationRow(request, day);
      await row.open();
      let left = 4;
      relay().intercept = () => (left-- > 0 ? throttled : undefined);
      expect(await row.settle(ended())).toMatchObject({ costPicoUsd, spentPicoUsd: costPicoUsd, usage });
      expect(await eventOf(request)).toMatchObject({ status: "ok" });
    });

    it.each(["failed to open", "was never opened"])("has no patience for a row that %s", async (which) => {
      const row = new GenerationRow(metering(), day);
      relay().intercept = () => throttled;
      if (which === "failed to open") await expect(row.open()).rejects.toMatchObject({ name: "AwsError" });
      relay().requests.length = 0;
      await expect(row.settle(ended())).rejects.toMatchObject({ name: "AwsError" });
      // The tries of one call.
      expect(relay().requests).toHaveLength(3);
    });

    it("throws at settling rather than dropping an event silently", async () => {
      const request = metering();
      const meter = new Meter(request);
      await meter.open();
      relay().intercept = breaks("UpdateItem", { kind: "reset" });
      await expect(meter.settle(ended())).rejects.toMatchObject({ name: "AwsError" });
    });
  });
});

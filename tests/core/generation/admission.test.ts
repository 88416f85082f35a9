import { randomUUID } from "node:crypto";
import { afterEach, describe, expect, it, vi } from "vitest";
import { rowKeys, utcDay } from "#core/db/row-keys.ts";
import { getItem } from "#core/db/table.ts";
import { Admission, type AdmissionOptions } from "#core/generation/admission.ts";
import { wholeReserve } from "#core/generation/reservation.ts";
import { newId } from "#core/ids.ts";
import { logger } from "#core/observability/logger.ts";
import { flushMetrics } from "#core/observability/metrics.ts";
import { captureLog } from "#tests/core/support/lambda.ts";
import { operationOf } from "#tests/core/support/relay.ts";
import { hasTables, tablesName, useTables } from "#tests/core/support/tables.ts";

const spending = (platformPicoUsd: bigint) => ({ platformPicoUsd, callerPicoUsd: 0n, tokens: 0 });

const startedAtMs = Date.UTC(2026, 10, 22, 12);

const admissionOf = (userId: string, changes: Partial<AdmissionOptions> = {}): Admission =>
  new Admission({
    userId,
    requestId: newId("request"),
    reserve: wholeReserve(100n),
    startedAtMs,
    lambdaDeadlineMs: startedAtMs + 60_000,
    ...changes,
  });
const newUser = (): string => `user_${randomUUID()}`;
const rowOf = (userId: string) => getItem("keys", rowKeys.admission(userId), { consistent: true });

describe.skipIf(!hasTables)(`An admission (${tablesName})`, () => {
  const relay = useTables();
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it("is a lease until the second after which the function cannot run, never an earlier one", async () => {
    const userId = newUser();
    const requestId = newId("request");
    await admissionOf(userId, { requestId, lambdaDeadlineMs: startedAtMs + 1 }).admit();
    expect((await rowOf(userId))?.open).toEqual({
      [requestId]: { until: startedAtMs / 1_000 + 1, reserved: 100, day: utcDay(startedAtMs) },
    });
  });

  it("is given back once: a second time changes nothing, and one that was refused or never taken writes nothing", async () => {
    const userId = newUser();
    const place = admissionOf(userId);
    await place.admit();
    await place.close(spending(7n));
    await place.close(spending(50n));
    expect((await rowOf(userId))?.[`spend#${utcDay(startedAtMs)}`]).toBe(7);
    const refused = admissionOf(userId, { reserve: wholeReserve(10n ** 18n) });
    await expect(refused.admit()).rejects.toMatchObject({ code: "SPEND_LIMIT_EXCEEDED" });
    relay().reset();
    await refused.close(spending(5n));
    await admissionOf(userId).close(spending(5n));
    expect(relay().requests).toEqual([]);
  });

  it.each([
    ["the key's budget", 50n, false, "BUDGET_EXCEEDED"],
    ["the key's budget", 10n ** 15n, true, "BUDGET_EXCEEDED"],
    ["the daily cap", undefined, false, "SPEND_LIMIT_EXCEEDED"],
  ])("blames %s for what it leaves too little for (%s, the caller pays: %j)", async (_, picoUsd, byok, code) => {
    const budget = { id: "b1", period: "day", includeByok: true } as const;
    const limits = picoUsd === undefined ? undefined : { id: "k0", budget: { ...budget, picoUsd } };
    const reserve = { picoUsd: 100n, leastPicoUsd: 20n };
    const place = admissionOf(newUser(), { reserve, limits, callerPays: byok });
    await place.admit();
    expect(place.tooLittle(byok)).toMatchObject({ code, details: { resetAt: expect.any(String) } });
  });

  it("says of a request whose lease is gone that its time is over, and blames no limit", async () => {
    const place = admissionOf(newUser());
    await place.admit();
    await place.close(spending(0n));
    await expect(place.take(wholeReserve(200n), false)).rejects.toMatchObject({ code: "PROVIDER_TIMEOUT" });
  });

  it("loses nothing that a call gives back while more is reserved for another", async () => {
    const userId = newUser();
    const place = admissionOf(userId);
    await place.admit();
    await place.take(wholeReserve(100n), false);
    const taken = place.take(wholeReserve(50n), false);
    // Once it is known that 50 more are needed, wherever the write is.
    await Promise.resolve();
    place.giveBack(30n, false);
    await taken;
    expect(place.reservedPicoUsd).toBe(150n);
    await place.close(spending(7n));
    expect((await rowOf(userId))?.[`spend#${utcDay(startedAtMs)}`]).toBe(7);
  });

  it("of a killed request is cleared by the next one that finds no room, and the log says whose it was", async () => {
    const warn = vi.spyOn(logger, "warn").mockImplementation(() => undefined);
    const userId = newUser();
    const killed = Array.from({ length: 20 }, () => newId("request"));
    for (const requestId of killed)
      await admissionOf(userId, { requestId, lambdaDeadlineMs: startedAtMs - 60_000 }).admit();
    await captureLog(() => flushMetrics({ route: "before" }));
    await admissionOf(userId).admit();
    const { lines } = await captureLog(() => flushMetrics({ route: "ChatCompletions" }));
    expect(lines.find((written) => "_aws" in written)).toMatchObject({ OrphanedLeases: 20 });
    const line = "The lease of a killed request was cleared";
    expect(warn.mock.calls).toHaveLength(20);
    expect(warn.mock.calls).toEqual(expect.arrayContaining(killed.map((requestId) => [line, { requestId, userId }])));
  });

  it("pays its first call from what it reserved, a later one from what came back, and only then reserves more", async () => {
    const userId = newUser();
    const place = admissionOf(userId);
    await place.admit();
    expect(await place.take(wholeReserve(60n), false)).toBe(60n);
    place.giveBack(50n, false);
    expect(await place.take({ picoUsd: 100n, leastPicoUsd: 90n }, false)).toBe(90n);
    expect(place.reservedPicoUsd).toBe(100n);
    expect(await place.take(wholeReserve(30n), false)).toBe(30n);
    expect(place.reservedPicoUsd).toBe(130n);
    await expect(place.take(wholeReserve(10n ** 18n), false)).rejects.toMatchObject({ code: "SPEND_LIMIT_EXCEEDED" });
    await place.close(spending(150n));
    expect((await rowOf(userId))?.[`spend#${utcDay(startedAtMs)}`]).toBe(150);
  });

  it("whose answer was lost for good gives back what its lease holds, whatever that came to", async () => {
    const userId = newUser();
    const place = admissionOf(userId, { reserve: { picoUsd: 10n ** 18n, leastPicoUsd: 1n } });
    let writes = 0;
    relay().intercept = (request) => {
      if (operationOf(request) !== "UpdateItem") return undefined;
      writes += 1;
      // The first write is refused, or finds no row. What follows gets through, and its answers are lost.
      return writes > 3 ? { kind: "lose-answer" } : undefined;
    };
    await place.admit().catch(() => undefined);
    relay().reset();
    await place.close(spending(0n));
    const row = await rowOf(userId);
    expect(row?.open).toEqual({});
    expect(row?.[`spend#${utcDay(startedAtMs)}`]).toBe(0);
  });

  it("of which nobody knows whether it is held is given back without patience: it would only weigh on a table in trouble", async () => {
    const place = admissionOf(newUser());
    relay().intercept = () => ({ kind: "answer", status: 500, body: "{}" });
    await expect(place.admit()).rejects.toMatchObject({ name: "AwsError" });
    relay().requests.length = 0;
    await expect(place.close(spending(0n))).rejects.toMatchObject({ name: "AwsError" });
    // The tries of one call.
    expect(relay().requests).toHaveLength(3);
  });

  it("is tried again for a few seconds when it is given back to a throttled table", async () => {
    const userId = newUser();
    const place = admissionOf(userId);
    await place.admit();
    let left = 4;
    relay().intercept = () =>
      left-- > 0
        ? { kind: "answer", status: 400, body: JSON.stringify({ __type: "ThrottlingException", message: "slow" }) }
        : undefined;
    await place.close(spending(7n));
    expect((await rowOf(userId))?.open).toEqual({});
  });

  it("books every extension once when several generations of a run ask at the same time", async () => {
    const userId = `user_${randomUUID()}`;
    const place = new Admission({
      userId,
      requestId: newId("request"),
      reserve: wholeReserve(100n),
      startedAtMs,
      lambdaDeadlineMs: startedAtMs + 60_000,
    });
    await place.admit();
    expect(await place.take(wholeReserve(100n), false)).toBe(100n);
    const taken = await Promise.all(Array.from({ length: 8 }, () => place.take(wholeReserve(10n), false)));
    expect(taken).toEqual(Array.from({ length: 8 }, () => 10n));
    expect(place.reservedPicoUsd).toBe(180n);
    const spent = async () =>
      (await getItem("keys", rowKeys.admission(userId), { consistent: true }))?.[`spend#${utcDay(startedAtMs)}`];
    expect(await spent()).toBe(180);
    await place.close(spending(7n));
    expect(await spent()).toBe(7);
  });
});

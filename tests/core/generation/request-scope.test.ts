import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { admit, markCancelled } from "#core/db/admission.ts";
import { RequestScope } from "#core/generation/request-scope.ts";
import { newId } from "#core/ids.ts";
import { muteLog } from "#tests/core/support/lambda.ts";
import { hasTables, tablesName, useTables } from "#tests/core/support/tables.ts";

muteLog();

describe.skipIf(!hasTables)(`RequestScope (${tablesName})`, () => {
  const relay = useTables();
  const nowMs = Date.UTC(2026, 10, 22, 12);
  const open = (timeoutMs: number, lambdaMs = 330_000, settableMs?: number) => {
    const facts = { userId: `user_${randomUUID()}`, requestId: newId("request") };
    return {
      ...facts,
      scope: new RequestScope({
        ...facts,
        timeoutMs,
        ...(settableMs === undefined ? {} : { settableMs }),
        startedAtMs: nowMs,
        lambdaDeadlineMs: nowMs + lambdaMs,
      }),
    };
  };
  const take = (facts: { readonly userId: string; readonly requestId: string }) =>
    admit(
      {
        ...facts,
        day: "2026-11-22",
        untilSeconds: nowMs / 1_000 + 330,
        reserve: { picoUsd: 0n, leastPicoUsd: 0n },
        capPicoUsd: 0n,
        maxOpen: 5,
      },
      nowMs,
      () => undefined,
    );

  beforeEach(() => {
    // setTimeout stays real: the calls to DynamoDB need it. The deadline is looked at through its spy.
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "Date"], now: nowMs });
  });
  afterEach(() => {
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  it("is over at its timeout, or 3 s before Lambda ends the function, whichever comes first", () => {
    const [short, long] = [open(60_000), open(300_000, 100_000)];
    expect(short.scope.deadlineMs).toBe(nowMs + 60_000);
    expect(short.scope.remainingMs(nowMs + 59_000)).toBe(1_000);
    expect(short.scope.remainingMs(nowMs + 61_000)).toBe(0);
    expect(long.scope.deadlineMs).toBe(nowMs + 97_000);
    short.scope.close();
    long.scope.close();
  });

  it("fires its signal then, and says how long it waited", async () => {
    const { scope } = open(20);
    await once(scope.signal, "abort");
    expect(scope.reason).toMatchObject({
      code: "PROVIDER_TIMEOUT",
      status: 504,
      details: { timeoutMs: 20 },
      shouldRetry: false,
    });
    expect(scope.wasCancelled).toBe(false);
    scope.close();
  });

  it.each<[string, number | undefined, string]>([
    ["of a route without a field for its time names none", undefined, "The request did not complete within 20 ms."],
    [
      "of one that has it says how far it goes",
      300_000,
      "The request did not complete within 20 ms. `timeout` can be set to up to 300000 ms.",
    ],
    ["that was the longest already names none", 20, "The request did not complete within 20 ms."],
  ])("a time that is over %s", async (_, settableMs, message) => {
    const { scope } = open(20, 330_000, settableMs);
    await once(scope.signal, "abort");
    expect(scope.reason.message).toBe(message);
    scope.close();
  });

  it("asks nothing while the request is young, then one read each 2 s, and stops when the caller cancels", async () => {
    const { scope, ...facts } = open(60_000);
    await take(facts);
    relay().reset();
    await vi.advanceTimersByTimeAsync(1_999);
    expect(relay().requests).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(1);
    await vi.waitFor(() => expect(relay().requests).toHaveLength(1));
    expect(scope.signal.aborted).toBe(false);
    expect(await markCancelled(facts.userId, facts.requestId)).toBe(true);
    const fired = once(scope.signal, "abort");
    await vi.advanceTimersByTimeAsync(2_000);
    await fired;
    expect(scope.wasCancelled).toBe(true);
    expect(scope.reason).toMatchObject({ code: "CONFLICT", details: { cancelled: true }, shouldRetry: false });
    scope.close();
  });

  it("goes on when the flag cannot be read", async () => {
    const { scope, ...facts } = open(60_000);
    await take(facts);
    relay().reset();
    relay().intercept = () => ({ kind: "answer", status: 400, body: "{}" });
    await vi.advanceTimersByTimeAsync(2_000);
    await vi.waitFor(() => expect(relay().requests).toHaveLength(1));
    expect(scope.signal.aborted).toBe(false);
    scope.close();
  });
});

import { describe, expect, it } from "vitest";
import { readRollups } from "#core/db/rollups.ts";
import { rowKeys } from "#core/db/row-keys.ts";
import { getItem } from "#core/db/table.ts";
import type { UsageEvent } from "#core/db/usage-events.ts";
import { rollUp } from "#core/usage/rollup.ts";
import { type Fault, operationOf, type RelayedRequest } from "#tests/core/support/relay.ts";
import { hasTables, tablesName, useTables } from "#tests/core/support/tables.ts";
import { anyEvent, counted, day, newEvent, newUser, recount } from "#tests/core/support/usage-events.ts";
import { fc, runs } from "#tests/support/property.ts";

const nowMs = Date.UTC(2026, 10, 22, 12);

const sumsOf = async (userId: string) => counted((await readRollups(userId, "2026-01-01", "2026-12-31")).rows);
const isTransaction = (request: RelayedRequest): boolean => operationOf(request) === "TransactWriteItems";
const cancelled = (codes: readonly string[]): Fault => ({
  kind: "answer",
  status: 400,
  body: JSON.stringify({
    __type: "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
    Message: `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes.join(", ")}]`,
    CancellationReasons: codes.map((Code) => ({ Code })),
  }),
});

describe.skipIf(!hasTables)(`rollUp (${tablesName})`, () => {
  const tables = useTables();

  it("adds up what a naive recount does, whatever is delivered twice, out of order or cut into batches", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc
          .constant(0)
          .map(newUser)
          .chain((userId) =>
            fc.record({
              userId: fc.constant(userId),
              events: fc.array(anyEvent(userId), { minLength: 1, maxLength: 40 }),
              again: fc.array(fc.nat(), { maxLength: 30 }),
              cuts: fc.infiniteStream(fc.integer({ min: 1, max: 25 })),
              order: fc.infiniteStream(fc.nat({ max: 1_000 })),
            }),
          ),
        async ({ userId, events, again, cuts, order }) => {
          const repeated = again.flatMap((index) => events[index % events.length] ?? []);
          const deliveries = [...events, ...repeated]
            .map((event) => ({ event, place: order.next().value }))
            .sort((left, right) => left.place - right.place)
            .map(({ event }) => event);
          let added = 0;
          for (let start = 0; start < deliveries.length; ) {
            const size = cuts.next().value;
            added += await rollUp(deliveries.slice(start, start + size), nowMs);
            start += size;
          }
          expect(added).toBe(events.length);
          expect(await sumsOf(userId)).toEqual(recount(events));
        },
      ),
      { numRuns: runs(25) },
    );
  });

  it("adds each event once when overlapping batches run at the same time", async () => {
    const userId = newUser();
    const events = fc.sample(anyEvent(userId), { numRuns: 60, seed: 7 });
    const batches = [events.slice(0, 40), events.slice(20), events.slice(10, 50), events];
    const added = await Promise.all(batches.map((batch) => rollUp(batch, nowMs)));
    expect(added.reduce((sum, count) => sum + count, 0)).toBe(60);
    expect(await sumsOf(userId)).toEqual(recount(events));
  });

  it.each([1, 2])(
    "adds the rest, and nothing twice, when a batch of three transactions crashed after %d",
    async (done) => {
      const userId = newUser();
      const events = Array.from({ length: 200 }, () => newEvent({ userId }));
      let left = done;
      tables().intercept = (request) =>
        isTransaction(request) && left-- <= 0
          ? { kind: "answer", status: 400, body: JSON.stringify({ __type: "AccessDeniedException", message: "no" }) }
          : undefined;
      await expect(rollUp(events, nowMs)).rejects.toThrow();
      tables().reset();
      const before = Object.values(await sumsOf(userId))[0]?.requests ?? 0;
      expect(before).toBeGreaterThan(0);
      expect(before).toBeLessThan(200);
      expect(await rollUp(events, nowMs)).toBe(200 - before);
      expect(await sumsOf(userId)).toEqual(recount(events));
    },
  );

  it("adds a batch once when DynamoDB wrote it and the answer was lost", async () => {
    const userId = newUser();
    const events = [newEvent({ userId }), newEvent({ userId })];
    let lost = false;
    tables().intercept = (request) => {
      if (!isTransaction(request) || lost) return undefined;
      lost = true;
      return { kind: "lose-answer" };
    };
    await rollUp(events, nowMs);
    tables().reset();
    await rollUp(events, nowMs);
    expect(await sumsOf(userId)).toEqual(recount(events));
  });

  it("tries again when another transaction holds a row, and fails for Lambda to deliver again when that does not end", async () => {
    const userId = newUser();
    const events = [newEvent({ userId })];
    let left = 3;
    tables().intercept = (request) =>
      isTransaction(request) && left-- > 0 ? cancelled(["None", "TransactionConflict"]) : undefined;
    expect(await rollUp(events, nowMs)).toBe(1);
    tables().intercept = (request) => (isTransaction(request) ? cancelled(["None", "TransactionConflict"]) : undefined);
    await expect(rollUp([newEvent({ userId })], nowMs)).rejects.toMatchObject({ name: "TableUnavailable" });
    tables().reset();
    expect(await sumsOf(userId)).toEqual(recount(events));
  });

  it("leaves out events that were added before and adds the others of the same batch", async () => {
    const userId = newUser();
    const [old, fresh] = [newEvent({ userId }), newEvent({ userId, model: "gpt-4.1" })];
    await rollUp([old], nowMs);
    expect(await rollUp([fresh, old], nowMs)).toBe(1);
    expect(await sumsOf(userId)).toEqual(recount([old, fresh]));
  });

  it("takes any number of events and of rows: transactions hold 100 items", async () => {
    const userId = newUser();
    // Each event has a row of its own, so a transaction holds 50 of them.
    const events = Array.from({ length: 130 }, (_, index) => newEvent({ userId, keyId: `key_${index}` }));
    expect(await rollUp(events, nowMs)).toBe(130);
    for (const request of tables().requests.filter(isTransaction)) {
      const { TransactItems } = JSON.parse(request.body) as { TransactItems: readonly unknown[] };
      expect(TransactItems.length).toBeLessThanOrEqual(100);
    }
    expect(await sumsOf(userId)).toEqual(recount(events));
  });

  it("takes as few transactions as hold them: 99 events and their row in each", async () => {
    const userId = newUser();
    const count = async (events: number) => {
      tables().reset();
      await rollUp(
        Array.from({ length: events }, () => newEvent({ userId })),
        nowMs,
      );
      return tables().requests.filter(isTransaction).length;
    };
    expect([await count(0), await count(99), await count(100), await count(198)]).toEqual([0, 1, 2, 2]);
  });

  it("shows listed models by name, of tokens and of media, however many others were made up before", async () => {
    const userId = newUser();
    const madeUp = Array.from({ length: 101 }, (_, index) => ({ model: `openai/made-up-${index}` }));
    await rollUp(
      madeUp.map((facts) => newEvent({ userId, ...facts })),
      nowMs,
    );
    await rollUp([newEvent({ userId }), newEvent({ userId, model: "speech-2.8-hd", provider: "minimax" })], nowMs);
    const { rows } = await readRollups(userId, day, day);
    expect(rows.map(({ row }) => row.model)).toEqual(expect.arrayContaining(["gpt-4o-mini", "speech-2.8-hd", "other"]));
  });

  it("adds nothing for open events: they are counted once they are settled", async () => {
    const userId = newUser();
    expect(await rollUp([newEvent({ userId, status: "open" })], nowMs)).toBe(0);
    expect(await sumsOf(userId)).toEqual({});
  });

  it("counts a run of several generations as one request", async () => {
    const userId = newUser();
    const run = newEvent({ userId });
    const events = [0, 1, 2, 3].map((generation) => ({ ...run, generation }));
    await rollUp(events, nowMs);
    expect(Object.values(await sumsOf(userId))).toMatchObject([{ requests: 1, generations: 4 }]);
  });

  it("counts errors, cache hits and unknown prices, and keeps what the caller's own key paid apart", async () => {
    const userId = newUser();
    const events: UsageEvent[] = [
      newEvent({ userId, status: "error" }),
      newEvent({ userId, status: "cancelled" }),
      newEvent({ userId, status: "abandoned", estimated: true }),
      newEvent({ userId, cacheHit: true, costPicoUsd: 0n }),
      newEvent({ userId, costPicoUsd: undefined }),
      newEvent({ userId, byok: true, costPicoUsd: 7n }),
    ];
    await rollUp(events, nowMs);
    expect(Object.values(await sumsOf(userId))).toMatchObject([
      { requests: 6, errors: 3, cacheHits: 1, unpriced: 1, costPicoUsd: 99_000n, byokCostPicoUsd: 7n },
    ]);
  });

  it("keeps every pico-dollar of sums beyond a double's digits", async () => {
    const userId = newUser();
    const costPicoUsd = 10n ** 17n + 1n;
    await rollUp(
      Array.from({ length: 9 }, () => newEvent({ userId, costPicoUsd })),
      nowMs,
    );
    expect(Object.values(await sumsOf(userId))[0]?.costPicoUsd).toBe(9n * costPicoUsd);
  });

  it("sums fractions of units, such as seconds of audio", async () => {
    const userId = newUser();
    await rollUp([newEvent({ userId, units: 1.5 }), newEvent({ userId, units: 2.25 })], nowMs);
    expect(Object.values(await sumsOf(userId))[0]?.units).toBe(3.75);
  });

  it("shows 100 models outside the catalogue by name a day, then sums the rest as `other`, by provider", async () => {
    const userId = newUser();
    const of = (index: number, provider = "openrouter") =>
      newEvent({ userId, model: `${provider}/free-form-${index}`, provider, costPicoUsd: undefined });
    const named = Array.from({ length: 100 }, (_, index) => of(index));
    await rollUp(named, nowMs);
    await rollUp([of(100), of(101), of(102, "openai"), of(3), newEvent({ userId })], nowMs);
    const { rows } = await readRollups(userId, day, day);
    const others = rows.filter(({ row }) => row.model === "other").map(({ row }) => [row.provider, row.requests]);
    expect(others.sort()).toEqual([
      ["openai", 1],
      ["openrouter", 2],
    ]);
    expect(rows.filter(({ row }) => row.model.includes("free-form"))).toHaveLength(100);
    expect(rows.find(({ row }) => row.model === "openrouter/free-form-3")?.row.requests).toBe(2);
    // Another day has its own hundred, and another user too.
    await rollUp([{ ...of(500), day: "2026-11-21" }], nowMs);
    expect((await readRollups(userId, "2026-11-21", "2026-11-21")).rows[0]?.row.model).toBe("openrouter/free-form-500");
  });

  it("holds the cap of 100 names when batches bring new ones at the same time", async () => {
    const userId = newUser();
    const events = Array.from({ length: 130 }, (_, index) =>
      newEvent({ userId, model: `openai/made-up-${index}`, provider: "openai" }),
    );
    await Promise.all([rollUp(events.slice(0, 70), nowMs), rollUp(events.slice(60), nowMs)]);
    const { rows } = await readRollups(userId, day, day);
    expect(rows).toHaveLength(101);
    expect(rows.reduce((sum, { row }) => sum + row.requests, 0)).toBe(130);
  });

  it("keeps the mark of an event for 60 days: longer than any redelivery", async () => {
    const userId = newUser();
    const event = newEvent({ userId });
    await rollUp([event], nowMs);
    const mark = await getItem("rollups", rowKeys.rolledUp(userId, day, event.requestId, 0));
    expect(mark?.expiresAt).toBe(nowMs / 1_000 + 60 * 86_400);
  });
});

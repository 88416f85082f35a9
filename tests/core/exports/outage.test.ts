import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listDeliveries } from "#core/db/deliveries.ts";
import { insertExport } from "#core/db/exports.ts";
import type { UsageEvent } from "#core/db/usage-event.ts";
import { serveOwner } from "#core/deliveries/take-turn.ts";
import { exportUsage } from "#core/exports/export-usage.ts";
import { newId } from "#core/ids.ts";
import { muteLog } from "#tests/core/support/lambda.ts";
import { type Fault, operationOf, type Relay, startRelay } from "#tests/core/support/relay.ts";
import { hasTables, tablesName, useTables } from "#tests/core/support/tables.ts";
import { newEvent, newUser } from "#tests/core/support/usage-events.ts";

muteLog();
const startMs = Date.UTC(2026, 10, 20, 12);
const minuteMs = 60_000;
const hourMs = 3_600_000;

/** What the destination does in each minute of its bad hour. */
const troubles: readonly Fault[] = [
  { kind: "answer", status: 503, body: "" },
  { kind: "reset" },
  { kind: "answer", status: 302, body: "", headers: { location: "http://127.0.0.1:1/" } },
  { kind: "answer", status: 400, body: "<html>not a collector</html>" },
  { kind: "hang" },
];
const fine: Fault = { kind: "answer", status: 200, body: "{}" };
/** DynamoDB's answer that is not tried again: a write that a killed function did not make. */
const denied: Fault = { kind: "answer", status: 400, body: JSON.stringify({ __type: "AccessDeniedException" }) };
/** All that the silent one of the servers costs an attempt, ms. */
const timeoutMs = 100;

/** Ids of the requests in what a destination received, with the id of their message. */
const receivedBy = ({ requests }: Relay): readonly { readonly message: string; readonly ids: readonly string[] }[] =>
  requests.map(({ headers, body }) => ({
    message: String(headers["webhook-id"]),
    ids: (JSON.parse(body) as { data: { requests: { id: string }[] } }).data.requests.map(({ id }) => id),
  }));

describe.skipIf(!hasTables)(`exports through an hour in which a destination is out of order (${tablesName})`, () => {
  const tables = useTables();
  let bad: Relay;
  let good: Relay;
  beforeAll(async () => {
    process.env.CUSTOM_HOSTS = "127.0.0.1";
    [bad, good] = await Promise.all([startRelay(), startRelay()]);
  });
  afterAll(() => Promise.all([bad.close(), good.close()]));

  const owner = async (server: Relay): Promise<string> => {
    const userId = newUser();
    await insertExport({
      ...{ id: newId("export"), userId, kind: "webhook", url: `${server.url}/requests`, headerNames: [] },
      ...{ sampling: 1, enabled: true, createdAt: startMs },
    });
    return userId;
  };
  /** All turns of an owner that are due. A run that dies loses its turn, as when Lambda kills it. */
  const send = async (userId: string, nowMs: number, how: object = {}): Promise<void> => {
    while (await serveOwner(userId, { nowMs, ...how }).catch(() => false));
  };

  it("lose nothing, delay nobody else, and try a bounded number of times, whatever is killed or redelivered meanwhile", async () => {
    const [unlucky, lucky] = [await owner(bad), await owner(good)];
    good.intercept = () => fine;
    const made: UsageEvent[] = [];
    for (let minute = 0; minute < 60; minute += 1) {
      const nowMs = startMs + minute * minuteMs;
      bad.intercept = () => troubles[minute % troubles.length];
      const batch = [unlucky, lucky].map((userId) => newEvent({ userId, startedAt: nowMs - 900, latencyMs: 800 }));
      made.push(...batch);
      // The function is killed after the first of its two owners, and the stream delivers the batch again.
      if (minute % 7 === 3) {
        let writes = 0;
        tables().intercept = (request) =>
          operationOf(request) === "TransactWriteItems" && ++writes > 1 ? denied : undefined;
        await exportUsage(batch, nowMs).catch(() => undefined);
        tables().reset();
      }
      await exportUsage(batch, nowMs);
      // The worker is killed between an attempt and its note.
      if (minute % 11 === 5) {
        tables().intercept = (request) =>
          operationOf(request) === "TransactWriteItems" && request.body.includes(unlucky) ? denied : undefined;
      }
      await send(unlucky, nowMs, { timeoutMs });
      tables().reset();
      await send(lucky, nowMs);
      expect(receivedBy(good)).toHaveLength(minute + 1);
    }
    const triedMeanwhile = bad.requests.length;
    expect(triedMeanwhile).toBeLessThanOrEqual(2 * 60);
    bad.intercept = () => fine;
    for (let atMs = startMs + hourMs; atMs <= startMs + 6 * hourMs; atMs += minuteMs) {
      if ((await listDeliveries(unlucky, 1)).pending.length === 0) break;
      await send(unlucky, atMs);
    }
    const { pending, ended } = await listDeliveries(unlucky, 100);
    expect([pending.length, new Set(ended.map(({ state }) => state))]).toEqual([0, new Set(["delivered"])]);
    for (const [server, userId] of [
      [bad, unlucky],
      [good, lucky],
    ] as const) {
      const received = receivedBy(server).slice(server === bad ? triedMeanwhile : 0);
      const own = made.filter((event) => event.userId === userId).map(({ requestId }) => requestId);
      expect(new Set(received.flatMap(({ ids }) => ids))).toEqual(new Set(own));
      // What arrives twice does so under one id.
      const messages = new Map(received.map(({ message, ids }) => [message, ids.join()]));
      expect(new Set(messages.values()).size).toBe(messages.size);
    }
  }, 120_000);

  it("of a destination that stays dead keep a day's deliveries at most, and all others are shown as dead", async () => {
    const userId = await owner(bad);
    bad.intercept = () => troubles[0];
    const hours = 60;
    for (let hour = 0; hour < hours; hour += 1) {
      const nowMs = startMs + hour * hourMs;
      for (let each = 0; each < 3; each += 1) {
        await exportUsage([newEvent({ userId, startedAt: nowMs - 900 + each, latencyMs: 800 })], nowMs);
      }
      await send(userId, nowMs);
      const { pending } = await listDeliveries(userId, 1_000);
      expect(pending.length).toBeLessThanOrEqual(24 * 3 + 2 * 24 + 6);
      expect(Math.min(...pending.map(({ createdAt }) => createdAt))).toBeGreaterThan(nowMs - 48 * hourMs);
    }
    const { ended } = await listDeliveries(userId, 1_000);
    expect(ended.length).toBeGreaterThan((hours - 48) * 3);
    expect(new Set(ended.map(({ state }) => state))).toEqual(new Set(["dead"]));
  }, 120_000);
});

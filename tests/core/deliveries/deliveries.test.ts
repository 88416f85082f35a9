import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { addDelivery, type DeliveryRow, listDeliveries } from "#core/db/deliveries.ts";
import { type ExportRow, insertExport } from "#core/db/exports.ts";
import { rowKeys } from "#core/db/row-keys.ts";
import { getItem } from "#core/db/table.ts";
import { sendDueDeliveries } from "#core/deliveries/send-due.ts";
import { serveOwner } from "#core/deliveries/take-turn.ts";
import { newId } from "#core/ids.ts";
import { flushMetrics } from "#core/observability/metrics.ts";
import { type HttpsServer, hasOpenssl, startHttpsServer } from "#tests/core/jobs/https-server.ts";
import { captureLog, muteLog } from "#tests/core/support/lambda.ts";
import { startRelay } from "#tests/core/support/relay.ts";
import { hasTables, tablesName, useTables } from "#tests/core/support/tables.ts";

muteLog();
const signal = new AbortController().signal;
const here = (address: string): boolean => address === "127.0.0.1" || address === "::1";
const minuteMs = 60_000;
const dayMs = 86_400_000;

describe.skipIf(!hasTables || !hasOpenssl)(`deliveries (${tablesName}, openssl)`, () => {
  const tables = useTables();
  let fast: HttpsServer;
  let slow: HttpsServer;
  beforeAll(async () => {
    process.env.CUSTOM_HOSTS = "127.0.0.1";
    fast = await startHttpsServer();
    slow = await startHttpsServer();
  });
  beforeEach(() => {
    for (const server of [fast, slow]) {
      server.deliveries.length = 0;
      server.answer = { status: 200 };
      server.hold = undefined;
    }
  });
  afterAll(async () => {
    await fast.close();
    await slow.close();
  });

  const options = (nowMs = Date.now(), timeoutMs = 15_000) => ({
    allows: here,
    ca: `${fast.ca}\n${slow.ca}`,
    nowMs,
    timeoutMs,
  });
  const newOwner = (): string => `user_${randomUUID()}`;
  const owe = async (
    userId: string,
    { url }: { readonly url: string } = fast,
    changes: Partial<DeliveryRow> = {},
  ): Promise<DeliveryRow> => {
    const nowMs = Date.now();
    const row: DeliveryRow = {
      id: newId("delivery"),
      userId,
      kind: "test",
      messageId: `msg_${randomUUID()}`,
      url: `${url}/hook`,
      body: JSON.stringify({ userId }),
      state: "pending",
      tries: 0,
      createdAt: nowMs,
      nextTryAt: nowMs,
      expiresAt: Math.floor(nowMs / 1_000) + 86_400,
      ...changes,
    };
    expect(await addDelivery(row)).toBe(true);
    return row;
  };
  const send = (nowMs = Date.now(), timeoutMs?: number) => sendDueDeliveries(signal, options(nowMs, timeoutMs));
  /** One owner's turns alone, at any time: others' rows of these tests stay what they are. */
  const sendOf = async (userId: string, nowMs = Date.now(), how: object = {}): Promise<void> => {
    while (await serveOwner(userId, { ...options(nowMs), ...how }));
  };
  const oweMany = async (count: number, userId: string, server: HttpsServer): Promise<void> => {
    for (let index = 0; index < count; index++) await owe(userId, server);
  };
  const toldOf = (server: HttpsServer, userId: string) =>
    server.deliveries.filter(({ body }) => body.includes(userId)).length;
  const owner = (userId: string) => getItem("jobs", rowKeys.deliveryOwner(userId), { consistent: true });
  const states = async (userId: string) => {
    const { pending, ended } = await listDeliveries(userId, 100);
    return { pending: pending.length, ended: ended.map(({ state }) => state) };
  };

  it("are made once, and kept for a week without what was sent", async () => {
    const userId = newOwner();
    const row = await owe(userId);
    await Promise.all([send(), send(), serveOwner(userId, options())]);
    expect(toldOf(fast, userId)).toBe(1);
    expect(fast.deliveries[0]?.headers["webhook-id"]).toBe(row.messageId);
    const { pending, ended } = await listDeliveries(userId, 10);
    expect(pending).toEqual([]);
    expect(ended).toMatchObject([{ id: row.id, state: "delivered", tries: 1, lastStatus: 200 }]);
    expect(ended[0]).not.toHaveProperty("body");
    expect(await owner(userId)).not.toHaveProperty("dueShard");
  });

  it("of one owner with a server that never answers delay nobody else, not even the owner's other server", async () => {
    const [stuck, other] = [newOwner(), newOwner()];
    const release = Promise.withResolvers<void>();
    slow.hold = release.promise;
    await oweMany(30, stuck, slow);
    await owe(stuck, fast);
    await oweMany(3, other, fast);
    const sending = send();
    // All of that while the first of thirty still waits for its answer.
    const told = () => [toldOf(fast, other), toldOf(fast, stuck), toldOf(slow, stuck)];
    await vi.waitFor(() => expect(told()).toEqual([3, 1, 1]), 10_000);
    release.resolve();
    await sending;
  });

  it("that fail hold back their own destination for the turn: one attempt, not thirty", async () => {
    const userId = newOwner();
    slow.answer = { status: 500 };
    await oweMany(30, userId, slow);
    await oweMany(12, userId, fast);
    const nowMs = Date.now();
    await sendOf(userId, nowMs);
    expect([toldOf(slow, userId), toldOf(fast, userId)]).toEqual([1, 12]);
    await sendOf(userId, nowMs + minuteMs + 1);
    expect(toldOf(slow, userId)).toBe(2);
    slow.answer = { status: 200 };
    await sendOf(userId, nowMs + 3 * minuteMs);
    expect(await states(userId)).toMatchObject({ pending: expect.any(Number) });
    await sendOf(userId, nowMs + 20 * minuteMs);
    expect((await states(userId)).pending).toBe(0);
    const told = slow.deliveries.filter(({ body }) => body.includes(userId));
    expect(new Set(told.map(({ headers }) => headers["webhook-id"])).size).toBe(30);
  });

  it("are made for everybody in turn: an owner of hundreds does not come before the rest", async () => {
    const [many, few] = [newOwner(), newOwner()];
    await oweMany(60, many, fast);
    await owe(few, fast);
    await send();
    const order = fast.deliveries.map(({ body }) => body);
    const at = order.findIndex((body) => body.includes(few));
    // After at most what one turn of the other gives to one destination.
    expect(at).toBeLessThanOrEqual(10);
    expect([toldOf(fast, many), toldOf(fast, few)]).toEqual([60, 1]);
  });

  it("are tried for 24 hours with growing delays under one id, and are then dead", async () => {
    const userId = newOwner();
    slow.answer = { status: 503 };
    const start = Date.now();
    await owe(userId, slow, { createdAt: start, nextTryAt: start });
    const gaps: number[] = [];
    let at = start;
    for (;;) {
      await sendOf(userId, at);
      const [next] = (await listDeliveries(userId, 1)).pending;
      if (next === undefined) break;
      gaps.push(next.nextTryAt - at);
      at = next.nextTryAt;
      expect(at).toBeLessThanOrEqual(start + dayMs);
    }
    expect(at).toBe(start + dayMs);
    expect(gaps.length).toBeGreaterThanOrEqual(10);
    expect(gaps[0]).toBeLessThanOrEqual(minuteMs);
    expect(gaps[3]).toBeGreaterThan(gaps[0] ?? 0);
    expect((await listDeliveries(userId, 1)).ended).toMatchObject([
      { state: "dead", lastStatus: 503, tries: gaps.length + 1 },
    ]);
    expect(new Set(slow.deliveries.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
    expect(await owner(userId)).not.toHaveProperty("dueShard");
  });

  /** Rows that have waited for longer than a day, and some that have not. */
  const backlog = async (userId: string, overdue: number): Promise<void> => {
    const nowMs = Date.now();
    const old = nowMs - dayMs - minuteMs;
    for (let index = 0; index < overdue; index += 1) {
      await owe(userId, slow, { createdAt: old + index, nextTryAt: old + index });
    }
    for (let index = 0; index < 5; index += 1) await owe(userId, slow);
  };

  it("that waited a day for a server that fails are dead without an attempt each, and the others wait on", async () => {
    const userId = newOwner();
    slow.answer = { status: 503 };
    await backlog(userId, 60);
    await sendOf(userId);
    expect(toldOf(slow, userId)).toBe(1);
    const { pending, ended } = await listDeliveries(userId, 100);
    expect([pending.length, ended.length]).toEqual([5, 60]);
    expect(new Set(ended.map(({ state }) => state))).toEqual(new Set(["dead"]));
    for (const row of ended) expect(row).not.toHaveProperty("body");
    slow.answer = { status: 200 };
    await sendOf(userId, Date.now() + 5 * minuteMs);
    expect((await states(userId)).pending).toBe(0);
  });

  it("that waited a day for a server that is too slow for them are dead, and those of a server that keeps up are made", async () => {
    const [late, punctual] = [newOwner(), newOwner()];
    await backlog(punctual, 12);
    await sendOf(punctual);
    expect((await states(punctual)).ended).toEqual(Array.from({ length: 17 }, () => "delivered"));
    await backlog(late, 12);
    // Each answer takes as long as the whole turn.
    const clock = vi.spyOn(performance, "now");
    clock.mockImplementation(() => toldOf(slow, late) * 16_000);
    await serveOwner(late, options());
    clock.mockRestore();
    expect((await states(late)).ended.sort()).toEqual([...Array.from({ length: 11 }, () => "dead"), "delivered"]);
    expect((await states(late)).pending).toBe(5);
  });

  it("obey Retry-After, within the day", async () => {
    const userId = newOwner();
    slow.answer = { status: 429, headers: { "retry-after": "7200" } };
    const nowMs = Date.now();
    await owe(userId, slow);
    await sendOf(userId, nowMs);
    expect((await listDeliveries(userId, 1)).pending[0]?.nextTryAt).toBe(nowMs + 7_200_000);
    slow.answer = { status: 503, headers: { "retry-after": "9999999" } };
    await sendOf(userId, nowMs + 7_200_000);
    const [row] = (await listDeliveries(userId, 1)).pending;
    expect(row?.nextTryAt).toBe((row?.createdAt ?? 0) + dayMs);
  });

  it("follow no redirect, and end at 410", async () => {
    const userId = newOwner();
    slow.answer = { status: 302, headers: { location: `${fast.url}/elsewhere` } };
    await owe(userId, slow);
    const nowMs = Date.now();
    await sendOf(userId, nowMs);
    expect([toldOf(slow, userId), toldOf(fast, userId)]).toEqual([1, 0]);
    slow.answer = { status: 410 };
    await sendOf(userId, nowMs + 2 * minuteMs);
    expect(await states(userId)).toEqual({ pending: 0, ended: ["dead"] });
  });

  it("never connect to an address that is not public, also when the name leads there only now", async () => {
    const userId = newOwner();
    await owe(userId, fast);
    await owe(userId, { url: fast.url.replace("localhost", "127.0.0.1") });
    await serveOwner(userId, { ca: fast.ca });
    expect(toldOf(fast, userId)).toBe(0);
    expect(await states(userId)).toEqual({ pending: 2, ended: [] });
  });

  it("reach a private host that the stage lists for exports only, not for webhooks", async () => {
    const collector = await startRelay();
    collector.intercept = () => ({ kind: "answer", status: 200, body: "{}" });
    const userId = newOwner();
    const target: ExportRow = {
      ...{ id: newId("export"), userId, kind: "otlp", url: `${collector.url}/v1/traces` },
      ...{ headerNames: [], sampling: 1, enabled: true, createdAt: Date.now() },
    };
    expect(await insertExport(target)).toBe(true);
    await owe(userId, collector);
    await sendOf(userId, Date.now(), { allows: undefined });
    expect(collector.requests).toEqual([]);
    await owe(userId, collector, { exportId: target.id, kind: "export" });
    await sendOf(userId, Date.now() + 2 * minuteMs, { allows: undefined });
    expect(collector.requests.map(({ path }) => path)).toEqual(["/v1/traces"]);
    await collector.close();
  });

  it("that come while their owner's turn runs are not forgotten", async () => {
    const userId = newOwner();
    const release = Promise.withResolvers<void>();
    slow.hold = release.promise;
    await owe(userId, slow);
    const turn = serveOwner(userId, options());
    await vi.waitFor(() => expect(toldOf(slow, userId)).toBe(1), 10_000);
    // Another worker does not get the turn meanwhile, whatever comes.
    await owe(userId, fast);
    expect(await serveOwner(userId, options())).toBe(false);
    release.resolve();
    await turn;
    await sendOf(userId, Date.now() + 1);
    expect(toldOf(fast, userId)).toBe(1);
    expect(await states(userId)).toEqual({ pending: 0, ended: ["delivered", "delivered"] });
  });

  it("of a worker that died are made by another once its time is over", async () => {
    const userId = newOwner();
    await owe(userId, fast);
    const { takeDeliveryTurn } = await import("#core/db/delivery-turns.ts");
    const nowMs = Date.now();
    expect(await takeDeliveryTurn(userId, nowMs, nowMs + minuteMs)).toBeDefined();
    await sendOf(userId, nowMs + minuteMs - 1);
    expect(toldOf(fast, userId)).toBe(0);
    await sendOf(userId, nowMs + minuteMs + 1);
    expect(toldOf(fast, userId)).toBe(1);
  });

  it("survive a write whose answer was lost: at worst they are made twice under one id", async () => {
    const userId = newOwner();
    await owe(userId, fast);
    let lost = 0;
    tables().intercept = ({ headers, body }) =>
      String(headers["x-amz-target"]).endsWith("TransactWriteItems") && body.includes(userId) && lost++ === 0
        ? { kind: "lose-answer" }
        : undefined;
    await sendOf(userId).catch(() => undefined);
    tables().reset();
    await sendOf(userId, Date.now() + 5 * minuteMs);
    expect(await states(userId)).toEqual({ pending: 0, ended: ["delivered"] });
    expect(
      new Set(fast.deliveries.filter(({ body }) => body.includes(userId)).map(({ headers }) => headers["webhook-id"]))
        .size,
    ).toBe(1);
  });

  it("are measured: how late their worker comes, and how many were given up", async () => {
    const userId = newOwner();
    slow.answer = { status: 410 };
    const row = await owe(userId, slow);
    flushMetrics({ route: "before" });
    const { lines } = await captureLog(async () => {
      await send(row.nextTryAt + 60 * minuteMs);
      flushMetrics({ route: "SendDeliveries" });
    });
    const blob = lines.find(({ route, _aws: metrics }) => route === "SendDeliveries" && metrics !== undefined);
    expect(blob).toMatchObject({ DeadDeliveries: expect.any(Number), DeliveryLagMs: expect.any(Number) });
    expect(Number(blob?.DeliveryLagMs)).toBeGreaterThanOrEqual(60 * minuteMs);
  });

  it("are their owner's only", async () => {
    const [one, other] = [newOwner(), newOwner()];
    await owe(one, fast);
    expect(await states(other)).toEqual({ pending: 0, ended: [] });
  });

  it("serve more destinations than fit into one turn, each in its turn", async () => {
    const userId = newOwner();
    const port = new URL(fast.url).port;
    for (let index = 2; index < 42; index++) await owe(userId, { url: `https://127.0.0.${index}:${port}` });
    await sendOf(userId, Date.now(), { allows: () => true });
    const { pending } = await listDeliveries(userId, 100);
    expect(pending.map(({ tries }) => tries)).toEqual(Array.from({ length: 40 }, () => 1));
  });
});

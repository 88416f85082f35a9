import { PutCommand } from "@aws-sdk/lib-dynamodb";
import { describe, expect, it } from "vitest";
import { config } from "#core/config.ts";
import { documents } from "#core/db/document-client.ts";
import { readRollups, rollupKey } from "#core/db/rollups.ts";
import { rowKeys } from "#core/db/row-keys.ts";
import { getItem } from "#core/db/table.ts";
import { putOpenUsage, settleUsage, type UsageEvent } from "#core/db/usage-events.ts";
import { rebuildUsage } from "#core/usage/rebuild.ts";
import { rollUp } from "#core/usage/rollup.ts";
import { sweepAbandoned } from "#core/usage/sweep.ts";
import { operationOf } from "#tests/core/support/relay.ts";
import { hasTables, tablesName, useTables } from "#tests/core/support/tables.ts";
import { anyEvent, counted, newEvent, newUser, recount } from "#tests/core/support/usage-events.ts";
import { fc } from "#tests/support/property.ts";

const endOf = (day: string): number => Date.parse(`${day}T00:00:00Z`) + 86_400_000;
const hours = (count: number): number => count * 3_600_000;

/** Days of their own, so that tests do not meet in a day. */
let days = 0;
const newDay = (): string => {
  days += 1;
  return new Date(Date.UTC(2025, 0, days)).toISOString().slice(0, 10);
};

const storeOpen = (event: UsageEvent): Promise<void> =>
  putOpenUsage({
    userId: event.userId,
    day: event.day,
    requestId: event.requestId,
    generation: event.generation,
    route: event.route,
    keyId: event.keyId,
    model: event.model,
    provider: event.provider,
    byok: event.byok,
    streamed: event.streamed,
    startedAt: event.startedAt,
    reservedPicoUsd: event.reservedPicoUsd,
    runId: undefined,
    openUntil: Math.floor(endOf(event.day) / 1_000) - 60,
  });

const store = async (event: UsageEvent): Promise<void> => {
  await storeOpen(event);
  const { route: _, keyId: __, startedAt: ___, streamed: ____, reservedPicoUsd: _____, status, ...facts } = event;
  if (status !== "open") await settleUsage({ ...facts, status });
};

const sumsOf = async (userId: string, day: string) => counted((await readRollups(userId, day, day)).rows);

describe.skipIf(!hasTables)(`rebuildUsage (${tablesName})`, () => {
  const tables = useTables();

  it("gives the same sums that the stream gave, of every user of the day and of no other day", async () => {
    const day = newDay();
    const other = newDay();
    const users = [newUser(), newUser()];
    const events = users.flatMap((userId) =>
      fc.sample(anyEvent(userId), { numRuns: 30, seed: 11 }).map((event) => ({ ...event, day })),
    );
    const elsewhere = newEvent({ userId: users[0] ?? "", day: other });
    for (const event of [...events, elsewhere]) await store(event);
    await rollUp([...events, elsewhere], endOf(day));
    const before = await Promise.all(users.map((userId) => sumsOf(userId, day)));
    expect(await rebuildUsage(day, endOf(day) + hours(2))).toEqual({ users: 2, events: events.length });
    expect(await Promise.all(users.map((userId) => sumsOf(userId, day)))).toEqual(before);
    expect(before[0]).toEqual(recount(events.filter(({ userId }) => userId === users[0])));
    expect(await sumsOf(users[0] ?? "", other)).toEqual(recount([elsewhere]));
  });

  it("mends rows that were changed, lost or made up, and adds what was never delivered", async () => {
    const day = newDay();
    const userId = newUser();
    const delivered = [newEvent({ userId, day }), newEvent({ userId, day, model: "gpt-4.1" })];
    const undelivered = newEvent({ userId, day, keyId: "key_2" });
    for (const event of [...delivered, undelivered]) await store(event);
    await rollUp(delivered, endOf(day));
    const TableName = config.tableName("rollups");
    const target = { userId, day, keyId: "key_1", model: "gpt-4o-mini", provider: "openai" };
    const { userId: _, ...facts } = target;
    await documents.send(
      new PutCommand({
        TableName,
        Item: { ...rollupKey(target), ...facts, requests: 999, costPicoUsd: 5, latency3: 8 },
      }),
    );
    const madeUp = { ...target, model: "openai/made-up" };
    await documents.send(
      new PutCommand({ TableName, Item: { ...rollupKey(madeUp), ...facts, model: madeUp.model, requests: 4 } }),
    );
    await rebuildUsage(day, endOf(day) + hours(2));
    expect(await sumsOf(userId, day)).toEqual(recount([...delivered, undelivered]));
  });

  it("takes what the stream brings late for what it is: counted already", async () => {
    const day = newDay();
    const userId = newUser();
    const event = newEvent({ userId, day });
    await store(event);
    await rebuildUsage(day, endOf(day) + hours(2));
    const mark = await getItem("rollups", rowKeys.rolledUp(userId, day, event.requestId, 0));
    expect(mark?.expiresAt).toBe((endOf(day) + hours(2)) / 1_000 + 60 * 86_400);
    expect(await rollUp([event], endOf(day) + hours(3))).toBe(0);
    expect(await sumsOf(userId, day)).toEqual(recount([event]));
  });

  it("gives the same when it runs twice, and when it runs again after a crash half way", async () => {
    const day = newDay();
    const userId = newUser();
    const events = Array.from({ length: 40 }, (_, index) => newEvent({ userId, day, keyId: `key_${index % 4}` }));
    for (const event of events) await store(event);
    let left = 3;
    tables().intercept = (request) =>
      ["BatchWriteItem", "PutItem"].includes(operationOf(request)) && left-- <= 0
        ? { kind: "answer", status: 400, body: JSON.stringify({ __type: "AccessDeniedException", message: "no" }) }
        : undefined;
    await expect(rebuildUsage(day, endOf(day) + hours(2))).rejects.toThrow();
    tables().reset();
    await rebuildUsage(day, endOf(day) + hours(2));
    await rebuildUsage(day, endOf(day) + hours(2));
    expect(await sumsOf(userId, day)).toEqual(recount(events));
  });

  it("writes what DynamoDB left unprocessed", async () => {
    const day = newDay();
    const userId = newUser();
    const events = [newEvent({ userId, day }), newEvent({ userId, day })];
    for (const event of events) await store(event);
    const stale = { userId, day, keyId: "key_9", model: "gpt-4o-mini", provider: "openai" };
    await documents.send(
      new PutCommand({
        TableName: config.tableName("rollups"),
        Item: { ...rollupKey(stale), day, keyId: "key_9", model: stale.model, provider: "openai", requests: 1 },
      }),
    );
    const seen = new Set<string>();
    tables().intercept = (request) => {
      if (operationOf(request) !== "BatchWriteItem" || seen.has(request.body)) return undefined;
      seen.add(request.body);
      const { RequestItems } = JSON.parse(request.body) as { RequestItems: object };
      return { kind: "answer", status: 200, body: JSON.stringify({ UnprocessedItems: RequestItems }) };
    };
    await rebuildUsage(day, endOf(day) + hours(2));
    tables().reset();
    expect(seen.size).toBe(2);
    expect(await sumsOf(userId, day)).toEqual(recount(events));
    expect(await rollUp(events, endOf(day))).toBe(0);
  });

  it("leaves open what is open: it is added once the sweeper settled it", async () => {
    const day = newDay();
    const userId = newUser();
    const killed = newEvent({ userId, day, status: "open", reservedPicoUsd: 500n });
    const done = newEvent({ userId, day });
    await store(killed);
    await store(done);
    await rebuildUsage(day, endOf(day) + hours(2));
    expect(await sumsOf(userId, day)).toEqual(recount([done]));
    expect(await sweepAbandoned(endOf(day) + hours(3))).toBe(1);
    await rebuildUsage(day, endOf(day) + hours(4));
    expect(Object.values(await sumsOf(userId, day))).toMatchObject([
      { requests: 2, errors: 1, costPicoUsd: 33_000n + 500n },
    ]);
  });

  it.each(["2026-13-01", "yesterday", "", "2026-11-20T00:00:00Z", "2026-02-30"])(
    "refuses %j: not a day",
    async (day) => {
      await expect(rebuildUsage(day, Date.UTC(2027, 0))).rejects.toThrow("Not a day");
    },
  );

  it("refuses a day that can still gain events", async () => {
    const day = newDay();
    await expect(rebuildUsage(day, endOf(day) + hours(2) - 1)).rejects.toThrow("can still gain events");
    await expect(rebuildUsage(day, endOf(day) + hours(2))).resolves.toEqual({ users: 0, events: 0 });
  });

  it("finds all users of a day, and all events of a user, through the pages of large tables", async () => {
    const day = newDay();
    const event = (userId: string) => newEvent({ userId, day });
    const [many, ...users] = Array.from({ length: 11 }, newUser);
    if (many === undefined) throw new Error("There is no user");
    for (const userId of users) await store(event(userId));
    const TableName = config.tableName("usage");
    // A page holds 1 MB: two of these, and a little.
    const filler = "x".repeat(390_000);
    for (const { requestId, attempts: _, reservedPicoUsd: __, ...facts } of Array.from({ length: 8 }, () =>
      event(many),
    )) {
      const Item = { ...rowKeys.usageEvent(many, day, requestId, 0), ...facts, requestId, filler };
      await documents.send(new PutCommand({ TableName, Item }));
    }
    tables().reset();
    expect(await rebuildUsage(day, endOf(day) + hours(2))).toEqual({ users: 11, events: 18 });
    expect(Object.values(await sumsOf(many, day))).toMatchObject([{ requests: 8 }]);
    const reads = tables()
      .requests.filter((request) => operationOf(request) === "Query")
      .map(({ body }) => JSON.parse(body) as { readonly TableName: string; readonly ConsistentRead?: boolean })
      .filter((query) => query.TableName === TableName);
    expect(reads.length).toBeGreaterThan(11);
    // What was settled a moment ago must not be missing.
    expect(reads.every(({ ConsistentRead }) => ConsistentRead === true)).toBe(true);
  });
});

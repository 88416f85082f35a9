import { BatchWriteCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { describe, expect, it } from "vitest";
import { config } from "#core/config.ts";
import { documents } from "#core/db/document-client.ts";
import { putFeedback } from "#core/db/request-log.ts";
import { rowKeys, utcDay } from "#core/db/row-keys.ts";
import type { UsageEvent } from "#core/db/usage-event.ts";
import { settleUsage } from "#core/db/usage-events.ts";
import { uuidV7 } from "#core/ids.ts";
import { type LogFilter, readRequestPage } from "#core/usage/request-page.ts";
import { rollUp } from "#core/usage/rollup.ts";
import { operationOf } from "#tests/core/support/relay.ts";
import { hasTables, tablesName, useTables } from "#tests/core/support/tables.ts";
import { newEvent, newUser, putOpenRow } from "#tests/core/support/usage-events.ts";
import { fc, runs } from "#tests/support/property.ts";

const firstMs = Date.UTC(2026, 10, 20, 12);
const hourMs = 3_600_000;
const filterOf = (userId: string, changes: Partial<LogFilter> = {}): LogFilter => ({
  userId,
  fromMs: firstMs - 24 * hourMs,
  toMs: firstMs + 10 * 24 * hourMs,
  ...changes,
});

/** An event at a time, as its id and day say. */
const at = (userId: string, ms: number, changes: Partial<UsageEvent> = {}): UsageEvent =>
  newEvent({ userId, requestId: `req_${uuidV7(ms)}`, day: utcDay(ms), startedAt: ms, ...changes });

const store = async (event: UsageEvent, { listed = true } = {}): Promise<void> => {
  const key = { userId: event.userId, day: event.day, requestId: event.requestId, generation: event.generation };
  await putOpenRow(event);
  if (event.status === "open") return;
  const { keyId, costPicoUsd, code, latencyMs, attempts } = event;
  await settleUsage({ ...key, status: event.status, keyId, costPicoUsd, code, latencyMs, attempts });
  if (listed) return;
  // As a version before the index settled it.
  await documents.send(
    new UpdateCommand({
      TableName: config.tableName("usage"),
      Key: rowKeys.usageEvent(event.userId, event.day, event.requestId, event.generation),
      UpdateExpression: "REMOVE openShard, openUntil",
    }),
  );
};

/** All pages, one after the other, with what each of them read. */
const readAll = async (filter: LogFilter, limit = 50) => {
  const ids: string[] = [];
  const bytes: number[] = [];
  let cursor: string | undefined;
  do {
    const page = await readRequestPage(filter, { cursor, limit });
    expect(page.events.length).toBeLessThanOrEqual(limit);
    ids.push(...page.events.map(({ requestId, generation }) => `${requestId}#${generation}`));
    bytes.push(page.readBytes);
    cursor = page.nextCursor;
    if (bytes.length > 500) throw new Error("The log does not end");
  } while (cursor !== undefined);
  return { ids, bytes };
};

const idsOf = (events: readonly UsageEvent[]): string[] =>
  events
    .map(({ requestId, generation }) => `${requestId}#${generation}`)
    .sort((left, right) => (left < right ? 1 : -1));

describe.skipIf(!hasTables)(`the request log (${tablesName})`, () => {
  const tables = useTables();

  it("lists each event once, newest first, whatever the page's size, the filter, and the version that settled it", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            minutes: fc.nat({ max: 5 * 24 * 60 }),
            keyId: fc.constantFrom("key_1", "key_2"),
            status: fc.constantFrom("ok", "ok", "error", "cancelled", "abandoned", "open"),
            model: fc.constantFrom("gpt-4o-mini", "claude-sonnet-4-6"),
            team: fc.option(fc.constantFrom("search", "ads"), { nil: undefined }),
            listed: fc.boolean(),
          }),
          { minLength: 1, maxLength: 12 },
        ),
        fc.integer({ min: 2, max: 9 }),
        async (made, limit) => {
          const userId = newUser();
          // Each minute at most once: the property is about pages, and two ids of one millisecond have no order in time.
          const events = [...new Map(made.map((one) => [one.minutes, one])).values()].map(
            ({ minutes, team, listed: _, ...facts }) =>
              at(userId, firstMs + minutes * 60_000, {
                ...facts,
                ...(team === undefined ? {} : { tags: { team } }),
              } as Partial<UsageEvent>),
          );
          const listed = new Map(made.map(({ minutes, listed: is }) => [firstMs + minutes * 60_000, is]));
          for (const event of events) await store(event, { listed: listed.get(event.startedAt) ?? true });
          await rollUp(
            events.map((event) => (listed.get(event.startedAt) === false ? event : { ...event, openShard: "KEY#" })),
            firstMs,
          );
          const settled = events.filter(({ status }) => status !== "open");
          const cases: readonly (readonly [Partial<LogFilter>, readonly UsageEvent[]])[] = [
            [{}, events],
            [{ key: "key_1" }, settled.filter(({ keyId }) => keyId === "key_1")],
            [{ status: "error" }, events.filter(({ status }) => status === "error")],
            [{ status: "open" }, events.filter(({ status }) => status === "open")],
            [{ status: "ok" }, events.filter(({ status }) => status === "ok")],
            [
              { key: "key_2", status: "cancelled" },
              events.filter(({ keyId, status }) => keyId === "key_2" && status === "cancelled"),
            ],
            [
              { key: "key_2", status: "ok" },
              events.filter(({ keyId, status }) => keyId === "key_2" && status === "ok"),
            ],
            [{ model: "claude-sonnet-4-6" }, events.filter(({ model }) => model === "claude-sonnet-4-6")],
            [{ tag: "team" }, events.filter(({ tags }) => tags !== undefined)],
            [{ tag: "team=ads", key: "key_1" }, settled.filter((e) => e.tags?.team === "ads" && e.keyId === "key_1")],
            [
              { fromMs: firstMs + 24 * hourMs, toMs: firstMs + 48 * hourMs },
              events.filter((e) => e.startedAt >= firstMs + 24 * hourMs && e.startedAt <= firstMs + 48 * hourMs),
            ],
          ];
          for (const [changes, expected] of cases) {
            expect([changes, (await readAll(filterOf(userId, changes), limit)).ids]).toEqual([
              changes,
              idsOf(expected),
            ]);
          }
        },
      ),
      { numRuns: runs(2) },
    );
  });

  it("reads at most 1 MB for a page and gets to the end, also where the filter finds one in a thousand", async () => {
    const userId = newUser();
    const attempts = Array.from({ length: 12 }, () => ({
      model: "gpt-4o-mini",
      provider: "openai",
      result: "server",
      status: 500,
      latencyMs: 100,
    }));
    const events = Array.from({ length: 900 }, (_, index) =>
      at(userId, firstMs + index * 1_000, index === 3 ? { attempts, keyId: "key_9", status: "error" } : { attempts }),
    );
    for (let start = 0; start < events.length; start += 50) {
      await Promise.all(events.slice(start, start + 50).map((event) => store(event)));
    }
    const rare = await readAll(filterOf(userId, { model: "no-such-model" }));
    expect(rare.ids).toEqual([]);
    expect(rare.bytes.length).toBeGreaterThan(1);
    expect(Math.max(...rare.bytes)).toBeLessThanOrEqual(1_048_576);
    // Their own partitions: a key and an error among many are one short read.
    for (const changes of [{ key: "key_9" }, { status: "error" }] as const) {
      const own = await readAll(filterOf(userId, changes));
      expect(own.ids).toEqual(idsOf(events.slice(3, 4)));
      expect(own.bytes).toHaveLength(1);
      expect(own.bytes[0]).toBeLessThan(32_768);
    }
  });

  it("does not look for events of before on days whose sums say that an index lists all", async () => {
    const userId = newUser();
    const event = at(userId, firstMs);
    await store(event);
    await rollUp([{ ...event, openShard: "KEY#" }], firstMs);
    const asked: string[] = [];
    tables().intercept = (request) => {
      if (operationOf(request) === "Query") asked.push(request.body);
      return undefined;
    };
    await readAll(filterOf(userId, { key: "key_1" }));
    tables().reset();
    expect(asked.filter((body) => body.includes(`USER#${userId}#2026`))).toEqual([]);
  });

  it("ends an empty year in pages of 31 days", async () => {
    const year = filterOf(newUser(), { fromMs: firstMs - 365 * 24 * hourMs, toMs: firstMs });
    const { ids, bytes } = await readAll(year);
    expect(ids).toEqual([]);
    expect(bytes.length).toBe(12);
  });

  it("ends with a cursor that is older than the range, and stays within the range with one that is newer", async () => {
    const userId = newUser();
    const events = [0, 1, 2, 3].map((hours) => at(userId, firstMs + hours * hourMs));
    for (const event of events) await store(event);
    const [first, second, third, fourth] = events as [UsageEvent, UsageEvent, UsageEvent, UsageEvent];
    const idOf = ({ requestId, generation }: UsageEvent) => `${requestId}#${generation}`;
    const within = { fromMs: second.startedAt, toMs: third.startedAt };
    for (const [changes, cursorOf] of [
      [{}, (event: UsageEvent) => `d.${event.day}.${idOf(event)}`],
      [{ key: "key_1" }, (event: UsageEvent) => `i.${idOf(event)}`],
    ] as const) {
      const pageFrom = async (event: UsageEvent) => {
        const cursor = Buffer.from(cursorOf(event)).toString("base64url");
        const page = await readRequestPage(filterOf(userId, { ...changes, ...within }), { cursor, limit: 9 });
        return page.events.map(idOf);
      };
      expect([changes, await pageFrom(first)]).toEqual([changes, []]);
      expect([changes, await pageFrom(third)]).toEqual([changes, [idOf(second)]]);
      expect([changes, await pageFrom(fourth)]).toEqual([changes, [idOf(third), idOf(second)]]);
    }
  });

  it("reads at most 1 MB of events with the longest feedback, and of sums by many keys", async () => {
    const userId = newUser();
    const feedback = {
      score: 1,
      comment: "€".repeat(2_000),
      tags: Array.from({ length: 16 }, () => "€".repeat(64)),
      at: 1,
    };
    const attempts = Array.from({ length: 20 }, () => ({
      model: "m".repeat(60),
      provider: "openai",
      result: "server",
      latencyMs: 1,
    }));
    const events = Array.from({ length: 160 }, (_, index) =>
      at(userId, firstMs + index * 1_000, { status: "error", attempts }),
    );
    for (const event of events) {
      await store(event);
      await putFeedback(event, feedback);
    }
    const bytes: number[] = [];
    for (const changes of [{}, { model: "none" }, { status: "error" }, { key: "key_1" }] as const) {
      bytes.push(...(await readAll(filterOf(userId, changes), 100)).bytes);
    }
    // As many rows as 1,500 models would have, on one of the days that are looked at.
    for (let start = 0; start < 1_500; start += 25) {
      const rows = Array.from({ length: 25 }, (_, index) => ({
        ...rowKeys.rollup(userId, utcDay(firstMs), `key_${start + index}`, "gpt"),
        ...{ day: utcDay(firstMs), keyId: `key_${start + index}`, model: "gpt", provider: "openai", errors: 1 },
        ...{ latency1: 1, indexed: 1, padding: "x".repeat(700) },
      }));
      const puts = rows.map((Item) => ({ PutRequest: { Item } }));
      await documents.send(new BatchWriteCommand({ RequestItems: { [config.tableName("rollups")]: puts } }));
    }
    const limits: unknown[] = [];
    tables().intercept = ({ body }) => {
      if (body.includes(config.tableName("rollups"))) limits.push((JSON.parse(body) as { Limit?: number }).Limit);
      return undefined;
    };
    const errors = await readAll(filterOf(userId, { status: "error" }), 100);
    expect(errors.ids).toEqual(idsOf(events));
    expect(limits.filter((limit) => typeof limit !== "number" || limit > 100)).toEqual([]);
    expect(Math.max(...bytes, ...errors.bytes)).toBeLessThanOrEqual(1_048_576);
  });

  it.each(
    ["", "x", "d.2026-13-99.", "i.req_abc", "i.req_0198#0~"].map((text) => Buffer.from(text).toString("base64url")),
  )("refuses the cursor %j", async (cursor) => {
    await expect(readRequestPage(filterOf(newUser()), { cursor, limit: 5 })).rejects.toMatchObject({
      code: "BAD_REQUEST",
      param: "cursor",
    });
  });
});

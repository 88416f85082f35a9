import { describe, expect, it } from "vitest";
import { readTagRollups } from "#core/db/rollups.ts";
import type { UsageEvent } from "#core/db/usage-events.ts";
import { settleUsage } from "#core/db/usage-events.ts";
import { rebuildUsage } from "#core/usage/rebuild.ts";
import { rollUp } from "#core/usage/rollup.ts";
import { summarizeUsage } from "#core/usage/summary.ts";
import { operationOf } from "#tests/core/support/relay.ts";
import { hasTables, tablesName, useTables } from "#tests/core/support/tables.ts";
import { anyEvent, day, newEvent, newUser, putOpenRow } from "#tests/core/support/usage-events.ts";
import { fc, runs } from "#tests/support/property.ts";

const nowMs = Date.UTC(2026, 10, 22, 12);
const range = { from: "2026-11-01", to: "2026-11-30", keyId: undefined };

const anyTags = fc.dictionary(
  fc.constantFrom("team", "env", "naïve # name", "constructor"),
  fc.string({ maxLength: 8 }),
  {
    noNullPrototype: true,
  },
);
const anyTaggedEvent = (userId: string): fc.Arbitrary<UsageEvent> =>
  fc.tuple(anyEvent(userId), anyTags).map(([event, tags]) => ({ ...event, tags }));

type Sums = Record<string, { generations: number; costPicoUsd: bigint; inputTokens: number }>;

const recountTag = (events: readonly UsageEvent[], tag: string): Sums => {
  const sums: Sums = {};
  for (const event of events) {
    if (event.tags === undefined || !Object.hasOwn(event.tags, tag)) continue;
    const name = `${event.day} ${event.tags[tag]}`;
    const sum = sums[name] ?? { generations: 0, costPicoUsd: 0n, inputTokens: 0 };
    sums[name] = sum;
    sum.generations += 1;
    sum.costPicoUsd += event.costPicoUsd ?? 0n;
    sum.inputTokens += event.inputTokens;
  }
  return sums;
};

const countedTag = async (userId: string, tag: string): Promise<Sums> =>
  Object.fromEntries(
    (await readTagRollups(userId, tag, "2026-01-01", "2026-12-31")).map(({ row }) => [
      `${row.day} ${row.value}`,
      {
        generations: row.generations,
        costPicoUsd: row.costPicoUsd + row.byokCostPicoUsd,
        inputTokens: row.inputTokens,
      },
    ]),
  );

const store = async (event: UsageEvent): Promise<void> => {
  const { userId, requestId, generation, status, ...facts } = event;
  const key = { userId, day: event.day, requestId, generation };
  await putOpenRow(event);
  if (status !== "open") {
    await settleUsage({ ...key, status, costPicoUsd: facts.costPicoUsd, inputTokens: facts.inputTokens });
  }
};

describe.skipIf(!hasTables)(`usage by tag (${tablesName})`, () => {
  const tables = useTables();

  it("adds up what a naive recount does, whatever is delivered twice", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc
          .constant(0)
          .map(newUser)
          .chain((userId) =>
            fc.record({
              userId: fc.constant(userId),
              events: fc.array(anyTaggedEvent(userId), { minLength: 1, maxLength: 30 }),
              cut: fc.nat({ max: 30 }),
            }),
          ),
        async ({ userId, events, cut }) => {
          await rollUp(events.slice(0, cut), nowMs);
          await rollUp(events, nowMs);
          for (const tag of ["team", "env", "naïve # name", "constructor"]) {
            expect(await countedTag(userId, tag)).toEqual(recountTag(events, tag));
          }
        },
      ),
      { numRuns: runs(15) },
    );
  });

  it("fits events with 18 tags each into transactions", async () => {
    const userId = newUser();
    const tags = (event: number) =>
      Object.fromEntries(Array.from({ length: 18 }, (_, index) => [`t${index}`, index < 3 ? `v${event}` : "same"]));
    const events = Array.from({ length: 40 }, (_, index) => newEvent({ userId, tags: tags(index) }));
    expect(await rollUp(events, nowMs)).toBe(40);
    expect(await countedTag(userId, "t0")).toEqual(recountTag(events, "t0"));
    expect(await countedTag(userId, "t17")).toEqual(recountTag(events, "t17"));
  });

  it("shows 100 values of a tag and day, and sums all others as `other`", async () => {
    const userId = newUser();
    const events = Array.from({ length: 130 }, (_, index) => newEvent({ userId, tags: { run: `r${index}` } }));
    await rollUp(events, nowMs);
    // Values that have a row keep it; another day has room of its own.
    await rollUp(
      [newEvent({ userId, tags: { run: "r0" } }), newEvent({ userId, tags: { run: "r200" }, day: "2026-11-21" })],
      nowMs,
    );
    const { byTag } = await summarizeUsage(userId, { ...range, tag: "run" });
    expect(Object.keys(byTag ?? {})).toHaveLength(102);
    expect(byTag?.other).toMatchObject({ requests: 30 });
    expect(byTag?.r0).toMatchObject({ requests: 2 });
    expect(byTag?.r200).toMatchObject({ requests: 1 });
  });

  it.each([
    ["tag", (index: number) => ({ tags: { run: `r${index}` } })],
    ["model outside the catalogue", (index: number) => ({ model: `openai/none-${index}`, tags: {} })],
  ] as const)("asks a day's full set once, whatever new names of a %s come", async (_, changes) => {
    const userId = newUser();
    const used = (from: number, count: number) =>
      rollUp(
        Array.from({ length: count }, (_each, index) => newEvent({ userId, ...changes(from + index) })),
        nowMs,
      );
    await used(0, 100);
    let asked = 0;
    tables().intercept = (request) => {
      if (operationOf(request) === "UpdateItem") asked += 1;
      return undefined;
    };
    await used(100, 40);
    tables().reset();
    expect(asked).toBe(1);
    const { byTag, byModel } = await summarizeUsage(userId, { ...range, tag: "run" });
    expect((byTag?.other ?? byModel.other)?.requests).toBe(40);
  });

  it("sums 50 tags of a day: the names of later ones stay with their requests", async () => {
    const userId = newUser();
    for (let index = 0; index < 60; index += 15) {
      const tags = Object.fromEntries(Array.from({ length: 15 }, (_, each) => [`tag${index + each}`, "x"]));
      await rollUp([newEvent({ userId, tags })], nowMs);
    }
    const rows = await Promise.all(
      Array.from({ length: 60 }, (_, index) => readTagRollups(userId, `tag${index}`, day, day)),
    );
    expect(rows.filter((row) => row.length === 1)).toHaveLength(50);
    expect((await summarizeUsage(userId, range)).totalRequests).toBe(4);
  });

  it("is rebuilt exactly: changed sums are corrected and sums of nothing go", async () => {
    const userId = newUser();
    const own = "2026-10-02";
    const events = [
      newEvent({ userId, day: own, tags: { team: "search" } }),
      newEvent({ userId, day: own, tags: { team: "ads", env: "prod" }, costPicoUsd: 5n }),
    ];
    for (const event of events) await store(event);
    await rollUp([...events, newEvent({ userId, day: own, tags: { team: "made-up", env: "prod" } })], nowMs);
    await rebuildUsage(own, nowMs);
    const stored = events.map((event) => ({ ...event, inputTokens: event.inputTokens }));
    expect(await countedTag(userId, "team")).toEqual(recountTag(stored, "team"));
    expect(await countedTag(userId, "env")).toEqual(recountTag(stored, "env"));
  });

  it("shows nobody another user's tags, and nothing without a tag", async () => {
    const userId = newUser();
    await rollUp([newEvent({ userId, tags: { team: "search" } })], nowMs);
    expect((await summarizeUsage(newUser(), { ...range, tag: "team" })).byTag).toEqual({});
    expect(await summarizeUsage(userId, range)).not.toHaveProperty("byTag");
  });
});

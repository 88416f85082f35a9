import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type AdmissionRequest, type AdmissionVerdict, admit, release } from "#core/db/admission.ts";
import { budgetAttribute, minuteOf, parseRow, reservedOf, sumOf, tokensAttribute } from "#core/db/admission-row.ts";
import { maxKeys } from "#core/db/api-keys.ts";
import { reserveMore } from "#core/db/reserve-more.ts";
import { rowKeys, utcDay } from "#core/db/row-keys.ts";
import { getItem, type Plain, type PlainItem, putItem, updateItem } from "#core/db/table.ts";
import { maxBudgets } from "#core/keys/key-limits.ts";
import { inOrder, operationOf } from "#tests/core/support/relay.ts";
import { hasTables, tablesName, useTables } from "#tests/core/support/tables.ts";
import { fc, longestMs, runs } from "#tests/support/property.ts";

const nowMs = Date.UTC(2026, 10, 22, 12);
const day = utcDay(nowMs);
const whole = (picoUsd: bigint) => ({ picoUsd, leastPicoUsd: picoUsd });
const newUser = (): string => `user_${randomUUID()}`;
const name = "a1b2c3d4e5#2026-11";

const asking = (userId: string, changes: Partial<AdmissionRequest> = {}): AdmissionRequest => ({
  userId,
  requestId: `req_${randomUUID()}`,
  day,
  untilSeconds: nowMs / 1_000 + 330,
  reserve: whole(10n),
  capPicoUsd: 1_000_000n,
  maxOpen: 1_000,
  budget: { name, limitPicoUsd: 1_000n },
  ...changes,
});

const ask = (request: AdmissionRequest, atMs = nowMs): Promise<AdmissionVerdict> =>
  admit(request, atMs, (id) => {
    throw new Error(`${id} was taken for an orphan`);
  });

const rowOf = async (userId: string): Promise<PlainItem> =>
  (await getItem("keys", rowKeys.admission(userId), { consistent: true })) ?? {};
const budgetOf = async (userId: string, which = name) => {
  const item = await rowOf(userId);
  return { sum: sumOf(item, budgetAttribute(which)), reserved: reservedOf(parseRow(item), which) };
};

/** The size of an item by DynamoDB's rules: names and values in UTF-8, numbers at half a byte a digit, 3 bytes for a map. */
const sizeOf = (value: Plain | undefined): number => {
  if (typeof value === "string") return Buffer.byteLength(value);
  if (typeof value === "number" || typeof value === "bigint") return Math.ceil(String(value).length / 2) + 1;
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value as PlainItem);
    return 3 + members.reduce((sum, [key, member]) => sum + 1 + Buffer.byteLength(key) + sizeOf(member), 0);
  }
  return 1;
};

describe.skipIf(!hasTables)(`budgets in the admission row (${tablesName})`, () => {
  const relay = useTables();

  it("of 200 requests at once let in exactly as many as the budget pays for, and say what it has spent", async () => {
    const userId = newUser();
    const verdicts = await Promise.all(Array.from({ length: 200 }, () => ask(asking(userId, { reserve: whole(70n) }))));
    expect(verdicts.filter(({ admitted }) => admitted)).toHaveLength(14);
    expect(await budgetOf(userId)).toEqual({ sum: 980n, reserved: 980n });
    expect(verdicts.find(({ admitted }) => !admitted)).toEqual({
      admitted: false,
      reason: "budget",
      spentPicoUsd: 0n,
      reservedPicoUsd: 980n,
    });
  });

  it("are one write, as without a budget, whose answer says what was left before", async () => {
    const userId = newUser();
    await ask(asking(userId));
    relay().reset();
    expect(await ask(asking(userId))).toEqual({
      admitted: true,
      reservedPicoUsd: 10n,
      providerKeysAdded: 0,
      key: { budgetLeftPicoUsd: 990n, closedSums: [] },
    });
    expect(relay().requests.map(operationOf)).toEqual(["UpdateItem"]);
  });

  it("and the cap both hold: the smaller one says how much a request gets", async () => {
    const userId = newUser();
    const part = { picoUsd: 900n, leastPicoUsd: 10n };
    expect(await ask(asking(userId, { reserve: part }))).toMatchObject({ reservedPicoUsd: 500n });
    expect(await ask(asking(userId, { reserve: part, capPicoUsd: 600n }))).toMatchObject({ reservedPicoUsd: 50n });
    expect(await ask(asking(userId, { reserve: whole(60n), capPicoUsd: 600n }))).toMatchObject({ reason: "spend" });
    expect(await ask(asking(userId, { reserve: whole(460n) }))).toMatchObject({ reason: "budget" });
  });

  it("that count the caller's own keys reserve nothing of the cap", async () => {
    const userId = newUser();
    await ask(asking(userId, { reserve: whole(900n), callerPays: true, capPicoUsd: 1n }));
    expect(await budgetOf(userId)).toEqual({ sum: 900n, reserved: 900n });
    expect(sumOf(await rowOf(userId), `spend#${day}`)).toBe(0n);
    expect(await ask(asking(userId, { reserve: whole(200n), callerPays: true }))).toMatchObject({ reason: "budget" });
  });

  it("of one key leave another's alone, and a new period begins at zero", async () => {
    const userId = newUser();
    await ask(asking(userId, { reserve: whole(1_000n) }));
    const other = { name: "other#2026-11", limitPicoUsd: 1_000n };
    const next = { name: "a1b2c3d4e5#2026-12", limitPicoUsd: 1_000n };
    for (const budget of [other, next]) {
      expect(await ask(asking(userId, { reserve: whole(1_000n), budget }))).toMatchObject({ admitted: true });
    }
    expect(await ask(asking(userId, { budget: undefined }))).toMatchObject({ admitted: true });
  });

  it("give back what was not spent, exactly once, and count what was", async () => {
    const userId = newUser();
    const request = asking(userId, { reserve: whole(400n) });
    await ask(request);
    const give = {
      ...request,
      correctionPicoUsd: -390n,
      budget: { name, correctionPicoUsd: -380n },
      tokens: undefined,
    };
    const results = await Promise.all(Array.from({ length: 8 }, () => release(give)));
    expect(results.filter(Boolean)).toHaveLength(1);
    expect(await budgetOf(userId)).toEqual({ sum: 20n, reserved: 0n });
    expect(sumOf(await rowOf(userId), `spend#${day}`)).toBe(10n);
  });

  it("that were removed meanwhile do not come back below zero", async () => {
    const userId = newUser();
    const request = asking(userId, { reserve: whole(400n) });
    await ask(request);
    await updateItem("keys", rowKeys.admission(userId), "REMOVE #sum", { names: { "#sum": budgetAttribute(name) } });
    const give = {
      ...request,
      correctionPicoUsd: -390n,
      budget: { name, correctionPicoUsd: -390n },
      tokens: undefined,
    };
    expect(await release(give)).toBe(true);
    const item = await rowOf(userId);
    expect(item[budgetAttribute(name)]).toBeUndefined();
    expect(item.open).toEqual({});
  });

  it("keep what a killed request reserved", async () => {
    const userId = newUser();
    await ask(asking(userId, { untilSeconds: nowMs / 1_000 - 1, reserve: whole(300n) }));
    const verdict = await admit(asking(userId, { maxOpen: 1 }), nowMs, () => undefined);
    expect(verdict).toMatchObject({ admitted: true });
    expect(await budgetOf(userId)).toEqual({ sum: 310n, reserved: 10n });
  });

  it("reserve once although the answer was lost", async () => {
    const userId = newUser();
    await ask(asking(userId));
    relay().intercept = inOrder({ kind: "lose-answer" });
    expect(await ask(asking(userId))).toMatchObject({ admitted: true, reservedPicoUsd: 10n });
    expect(await budgetOf(userId)).toEqual({ sum: 20n, reserved: 20n });
  });

  it("let a running request reserve more up to the budget, once", async () => {
    const userId = newUser();
    const request = asking(userId);
    await ask(request);
    const budget = { name, limitPicoUsd: 1_000n, reservedPicoUsd: 10n };
    relay().intercept = inOrder({ kind: "lose-answer" });
    expect(await reserveMore({ ...request, reservedPicoUsd: 10n, more: whole(90n), budget })).toEqual({ granted: 90n });
    expect(await budgetOf(userId)).toEqual({ sum: 100n, reserved: 100n });
    const next = { ...budget, reservedPicoUsd: 100n };
    const refused = await reserveMore({ ...request, reservedPicoUsd: 100n, more: whole(901n), budget: next });
    expect(refused).toMatchObject({ short: "budget", leftPicoUsd: 900n });
  });

  it.each([false, true])(
    "that are removed while a request runs hold it no more, and do not come back (the caller pays: %j)",
    async (callerPays) => {
      const userId = newUser();
      const request = asking(userId, { callerPays, capPicoUsd: 200n });
      await ask(request);
      await updateItem("keys", rowKeys.admission(userId), "REMOVE #sum", { names: { "#sum": budgetAttribute(name) } });
      const budget = { name, limitPicoUsd: 1_000n, reservedPicoUsd: 10n };
      const reservedPicoUsd = callerPays ? 0n : 10n;
      const more = { ...request, reservedPicoUsd, more: whole(90n), budget };
      expect(await reserveMore(more)).toEqual({ granted: 90n });
      const item = await rowOf(userId);
      expect(item[budgetAttribute(name)]).toBeUndefined();
      expect(sumOf(item, `spend#${day}`)).toBe(callerPays ? 0n : 100n);
      // The cap still holds what the platform pays.
      if (!callerPays) {
        const next = { ...more, reservedPicoUsd: 100n, more: whole(101n) };
        expect(await reserveMore(next)).toMatchObject({ short: "spend", leftPicoUsd: 100n });
      }
    },
  );

  it("take from either sum only what it lacks when another key pays for the next call", async () => {
    const userId = newUser();
    const request = asking(userId);
    await ask(request);
    // A first call on the caller's own key used up what was reserved of the budget, and nothing of the cap.
    const budget = { name, limitPicoUsd: 1_000n, reservedPicoUsd: 10n, aheadPicoUsd: 0n };
    const more = { ...request, reservedPicoUsd: 10n, aheadPicoUsd: 10n, more: whole(10n), budget };
    expect(await reserveMore(more)).toEqual({ granted: 10n });
    expect(await budgetOf(userId)).toEqual({ sum: 20n, reserved: 20n });
    expect(sumOf(await rowOf(userId), `spend#${day}`)).toBe(10n);
  });

  it("are dropped a day after their period, so that the row does not grow for ever; a total stays", async () => {
    const userId = newUser();
    const sums = ["x#2026-11-22", "x#2026-11-21", "x#2026-11-20", "x#2026-W46", "x#2026-W47", "x#2026-10", "x#total"];
    const kept = new Set(["x#2026-11-22", "x#2026-11-21", "x#2026-W47", "x#total", name]);
    await ask(asking(userId));
    for (const sum of sums) {
      await updateItem("keys", rowKeys.admission(userId), "SET #sum = :one", {
        names: { "#sum": budgetAttribute(sum) },
        values: { ":one": 1 },
      });
    }
    const request = asking(userId);
    const verdict = await ask(request);
    if (!verdict.admitted) throw new Error("It was refused");
    await release({
      ...request,
      correctionPicoUsd: 0n,
      budget: { name, correctionPicoUsd: 0n },
      tokens: undefined,
      closedSums: verdict.key?.closedSums ?? [],
    });
    const left = Object.keys(await rowOf(userId)).filter((attribute) => attribute.startsWith("budget#"));
    expect(new Set(left)).toEqual(new Set([...kept].map(budgetAttribute)));
  });

  it("keep the row under 4 KB with 20 open requests and every budget in use", async () => {
    const userId = newUser();
    for (let index = 0; index < maxBudgets; index++) {
      const budget = { name: `${String(index).padStart(10, "k")}#2026-11-22`, limitPicoUsd: 10n ** 18n };
      const requestId = `req_${randomUUID()}`;
      await ask(asking(userId, { requestId, budget, capPicoUsd: 10n ** 18n, reserve: whole(123_456_789_012n) }));
    }
    const item = await rowOf(userId);
    const { pk, sk } = rowKeys.admission(userId);
    const size = sizeOf({ ...item, keyCount: maxKeys, pk, sk } as Plain);
    expect(size).toBeLessThan(4_096);
  });

  describe("tokens a minute", () => {
    const limited = (tokens: number, atMs: number, limit = 1_000) => ({
      budget: undefined,
      tokens: { limitsId: "a1b2c3d4e5", tokens, limit, nowMs: atMs },
    });
    const usedIn = async (userId: string, atMs: number): Promise<bigint> =>
      sumOf(await rowOf(userId), tokensAttribute("a1b2c3d4e5", minuteOf(atMs)));
    const minute = 60_000;

    it("let in no more than the limit, of any number of requests at once", async () => {
      const userId = newUser();
      const verdicts = await Promise.all(Array.from({ length: 60 }, () => ask(asking(userId, limited(70, nowMs)))));
      expect(verdicts.filter(({ admitted }) => admitted)).toHaveLength(14);
      expect(await usedIn(userId, nowMs)).toBe(980n);
    });

    it("count the minute before by how much of it is within the window, and say when there is room again", async () => {
      const userId = newUser();
      await ask(asking(userId, limited(1_000, nowMs)));
      const soon = nowMs + minute + 15_000;
      expect(await ask(asking(userId, limited(251, soon)), soon)).toMatchObject({
        reason: "tokens",
        usedTokens: 750,
        retryAfterSeconds: 1,
      });
      expect(await ask(asking(userId, limited(250, soon)), soon)).toMatchObject({ admitted: true });
      expect(await ask(asking(userId, limited(500, soon)), soon)).toMatchObject({ retryAfterSeconds: 30 });
      const later = nowMs + 2 * minute;
      expect(await ask(asking(userId, limited(750, later)), later)).toMatchObject({ admitted: true });
    });

    it("are corrected to the true ones, in the minute in which they were reserved", async () => {
      const userId = newUser();
      const request = asking(userId, limited(1_000, nowMs));
      await ask(request);
      const attribute = tokensAttribute("a1b2c3d4e5", minuteOf(nowMs));
      await release({ ...request, budget: undefined, correctionPicoUsd: 0n, tokens: { attribute, correction: -900 } });
      expect(await usedIn(userId, nowMs)).toBe(100n);
      expect(await ask(asking(userId, limited(900, nowMs)))).toMatchObject({ admitted: true });
    });

    it("are forgotten some minutes later", async () => {
      const userId = newUser();
      await ask(asking(userId, limited(10, nowMs)));
      const later = nowMs + 5 * minute;
      const request = asking(userId, limited(10, later));
      const verdict = await ask(request, later);
      if (!verdict.admitted) throw new Error("It was refused");
      const closedSums = verdict.key?.closedSums ?? [];
      await release({ ...request, budget: undefined, tokens: undefined, correctionPicoUsd: 0n, closedSums });
      expect(await usedIn(userId, nowMs)).toBe(0n);
    });

    it("never pass the limit in any window of a minute, however requests of any size are spread", async () => {
      const asks = fc.record({
        tokens: fc.integer({ min: 1, max: 600 }),
        afterMs: fc.constantFrom(0, 0, 1_000, 9_000, 31_000, 59_999, 60_000),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(asks, { minLength: 2, maxLength: 10 }), async (some) => {
          const userId = newUser();
          const sums = new Map<number, number>();
          let atMs = nowMs;
          for (const { tokens, afterMs } of some) {
            atMs += afterMs;
            const { admitted } = await ask(asking(userId, limited(tokens, atMs)), atMs);
            const [now, before] = [minuteOf(atMs), minuteOf(atMs) - 1];
            const weighed = Math.floor((sums.get(before) ?? 0) * (1 - (atMs % minute) / minute));
            const fits = (sums.get(now) ?? 0) + weighed + tokens <= 1_000;
            expect(admitted).toBe(fits);
            if (admitted) sums.set(now, (sums.get(now) ?? 0) + tokens);
          }
        }),
        { numRuns: runs(30) },
      );
    });
  });

  it(
    "hold whatever comes at once: requests, releases, more, other payers, changed amounts",
    async () => {
      const step = fc.record({
        amount: fc.bigInt({ min: 0n, max: 400n }),
        least: fc.bigInt({ min: 0n, max: 50n }),
        callerPays: fc.boolean(),
        spends: fc.integer({ min: 0, max: 100 }),
        more: fc.bigInt({ min: 0n, max: 200n }),
        killed: fc.boolean(),
        limit: fc.constantFrom(1_000n, 1_000n, 500n, 2_000n),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 16 }), async (steps) => {
          const userId = newUser();
          const charges: bigint[] = [];
          const most = steps.reduce((limit, each) => (each.limit > limit ? each.limit : limit), 0n);
          await Promise.all(
            steps.map(async ({ amount, least, callerPays, spends, more, killed, limit }) => {
              const reserve = { picoUsd: amount + least, leastPicoUsd: least };
              const request = asking(userId, { reserve, callerPays, budget: { name, limitPicoUsd: limit } });
              const verdict = await ask(request);
              if (!verdict.admitted) return;
              let held = verdict.reservedPicoUsd;
              const budget = { name, limitPicoUsd: limit, reservedPicoUsd: held };
              const reservedPicoUsd = callerPays ? 0n : held;
              const further = await reserveMore({ ...request, reservedPicoUsd, more: whole(more), callerPays, budget });
              if ("granted" in further) held += further.granted;
              const spent = killed ? held : (held * BigInt(spends)) / 100n;
              charges.push(spent);
              if (killed) return;
              const capHeld = callerPays ? 0n : held;
              await release({
                ...request,
                tokens: undefined,
                correctionPicoUsd: (callerPays ? 0n : spent) - capHeld,
                budget: { name, correctionPicoUsd: spent - held },
              });
            }),
          );
          const { sum } = await budgetOf(userId);
          expect(sum).toBe(charges.reduce((left, right) => left + right, 0n));
          expect(sum).toBeLessThanOrEqual(most);
        }),
        { numRuns: runs(15) },
      );
    },
    longestMs(60_000),
  );

  it("are read from rows that had none: a row of before admits a budgeted key", async () => {
    const userId = newUser();
    await putItem("keys", { ...rowKeys.admission(userId), open: {}, [`spend#${day}`]: 5 });
    expect(await ask(asking(userId))).toMatchObject({ admitted: true });
    expect(await budgetOf(userId)).toEqual({ sum: 10n, reserved: 10n });
  });
});

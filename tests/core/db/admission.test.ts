import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  type AdmissionRequest,
  type AdmissionVerdict,
  admit,
  isCancelled,
  markCancelled,
  release,
} from "#core/db/admission.ts";
import type { Reserve } from "#core/db/grant.ts";
import { reserveMore as askForMore, type FurtherReservation } from "#core/db/reserve-more.ts";
import { rowKeys } from "#core/db/row-keys.ts";
import { getItem, type PlainItem, putItem, updateItem } from "#core/db/table.ts";
import { inOrder, operationOf, type RelayedRequest } from "#tests/core/support/relay.ts";
import { hasTables, tablesName, useTables } from "#tests/core/support/tables.ts";

const whole = (picoUsd: bigint): Reserve => ({ picoUsd, leastPicoUsd: picoUsd });
const admitted = (reservedPicoUsd: bigint) => ({ admitted: true, reservedPicoUsd, providerKeysAdded: 0 });

const nowMs = Date.UTC(2026, 10, 22, 12);
const day = "2026-11-22";
const nowSeconds = nowMs / 1_000;

const newUser = (): string => `user_${randomUUID()}`;

type Asking = Omit<AdmissionRequest, "budget" | "tokens">;

const asking = (userId: string, changes: Partial<Asking> = {}): Asking => ({
  userId,
  requestId: `req_${randomUUID()}`,
  day,
  untilSeconds: nowSeconds + 330,
  reserve: whole(10n),
  capPicoUsd: 1_000n,
  maxOpen: 20,
  ...changes,
});

/** What a running request gets in addition; undefined where it gets nothing. */
const reserveMore = async (request: FurtherReservation): Promise<bigint | undefined> => {
  const verdict = await askForMore(request);
  return "granted" in verdict ? verdict.granted : undefined;
};

const noOrphans = (id: string): void => {
  throw new Error(`${id} was taken for an orphan`);
};

const ask = (request: AdmissionRequest): Promise<AdmissionVerdict> => admit(request, nowMs, noOrphans);

const rowOf = async (userId: string): Promise<PlainItem> =>
  (await getItem("keys", rowKeys.admission(userId), { consistent: true })) ?? {};

const stateOf = async (userId: string) => {
  const row = await rowOf(userId);
  return {
    open: Object.keys((row.open ?? {}) as object).length,
    spent: BigInt((row[`spend#${day}`] ?? 0) as number | bigint),
  };
};

describe.skipIf(!hasTables)(`admission (${tablesName})`, () => {
  const relay = useTables();
  const isUpdate = (request: RelayedRequest): boolean => operationOf(request) === "UpdateItem";

  it("of 200 requests at once lets in exactly as many as may be open, also for a user without a row", async () => {
    const userId = newUser();
    const verdicts = await Promise.all(Array.from({ length: 200 }, () => ask(asking(userId, { reserve: whole(1n) }))));
    expect(verdicts.filter(({ admitted }) => admitted)).toHaveLength(20);
    expect(await stateOf(userId)).toEqual({ open: 20, spent: 20n });
    for (const verdict of verdicts) {
      if (!verdict.admitted) expect(verdict).toEqual({ admitted: false, reason: "open-requests", expired: [] });
    }
  });

  it("of 200 requests at once lets in exactly as many as the day's cap pays for", async () => {
    const userId = newUser();
    const verdicts = await Promise.all(
      Array.from({ length: 200 }, () => ask(asking(userId, { maxOpen: 1_000, reserve: whole(70n) }))),
    );
    // 14 × 70 = 980; a fifteenth would pass 1,000.
    expect(verdicts.filter(({ admitted }) => admitted)).toHaveLength(14);
    expect(await stateOf(userId)).toEqual({ open: 14, spent: 980n });
    expect(verdicts.find(({ admitted }) => !admitted)).toEqual({
      admitted: false,
      reason: "spend",
      spentPicoUsd: 980n,
    });
  });

  it("may reserve up to the cap and not a pico-dollar more", async () => {
    const userId = newUser();
    expect(await ask(asking(userId, { reserve: whole(1_001n) }))).toMatchObject({ reason: "spend" });
    expect(await ask(asking(userId, { reserve: whole(1_000n) }))).toEqual(admitted(1_000n));
    expect(await ask(asking(userId, { reserve: whole(1n) }))).toMatchObject({ reason: "spend" });
  });

  describe("of a request that a part of its money is of use to", () => {
    const part = (picoUsd: bigint, leastPicoUsd: bigint): Partial<Asking> => ({
      reserve: { picoUsd, leastPicoUsd },
    });

    it("takes all of it where that is at most half of what is left, in one write", async () => {
      const userId = newUser();
      await ask(asking(userId, { reserve: whole(200n) }));
      relay().reset();
      expect(await ask(asking(userId, part(400n, 10n)))).toEqual(admitted(400n));
      expect(relay().requests.map(operationOf)).toEqual(["UpdateItem"]);
    });

    it("else takes half of what is left in a second write, and never less than is of use", async () => {
      const userId = newUser();
      await ask(asking(userId, { reserve: whole(200n) }));
      relay().reset();
      expect(await ask(asking(userId, part(401n, 10n)))).toEqual(admitted(400n));
      expect(relay().requests.map(operationOf)).toEqual(["UpdateItem", "UpdateItem"]);
      expect(await ask(asking(userId, part(401n, 300n)))).toEqual(admitted(300n));
      expect(await ask(asking(userId, part(401n, 101n)))).toMatchObject({ reason: "spend", spentPicoUsd: 900n });
      expect(await stateOf(userId)).toEqual({ open: 3, spent: 900n });
    });

    it("never passes the cap in a crowd, and refuses nobody while there is enough for the least", async () => {
      const userId = newUser();
      const verdicts = await Promise.all(Array.from({ length: 20 }, () => ask(asking(userId, part(50n, 2n)))));
      expect(verdicts.filter((verdict) => verdict.admitted)).toHaveLength(20);
      const { open, spent } = await stateOf(userId);
      expect(open).toBe(20);
      expect(spent).toBeLessThanOrEqual(1_000n);
    });

    it("of what several see at once leaves as much again to the others: none takes it all", async () => {
      for (let times = 0; times < 10; times++) {
        const userId = newUser();
        await ask(asking(userId, { reserve: whole(0n) }));
        const verdicts = await Promise.all([1, 2, 3].map(() => ask(asking(userId, part(900n, 10n)))));
        expect(verdicts.map((verdict) => verdict.admitted)).toEqual([true, true, true]);
        expect((await stateOf(userId)).spent).toBeLessThanOrEqual(500n + 250n + 125n);
      }
    });

    it("is admitted once although the answer to its second write was lost", async () => {
      const userId = newUser();
      await ask(asking(userId, { reserve: whole(200n) }));
      relay().intercept = inOrder(undefined, { kind: "lose-answer" });
      expect(await ask(asking(userId, part(900n, 10n)))).toEqual(admitted(400n));
      expect(await stateOf(userId)).toEqual({ open: 2, spent: 600n });
    });

    it("reserves more in the same way", async () => {
      const userId = newUser();
      const request = asking(userId);
      await ask(request);
      const more = { picoUsd: 900n, leastPicoUsd: 10n };
      expect(await reserveMore({ ...request, reservedPicoUsd: 10n, more })).toBe(495n);
      expect(await stateOf(userId)).toEqual({ open: 1, spent: 505n });
    });
  });

  it("lets a request that reserves nothing (own provider key) in over the cap, but counts its place", async () => {
    const userId = newUser();
    await ask(asking(userId, { reserve: whole(1_000n) }));
    expect(await ask(asking(userId, { reserve: whole(0n), maxOpen: 2 }))).toEqual(admitted(0n));
    expect(await ask(asking(userId, { reserve: whole(0n), maxOpen: 2 }))).toMatchObject({ reason: "open-requests" });
  });

  it("begins each UTC day with the whole cap", async () => {
    const userId = newUser();
    await ask(asking(userId, { reserve: whole(1_000n) }));
    expect(await ask(asking(userId, { reserve: whole(1_000n), day: "2026-11-23" }))).toEqual(admitted(1_000n));
  });

  it("lets nobody in whom an operator disabled", async () => {
    const userId = newUser();
    await putItem("keys", { ...rowKeys.admission(userId), open: {}, disabledAt: nowMs });
    expect(await ask(asking(userId))).toEqual({ admitted: false, reason: "user-disabled" });
    const withoutMap = newUser();
    await putItem("keys", { ...rowKeys.admission(withoutMap), disabledAt: nowMs });
    expect(await ask(asking(withoutMap))).toEqual({ admitted: false, reason: "user-disabled" });
  });

  it("works on a row that something else made, which has no map of leases yet", async () => {
    const userId = newUser();
    await putItem("keys", { ...rowKeys.admission(userId), keyCount: 3 });
    expect(await ask(asking(userId))).toEqual(admitted(10n));
    expect(await rowOf(userId)).toMatchObject({ keyCount: 3 });
  });

  it("costs one write for a user whom it knows", async () => {
    const userId = newUser();
    await ask(asking(userId));
    relay().reset();
    await ask(asking(userId));
    expect(relay().requests.map(operationOf)).toEqual(["UpdateItem"]);
  });

  describe("whose answer was lost", () => {
    it("takes one place and reserves once", async () => {
      const userId = newUser();
      const first = asking(userId);
      await ask(first);
      relay().intercept = inOrder({ kind: "lose-answer" });
      expect(await ask(asking(userId))).toEqual(admitted(10n));
      expect(await stateOf(userId)).toEqual({ open: 2, spent: 20n });
    });

    it("takes one place even when it was the last one and took the last money", async () => {
      const userId = newUser();
      await ask(asking(userId));
      relay().intercept = inOrder({ kind: "lose-answer" });
      expect(await ask(asking(userId, { maxOpen: 2, reserve: whole(990n) }))).toEqual(admitted(990n));
      expect(await stateOf(userId)).toEqual({ open: 2, spent: 1_000n });
    });

    it("gives money back once on release", async () => {
      const userId = newUser();
      const request = asking(userId);
      await ask(request);
      relay().intercept = inOrder({ kind: "lose-answer" });
      await release({ ...request, correctionPicoUsd: -7n });
      expect(await stateOf(userId)).toEqual({ open: 0, spent: 3n });
    });

    it("reserves more once", async () => {
      const userId = newUser();
      const request = asking(userId);
      await ask(request);
      relay().intercept = inOrder({ kind: "lose-answer" });
      expect(await reserveMore({ ...request, reservedPicoUsd: 10n, more: whole(10n) })).toBe(10n);
      expect(await stateOf(userId)).toEqual({ open: 1, spent: 20n });
    });
  });

  describe("release", () => {
    it("gives the place back and books the true cost, exactly once however often and at once it is called", async () => {
      const userId = newUser();
      const request = asking(userId);
      await ask(request);
      const results = await Promise.all(
        Array.from({ length: 10 }, () => release({ ...request, correctionPicoUsd: -4n })),
      );
      expect(results.filter(Boolean)).toHaveLength(1);
      expect(await stateOf(userId)).toEqual({ open: 0, spent: 6n });
      expect(await release({ ...request, correctionPicoUsd: -4n })).toBe(false);
    });

    it("touches no other user and no other request", async () => {
      const [mine, other] = [newUser(), newUser()];
      const request = asking(mine);
      await ask(request);
      await ask(asking(mine));
      await ask(asking(other));
      await release({ ...request, userId: other, correctionPicoUsd: -10n });
      await release({ ...request, correctionPicoUsd: 0n });
      expect(await stateOf(mine)).toEqual({ open: 1, spent: 20n });
      expect(await stateOf(other)).toEqual({ open: 1, spent: 10n });
    });

    it("drops the spend of days that are over, so that the row does not grow for ever", async () => {
      const userId = newUser();
      const request = asking(userId);
      await ask(request);
      await updateItem("keys", rowKeys.admission(userId), "SET #a = :spent, #b = :spent, #c = :spent", {
        names: { "#a": "spend#2026-11-21", "#b": "spend#2026-11-20", "#c": "spend#2026-11-14" },
        values: { ":spent": 5 },
      });
      await release({ ...request, correctionPicoUsd: 0n });
      const days = Object.keys(await rowOf(userId)).filter((name) => name.startsWith("spend#"));
      // Yesterday's stays: a request that began before midnight may still be settled on it.
      expect(days.sort()).toEqual(["spend#2026-11-21", "spend#2026-11-22"]);
    });
  });

  describe("leases of killed functions", () => {
    const past = { untilSeconds: nowSeconds - 1 };

    it("are cleared when no place is left, each reported once, and stay charged as reserved", async () => {
      const userId = newUser();
      const killed = [asking(userId, past), asking(userId, past)];
      for (const request of killed) await ask(request);
      await ask(asking(userId));
      const orphans: string[] = [];
      const verdict = await admit(asking(userId, { maxOpen: 3 }), nowMs, (id) => orphans.push(id));
      expect(verdict).toEqual(admitted(10n));
      expect(orphans.sort()).toEqual(killed.map(({ requestId }) => requestId).sort());
      expect(await stateOf(userId)).toEqual({ open: 2, spent: 40n });
    });

    it("that could still be running are left alone", async () => {
      const userId = newUser();
      await ask(asking(userId, { untilSeconds: nowSeconds }));
      expect(await ask(asking(userId, { maxOpen: 1 }))).toMatchObject({ reason: "open-requests" });
      expect((await stateOf(userId)).open).toBe(1);
    });

    it("are no reason to let more in than the cap pays for", async () => {
      const userId = newUser();
      await ask(asking(userId, { ...past, reserve: whole(1_000n) }));
      const verdict = await admit(asking(userId, { maxOpen: 1 }), nowMs, () => undefined);
      expect(verdict).toEqual({ admitted: false, reason: "spend", spentPicoUsd: 1_000n });
    });
  });

  describe("reserveMore", () => {
    it("adds to the lease and the day's spend up to the cap, and refuses the rest unchanged", async () => {
      const userId = newUser();
      const request = asking(userId, { capPicoUsd: 100n });
      await ask(request);
      expect(await reserveMore({ ...request, reservedPicoUsd: 10n, more: whole(90n) })).toBe(90n);
      expect(await reserveMore({ ...request, reservedPicoUsd: 100n, more: whole(1n) })).toBeUndefined();
      expect(await stateOf(userId)).toEqual({ open: 1, spent: 100n });
      const { open } = await rowOf(userId);
      expect(open).toMatchObject({ [request.requestId]: { reserved: 100 } });
    });

    it("is refused once the lease has ended", async () => {
      const userId = newUser();
      const request = asking(userId);
      await ask(request);
      await release({ ...request, correctionPicoUsd: -10n });
      expect(await reserveMore({ ...request, reservedPicoUsd: 10n, more: whole(10n) })).toBeUndefined();
      expect(await stateOf(userId)).toEqual({ open: 0, spent: 0n });
    });

    it("holds the cap when several streams of a user outgrow their reserve at once", async () => {
      const userId = newUser();
      const requests = Array.from({ length: 20 }, () => asking(userId, { capPicoUsd: 305n }));
      for (const request of requests) await ask(request);
      const results = await Promise.all(
        requests.map((request) => reserveMore({ ...request, reservedPicoUsd: 10n, more: whole(10n) })),
      );
      expect(results.filter((granted) => granted !== undefined)).toHaveLength(10);
      expect((await stateOf(userId)).spent).toBe(300n);
    });
  });

  describe("the cancel flag", () => {
    it("reaches the request that it names, of this user only", async () => {
      const [mine, other] = [newUser(), newUser()];
      const [request, untouched] = [asking(mine), asking(mine)];
      await ask(request);
      await ask(untouched);
      await ask(asking(other));
      expect(await markCancelled(other, request.requestId)).toBe(false);
      expect(await isCancelled(mine, request.requestId)).toBe(false);
      expect(await markCancelled(mine, request.requestId)).toBe(true);
      expect(await isCancelled(mine, request.requestId)).toBe(true);
      expect(await isCancelled(mine, untouched.requestId)).toBe(false);
    });

    it("cannot be set on what is not running", async () => {
      expect(await markCancelled(newUser(), "req_1")).toBe(false);
      const userId = newUser();
      const request = asking(userId);
      await ask(request);
      await release({ ...request, correctionPicoUsd: 0n });
      expect(await markCancelled(userId, request.requestId)).toBe(false);
      expect(await isCancelled(userId, request.requestId)).toBe(false);
    });
  });

  it("throws when DynamoDB cannot say, rather than letting anybody in", async () => {
    relay().intercept = (request) => (isUpdate(request) ? { kind: "reset" } : undefined);
    await expect(ask(asking(newUser()))).rejects.toMatchObject({ name: "AwsError", transient: true });
  });
});

import { beforeEach, describe, expect, it } from "vitest";
import { type AdmissionRequest, admit, isCancelled, markCancelled, release } from "#core/db/admission.ts";
import { spendAttribute } from "#core/db/admission-row.ts";
import { maxKeys, reserveKeyPlace, setUserDisabled } from "#core/db/api-keys.ts";
import { reserveMore } from "#core/db/reserve-more.ts";
import { rowKeys } from "#core/db/row-keys.ts";
import { getItem } from "#core/db/table.ts";
import { hasTables, tablesName } from "#tests/core/support/tables.ts";
import { versions } from "./recording.ts";
import { useRecording } from "./use-recording.ts";

describe.skipIf(!hasTables).each(versions)(`admission rows of %s (${tablesName})`, (version) => {
  const recorded = useRecording(version, ["keys"]);
  let request: Omit<AdmissionRequest, "budget" | "tokens">;
  let leases: readonly string[];
  let spent: bigint;
  const row = () => getItem("keys", rowKeys.admission(request.userId), { consistent: true });
  const spend = async (): Promise<bigint> => BigInt(String((await row())?.[spendAttribute(request.day)]));
  const openIds = async () => Object.keys((await row())?.open ?? {}).toSorted();

  beforeEach(async () => {
    const { owner, day, recordedAtMs, requestIds } = recorded().recording;
    request = {
      userId: owner.userId,
      requestId: "req_of_today",
      day,
      untilSeconds: Math.floor(recordedAtMs / 1_000) + 600,
      reserve: { picoUsd: 7n, leastPicoUsd: 7n },
      capPicoUsd: 10n ** 15n,
      maxOpen: 3,
    };
    leases = [requestIds.killed, requestIds.cancelling].toSorted();
    spent = await spend();
  });
  const ignore = (): void => undefined;
  const now = () => recorded().recording.recordedAtMs;
  /** Every recorded lease has ended by then. */
  const later = () => now() + 900_000;

  it("count the leases that were open then, and admit another request alongside them", async () => {
    expect(await openIds()).toEqual(leases);
    expect(await admit({ ...request, maxOpen: 2 }, now(), ignore)).toEqual({
      admitted: false,
      reason: "open-requests",
      expired: [],
    });
    expect(await admit(request, now(), ignore)).toMatchObject({ admitted: true });
    expect(await spend()).toBe(spent + 7n);
  });

  it("free the places of killed requests once they cannot run any more, and keep their reservations", async () => {
    const orphans: string[] = [];
    expect(await admit({ ...request, maxOpen: 2 }, later(), (id) => orphans.push(id))).toMatchObject({
      admitted: true,
    });
    expect(orphans.toSorted()).toEqual(leases);
    expect(await openIds()).toEqual([request.requestId]);
    expect(await spend()).toBe(spent + 7n);
  });

  it("count what was spent then against the daily cap", async () => {
    expect(await admit({ ...request, capPicoUsd: spent + 6n }, now(), ignore)).toMatchObject({ reason: "spend" });
    expect(await admit({ ...request, capPicoUsd: spent + 7n }, now(), ignore)).toMatchObject({ admitted: true });
  });

  it("release each old lease once, with what was not spent", async () => {
    for (const requestId of leases) {
      const give = { userId: request.userId, requestId, day: request.day, correctionPicoUsd: -11n };
      expect(await release(give)).toBe(true);
      expect(await release(give)).toBe(false);
    }
    expect(await openIds()).toEqual([]);
    expect(await spend()).toBe(spent - 22n);
  });

  it("reserve more for an old lease", async () => {
    const { killed } = recorded().recording.requestIds;
    const [, reserved] = Object.entries((await row())?.open ?? {}).find(([id]) => id === killed) ?? [];
    const reservedPicoUsd = BigInt(String((reserved as { readonly reserved?: unknown } | undefined)?.reserved));
    const more = { picoUsd: 5n, leastPicoUsd: 5n };
    expect(await reserveMore({ ...request, requestId: killed, reservedPicoUsd, more })).toEqual({ granted: 5n });
    expect(await spend()).toBe(spent + 5n);
  });

  it("know which request was being cancelled, and cancel the other one", async () => {
    const { killed, cancelling } = recorded().recording.requestIds;
    expect(await isCancelled(request.userId, cancelling)).toBe(true);
    expect(await isCancelled(request.userId, killed)).toBe(false);
    expect(await markCancelled(request.userId, killed)).toBe(true);
    expect(await isCancelled(request.userId, killed)).toBe(true);
  });

  it("refuse a user who was disabled then, until that is lifted", async () => {
    const { userId } = recorded().recording.banned;
    const theirs = { ...request, userId };
    expect(await admit(theirs, now(), ignore)).toEqual({ admitted: false, reason: "user-disabled" });
    expect(await reserveKeyPlace(userId)).toBe("user-disabled");
    await setUserDisabled(userId, undefined);
    expect(await admit(theirs, now(), ignore)).toMatchObject({ admitted: true });
  });

  it("keep counting the user's API keys", async () => {
    const count = Number((await row())?.keyCount);
    for (let more = count; more < maxKeys; more++) expect(await reserveKeyPlace(request.userId)).toBe("reserved");
    expect(await reserveKeyPlace(request.userId)).toBe("full");
  });
});

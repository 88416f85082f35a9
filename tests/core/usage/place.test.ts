import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { rowKeys, utcDay } from "#core/db/row-keys.ts";
import { getItem } from "#core/db/table.ts";
import { newId } from "#core/ids.ts";
import { Place } from "#core/usage/place.ts";
import { hasTables, tablesName, useTables } from "#tests/core/support/tables.ts";

const startedAtMs = Date.UTC(2026, 10, 22, 12);

describe.skipIf(!hasTables)(`Place (${tablesName})`, () => {
  useTables();

  it("books every extension once when several generations of a run ask at the same time", async () => {
    const userId = `user_${randomUUID()}`;
    const place = new Place({
      userId,
      requestId: newId("request"),
      reservePicoUsd: 100n,
      startedAtMs,
      untilMs: startedAtMs + 60_000,
    });
    await place.take();
    const extended = await Promise.all(Array.from({ length: 8 }, () => place.extendBy(10n)));
    expect(extended).toEqual(Array.from({ length: 8 }, () => true));
    expect(place.reservedPicoUsd).toBe(180n);
    const spent = async () =>
      (await getItem("keys", rowKeys.admission(userId), { consistent: true }))?.[`spend#${utcDay(startedAtMs)}`];
    expect(await spent()).toBe(180);
    await place.giveBack(7n);
    expect(await spent()).toBe(7);
  });
});

import { randomUUID } from "node:crypto";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { admit } from "#core/db/admission.ts";
import { budgetAttribute } from "#core/db/admission-row.ts";
import { alertWebhookChanges, insertKey, limitChanges, removeUserKey } from "#core/db/api-keys.ts";
import { listAlerts } from "#core/db/budget-alerts.ts";
import { listDeliveries } from "#core/db/deliveries.ts";
import { playgroundKeyId } from "#core/db/key-limits.ts";
import { rareRowKeys } from "#core/db/rare-row-keys.ts";
import { rowKeys } from "#core/db/row-keys.ts";
import { getItem, updateItem } from "#core/db/table.ts";
import { transact } from "#core/db/transaction.ts";
import type { UsageEvent } from "#core/db/usage-event.ts";
import { logger } from "#core/observability/logger.ts";
import { alertBudgets } from "#core/usage/budget-alerts.ts";
import { hasTables, tablesName, useTables } from "#tests/core/support/tables.ts";

const nowMs = Date.UTC(2026, 10, 22, 12);
const limit = 1_000_000_000_000n;
const budget = { id: "b1b1b1b1b1", picoUsd: limit, period: "month", includeByok: false } as const;
const secret = { wrappedKey: "k", version: 1, nonce: "n", ciphertext: "c", tag: "t" } as const;
const webhook = { url: "https://alerts.example.com/hook", secret, secretContext: "webhook/dlv_1" };

describe.skipIf(!hasTables)(`alerts of budgets (${tablesName})`, () => {
  const relay = useTables();
  let userId: string;
  const key = { keyId: "key_1", keyHash: "" };
  beforeEach(async () => {
    userId = `user_${randomUUID()}`;
    key.keyHash = randomUUID();
    const row = { ...key, userId, createdAt: new Date(nowMs).toISOString(), rateLimit: 60, enabled: true };
    await insertKey({ ...row, limits: { id: "k0", budget }, alertWebhook: webhook });
  });
  const eventOf = (changes: Partial<UsageEvent> = {}): UsageEvent =>
    ({ userId, keyId: key.keyId, status: "ok", budget: `${budget.id}#2026-11`, ...changes }) as UsageEvent;
  const spend = async (percent: number, period = "2026-11"): Promise<void> => {
    await updateItem("keys", rowKeys.admission(userId), "SET #sum = :sum, #open = if_not_exists(#open, :none)", {
      names: { "#sum": budgetAttribute(`${budget.id}#${period}`), "#open": "open" },
      values: { ":sum": (limit * BigInt(percent)) / 100n, ":none": {} },
    });
  };
  const bodies = async () =>
    (await listDeliveries(userId, 100)).pending
      .map(({ body = "" }) => JSON.parse(body) as { readonly data: { readonly percent: number } })
      .toSorted((left, right) => left.data.percent - right.data.percent);

  it("ask nothing for the dashboard's own pages, which have no key to be told of", async () => {
    relay().reset();
    const playground = { keyId: playgroundKeyId, budget: `${playgroundKeyId}#2026-11-22` };
    expect(await alertBudgets([eventOf(playground), eventOf({ ...playground, code: "BUDGET_EXCEEDED" })], nowMs)).toBe(
      0,
    );
    expect(relay().requests).toEqual([]);
  });

  it("are told at 50, 80 and 100 percent, each once in a period, as signed deliveries and as a row", async () => {
    const told: number[] = [];
    for (const percent of [10, 49, 50, 60, 79, 80, 99, 100, 100]) {
      await spend(percent);
      told.push(await alertBudgets([eventOf(), eventOf()], nowMs));
    }
    expect(told).toEqual([0, 0, 1, 0, 0, 1, 0, 1, 0]);
    expect(await bodies()).toEqual(
      [50, 80, 100].map((percent) => ({
        type: "budget.threshold",
        timestamp: new Date(nowMs).toISOString(),
        data: {
          keyId: "key_1",
          percent,
          period: "month",
          limitUsd: 1,
          spentUsd: percent / 100,
          resetAt: "2026-12-01T00:00:00.000Z",
        },
      })),
    );
    const [row] = (await listDeliveries(userId, 1)).pending;
    expect(row).toMatchObject({ kind: "budget", url: webhook.url, secret, secretContext: "webhook/dlv_1" });
    expect((await listAlerts(userId)).get(budget.id)).toMatchObject({ period: "2026-11", percent: 100, at: nowMs });
  });

  it("tell the highest of several thresholds that are passed at once, and once however many ask at the same time", async () => {
    await spend(90);
    const told = await Promise.all(Array.from({ length: 6 }, () => alertBudgets([eventOf()], nowMs)));
    expect(told.reduce((left, right) => left + right, 0)).toBe(1);
    expect((await bodies()).map(({ data }) => data.percent)).toEqual([80]);
  });

  it("begin again with each amount: a raised budget is told of at its own thresholds, and each message has its own id", async () => {
    const amountOf = (picoUsd: bigint) =>
      transact(limitChanges(userId, [key], "k0", { budget: { ...budget, picoUsd } }).flat());
    const told: number[] = [];
    for (const [percent, times] of [
      [100, 1n],
      [100, 2n],
      [120, 2n],
      [160, 2n],
      [160, 2n],
      [200, 2n],
    ] as const) {
      await amountOf(limit * times);
      await spend(percent);
      told.push(await alertBudgets([eventOf()], nowMs));
    }
    expect(told).toEqual([1, 1, 0, 1, 0, 1]);
    const { pending } = await listDeliveries(userId, 100);
    expect(new Set(pending.map(({ messageId }) => messageId)).size).toBe(4);
  });

  it("are told once in the period of a row that an older version wrote without the amount", async () => {
    await updateItem(
      "keys",
      rareRowKeys.budgetAlert(userId, budget.id),
      "SET budgetId = :id, #period = :period, #percent = :percent, #at = :at",
      {
        names: { "#period": "period", "#percent": "percent", "#at": "at" },
        values: { ":id": budget.id, ":period": "2026-11", ":percent": 50, ":at": nowMs },
      },
    );
    await spend(60);
    expect(await alertBudgets([eventOf()], nowMs)).toBe(0);
    await spend(80);
    expect(await alertBudgets([eventOf()], nowMs)).toBe(1);
  });

  it("of a rotated budget whose old key is gone name the key that has it now", async () => {
    const next = { keyId: "key_2", keyHash: randomUUID(), rotatedFrom: key.keyId };
    const createdAt = new Date(nowMs + 1).toISOString();
    await insertKey({
      ...next,
      userId,
      createdAt,
      rateLimit: 60,
      enabled: true,
      limits: { id: "k0", budget },
      alertWebhook: webhook,
    });
    await removeUserKey(userId, key.keyId);
    await spend(50);
    expect(await alertBudgets([eventOf()], nowMs)).toBe(1);
    expect(await bodies()).toMatchObject([{ data: { keyId: "key_2", percent: 50 } }]);
  });

  it("begin again with each period, and a late event of the one before tells nothing", async () => {
    await spend(80);
    await alertBudgets([eventOf()], nowMs);
    await spend(50, "2026-12");
    expect(await alertBudgets([eventOf({ budget: `${budget.id}#2026-12` })], nowMs)).toBe(1);
    await spend(100);
    expect(await alertBudgets([eventOf()], nowMs)).toBe(0);
  });

  it("count what is spent, not what running requests have reserved", async () => {
    await spend(40);
    const request = { userId, requestId: "req_1", day: "2026-11-22", untilSeconds: nowMs / 1_000 + 60, maxOpen: 9 };
    const reserve = { picoUsd: limit / 2n, leastPicoUsd: limit / 2n };
    const charge = { name: `${budget.id}#2026-11`, limitPicoUsd: limit };
    const verdict = await admit({ ...request, reserve, capPicoUsd: limit, budget: charge }, nowMs, () => undefined);
    expect(verdict.admitted).toBe(true);
    expect(await alertBudgets([eventOf()], nowMs)).toBe(0);
  });

  it("are as far as what is spent, though a request was refused that was too large for the rest", async () => {
    const refused = eventOf({ status: "error", code: "BUDGET_EXCEEDED" });
    const told: number[] = [];
    for (const percent of [10, 50, 79]) {
      await spend(percent);
      told.push(await alertBudgets([refused], nowMs));
    }
    expect(told).toEqual([0, 1, 0]);
    await spend(80);
    await alertBudgets([eventOf()], nowMs);
    expect((await bodies()).map(({ data }) => data.percent)).toEqual([50, 80]);
  });

  it("leave no row behind once their period is long over; that of a total stays with its budget", async () => {
    await spend(50);
    await alertBudgets([eventOf()], nowMs);
    const row = () => getItem("keys", rareRowKeys.budgetAlert(userId, budget.id), { consistent: true });
    expect(await row()).toMatchObject({ expiresAt: Date.UTC(2026, 11, 8) / 1_000 });
    await spend(50, "total");
    await alertBudgets([eventOf({ budget: `${budget.id}#total` })], nowMs);
    expect(await row()).toMatchObject({ period: "total" });
  });

  it("are at 100 percent once a request was refused when little is left: it is of no use", async () => {
    await spend(97);
    expect(await alertBudgets([eventOf({ status: "error", code: "BUDGET_EXCEEDED" })], nowMs)).toBe(1);
    expect((await bodies()).map(({ data }) => data.percent)).toEqual([100]);
  });

  it("without a webhook are rows alone; of a budget that is gone there are none", async () => {
    await transact(alertWebhookChanges(userId, [key], null).flat());
    await spend(50);
    expect(await alertBudgets([eventOf()], nowMs)).toBe(1);
    expect(await bodies()).toEqual([]);
    await transact(limitChanges(userId, [key], "k0", { budget: null }).flat());
    await spend(100);
    expect(await alertBudgets([eventOf(), eventOf({ keyId: "key_gone" }), eventOf({ budget: undefined })], nowMs)).toBe(
      0,
    );
  });

  it("never hold up the sums: a fault is logged, and the next event tells", async () => {
    const error = vi.spyOn(logger, "error").mockImplementation(() => undefined);
    await spend(50);
    relay().intercept = () => ({
      kind: "answer",
      status: 400,
      body: JSON.stringify({ __type: "AccessDeniedException" }),
    });
    expect(await alertBudgets([eventOf()], nowMs)).toBe(0);
    expect(error).toHaveBeenCalledWith("An alert of a budget could not be made", expect.objectContaining({ userId }));
    relay().reset();
    expect(await alertBudgets([eventOf()], nowMs)).toBe(1);
  });
});

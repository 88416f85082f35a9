import { randomInt } from "node:crypto";
import { fromUsd, toUsd } from "#core/catalog/cost.ts";
import { type AdmissionRow, budgetAttribute, parseRow, reservedOf, sumOf } from "#core/db/admission-row.ts";
import { alertWebhookChanges, limitChanges, listUserKeys, type UserKey } from "#core/db/api-keys.ts";
import { budgetNameOf, periodEndMs } from "#core/db/budget-period.ts";
import { removeGoneBudgets } from "#core/db/gone-budgets.ts";
import { changeKeys, type PlannedChange } from "#core/db/key-changes.ts";
import { type KeyBudget, type KeyLimits, limitsOf } from "#core/db/key-limits.ts";
import type { PlainItem } from "#core/db/table.ts";
import { TransactionRefused } from "#core/db/transaction.ts";
import { GatewayError } from "#core/errors.ts";
import type { CreateKey, LimitsChange } from "#core/schemas/keys.ts";
import { inOrder, type Tags } from "#core/values/tags.ts";
import { keyNotFound } from "./unkey-call.ts";

/** Budgets, allowed models, tokens a minute, recording and tags of API keys: how they are set and shown. */

const idLetters = "0123456789abcdefghijklmnopqrstuvwxyz";
const idLength = 10;

/** Short, since it is part of the names in the user's admission row. Unique among the keys of one user. */
const newShortId = (): string =>
  Array.from({ length: idLength }, () => idLetters[randomInt(idLetters.length)]).join("");

/** At most so many budgets of one user: each adds to the row that every request writes. */
export const maxBudgets = 20;

type AskedBudget = NonNullable<CreateKey["budget"]>;

/** A changed amount keeps what was spent; another period, or a new budget, starts at zero. */
const toBudget = ({ usd, period, includeByok }: AskedBudget, before: KeyBudget | undefined): KeyBudget => ({
  id: before?.period === period ? before.id : newShortId(),
  picoUsd: fromUsd(usd),
  period,
  includeByok,
});

/** @throws GatewayError CONFLICT when so many other keys have budgets */
export const requireBudgetPlace = (rows: readonly UserKey[], own: string | undefined): void => {
  const others = new Set(rows.flatMap(({ budget }) => (budget === undefined || budget.id === own ? [] : [budget.id])));
  if (others.size < maxBudgets) return;
  throw new GatewayError("CONFLICT", `${maxBudgets} of your keys have a budget, the maximum. Remove one first.`, {
    param: "budget",
    shouldRetry: false,
  });
};

const present = <Value>(value: Value | null | undefined): Value | undefined => value ?? undefined;

/** The limits of a new key; undefined without any. @throws GatewayError CONFLICT */
export const newLimits = (
  { budget, allowedModels, tokensPerMinute, recordContent, tags }: LimitsChange,
  rows: () => Promise<readonly UserKey[]>,
): Promise<KeyLimits | undefined> | undefined => {
  const limits = [budget, allowedModels, tokensPerMinute, recordContent, tags];
  const hasNone = limits.every((limit) => limit === undefined || limit === null);
  if (hasNone) return undefined;
  return (async () => {
    if (budget !== undefined && budget !== null) requireBudgetPlace(await rows(), undefined);
    return {
      id: newShortId(),
      budget: budget === undefined || budget === null ? undefined : toBudget(budget, undefined),
      allowedModels: present(allowedModels),
      tokensPerMinute: present(tokensPerMinute),
      contentDays: recordContent?.days,
      keyTags: present(tags),
    };
  })();
};

/** A key with those that it replaced and that replaced it: they share their limits. */
export const familyOf = (rows: readonly UserKey[], keyId: string): readonly UserKey[] => {
  const own = rows.find((row) => row.keyId === keyId);
  const family = new Set([keyId]);
  for (let before = 0; before < family.size; ) {
    before = family.size;
    for (const row of rows) {
      const isLinked = row.rotatedFrom !== undefined && (family.has(row.rotatedFrom) || family.has(row.keyId));
      if (isLinked) family.add(row.keyId).add(row.rotatedFrom ?? row.keyId);
      if (own?.limitsId !== undefined && row.limitsId === own.limitsId) family.add(row.keyId);
    }
  }
  return rows.filter((row) => family.has(row.keyId));
};

/** @throws GatewayError CONFLICT */
const refuseBusy = (error: unknown): never => {
  if (!(error instanceof TransactionRefused)) throw error;
  throw new GatewayError("CONFLICT", "Your keys were changed several times at once. Try again.", {
    retryAfterSeconds: 1,
  });
};

/** Writes a change of a user's keys that depends on the others. @throws GatewayError CONFLICT, and what `plan` throws */
export const changeKeysTogether = <Result>(
  userId: string,
  plan: (rows: readonly UserKey[]) => PlannedChange<Result>,
): Promise<Result> => changeKeys(userId, async () => plan(await listUserKeys(userId))).catch(refuseBusy);

const requireFamily = (rows: readonly UserKey[], keyId: string): readonly UserKey[] => {
  const family = familyOf(rows, keyId);
  if (family.length === 0) throw keyNotFound();
  return family;
};

/** Changes the limits that are given of a key and its family. @throws GatewayError CONFLICT, NOT_FOUND */
export const patchLimits = async (
  userId: string,
  keyId: string,
  { budget, allowedModels, tokensPerMinute, recordContent, tags }: LimitsChange,
  nowMs: number,
): Promise<void> => {
  if ([budget, allowedModels, tokensPerMinute, recordContent, tags].every((limit) => limit === undefined)) return;
  const isReplaced = await changeKeysTogether(userId, (rows) => {
    const family = requireFamily(rows, keyId);
    const limits = family.map(limitsOf).find((known) => known !== undefined);
    const before = limits?.budget;
    if (budget !== undefined && budget !== null) requireBudgetPlace(rows, before?.id);
    const after = budget === undefined || budget === null ? budget : toBudget(budget, before);
    const change = {
      ...(after === undefined ? {} : { budget: after }),
      ...(allowedModels === undefined ? {} : { allowedModels }),
      ...(tokensPerMinute === undefined ? {} : { tokensPerMinute }),
      ...(recordContent === undefined ? {} : { contentDays: recordContent?.days ?? null }),
      ...(tags === undefined ? {} : { keyTags: tags }),
    };
    return {
      groups: limitChanges(userId, family, limits?.id ?? newShortId(), change),
      result: before !== undefined && after !== undefined && after?.id !== before.id,
    };
  });
  if (isReplaced) await removeGoneBudgets(userId, nowMs);
};

/** Changes where the alerts of a key and its family go; null removes it. @throws GatewayError CONFLICT, NOT_FOUND */
export const changeAlertWebhook = (
  userId: string,
  keyId: string,
  webhook: UserKey["alertWebhook"] | null,
): Promise<void> =>
  changeKeysTogether(userId, (rows) => ({
    groups: alertWebhookChanges(userId, requireFamily(rows, keyId), webhook),
    result: undefined,
  }));

export interface BudgetView {
  readonly usd: number;
  readonly period: KeyBudget["period"];
  readonly includeByok: boolean;
  /** Without what running requests have reserved. */
  readonly spentUsd: number;
  readonly reservedUsd: number;
  readonly remainingUsd: number;
  /** ISO 8601; null for a total. */
  readonly resetAt: string | null;
}

/** A budget and what its period has spent, as its user's admission row has it. */
export const budgetView = (budget: KeyBudget, item: PlainItem, nowMs: number): BudgetView => {
  const name = budgetNameOf(budget, nowMs);
  const row: AdmissionRow = parseRow(item);
  const total = sumOf(item, budgetAttribute(name));
  const reserved = reservedOf(row, name);
  const left = budget.picoUsd - total;
  const endMs = periodEndMs(budget.period, nowMs);
  return {
    usd: toUsd(budget.picoUsd),
    period: budget.period,
    includeByok: budget.includeByok,
    spentUsd: toUsd(total - reserved),
    reservedUsd: toUsd(reserved),
    remainingUsd: toUsd(left > 0n ? left : 0n),
    resetAt: endMs === undefined ? null : new Date(endMs).toISOString(),
  };
};

export interface LimitsView {
  readonly budget: BudgetView | null;
  readonly allowedModels: readonly string[] | null;
  readonly tokensPerMinute: number | null;
  readonly recordContent: { readonly days: number } | null;
  readonly tags: Tags | null;
}

export const limitsView = (limits: KeyLimits | undefined, item: PlainItem, nowMs: number): LimitsView => ({
  budget: limits?.budget === undefined ? null : budgetView(limits.budget, item, nowMs),
  allowedModels: limits?.allowedModels ?? null,
  tokensPerMinute: limits?.tokensPerMinute ?? null,
  recordContent: limits?.contentDays === undefined ? null : { days: limits.contentDays },
  tags: limits?.keyTags === undefined ? null : inOrder(limits.keyTags),
});

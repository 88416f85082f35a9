import { toUsd } from "#core/catalog/cost.ts";
import { readAdmission } from "#core/db/admission.ts";
import { budgetAttribute, parseRow, reservedOf, sumOf } from "#core/db/admission-row.ts";
import { findUserKey, listUserKeys, type UserKey } from "#core/db/api-keys.ts";
import { noteAlert } from "#core/db/budget-alerts.ts";
import { namedPeriodEndMs } from "#core/db/budget-period.ts";
import { type DeliveryRow, keepDeliveryMs } from "#core/db/deliveries.ts";
import type { KeyBudget } from "#core/db/key-limits.ts";
import { playgroundKeyId } from "#core/db/key-limits.ts";
import type { UsageEvent } from "#core/db/usage-event.ts";
import { newId } from "#core/ids.ts";
import { loggableError, logger } from "#core/observability/logger.ts";
import { increment } from "#core/observability/metrics.ts";

/**
 * Alerts of budgets, made from the usage table's stream: no request waits for them. Each threshold is told once in a period
 * and for an amount, as a row that the list of keys shows, and as a signed webhook where the key has one.
 */

/** Percent of a budget. */
const thresholds = [50, 80, 100] as const;
/**
 * From this percentage on a refused request says that what is left is of no use. Below it the request was too large, or others
 * had reserved the rest for a moment.
 */
const refusalCountsFrom = 80n;

interface Charged {
  readonly userId: string;
  readonly keyId: string;
  /** `<budget id>#<period>` */
  readonly budget: string;
  /** A request was refused for it. */
  readonly refused: boolean;
}

/** The budgets that events were charged to, each once. */
const chargedBudgets = (events: readonly UsageEvent[]): readonly Charged[] => {
  const charged = new Map<string, Charged>();
  for (const { userId, keyId, budget, code, status } of events) {
    if (budget === undefined || keyId === undefined || status === "open") continue;
    // The dashboard's own pages have no key that could be told of anything.
    if (keyId === playgroundKeyId) continue;
    const name = `${userId}/${budget}`;
    const refused = code === "BUDGET_EXCEEDED" || charged.get(name)?.refused === true;
    charged.set(name, { userId, keyId, budget, refused });
  }
  return [...charged.values()];
};

interface Alert {
  readonly period: string;
  readonly percent: number;
  readonly spentPicoUsd: bigint;
}

const deliveryOf = (
  userId: string,
  { keyId, alertWebhook }: UserKey,
  budget: KeyBudget,
  { period, percent, spentPicoUsd }: Alert,
  nowMs: number,
): DeliveryRow | undefined => {
  if (alertWebhook === undefined) return undefined;
  const endMs = namedPeriodEndMs(period);
  return {
    id: newId("delivery"),
    userId,
    kind: "budget",
    messageId: `msg_budget_${budget.id}_${period}_${percent}_${budget.picoUsd}`,
    url: alertWebhook.url,
    secret: alertWebhook.secret,
    secretContext: alertWebhook.secretContext,
    body: JSON.stringify({
      type: "budget.threshold",
      timestamp: new Date(nowMs).toISOString(),
      data: {
        keyId,
        percent,
        period: budget.period,
        limitUsd: toUsd(budget.picoUsd),
        spentUsd: toUsd(spentPicoUsd),
        resetAt: endMs === undefined ? null : new Date(endMs).toISOString(),
      },
    }),
    state: "pending",
    tries: 0,
    createdAt: nowMs,
    nextTryAt: nowMs,
    expiresAt: Math.floor((nowMs + keepDeliveryMs) / 1_000),
  };
};

/** The key that was charged; the newest of those that replaced it, once it is revoked. Undefined when none has the budget. */
const keyOfBudget = async (userId: string, keyId: string, budgetId: string): Promise<UserKey | undefined> => {
  const charged = await findUserKey(userId, keyId);
  if (charged?.budget?.id === budgetId) return charged;
  const family = (await listUserKeys(userId)).filter(({ budget }) => budget?.id === budgetId);
  return family.toSorted((left, right) => right.createdAt.localeCompare(left.createdAt))[0];
};

const alertOne = async ({ userId, keyId, budget: name, refused }: Charged, nowMs: number): Promise<boolean> => {
  const [id = "", period = ""] = name.split("#");
  const [key, admission] = await Promise.all([keyOfBudget(userId, keyId, id), readAdmission(userId)]);
  const budget = key?.budget;
  // No key has the budget any more.
  if (key === undefined || budget === undefined) return false;
  const spentPicoUsd = sumOf(admission, budgetAttribute(name)) - reservedOf(parseRow(admission), name);
  const isSpent = (percent: bigint): boolean => spentPicoUsd * 100n >= budget.picoUsd * percent;
  const isOfNoUse = refused && isSpent(refusalCountsFrom);
  const reached = thresholds.findLast((percent) => (percent === 100 && isOfNoUse) || isSpent(BigInt(percent)));
  if (reached === undefined) return false;
  const alert = { period, percent: reached, spentPicoUsd };
  const row = { budgetId: budget.id, period, percent: reached, limitPicoUsd: budget.picoUsd, at: nowMs };
  return noteAlert(userId, row, deliveryOf(userId, key, budget, alert, nowMs));
};

/**
 * Tells the owners of budgets whose thresholds these events passed. Resolves to how many alerts were new. A fault is logged and
 * counted, and the next request of the key tries again: sums must not wait for alerts.
 */
export const alertBudgets = async (events: readonly UsageEvent[], nowMs: number): Promise<number> => {
  let told = 0;
  for (const charged of chargedBudgets(events)) {
    try {
      if (await alertOne(charged, nowMs)) told += 1;
    } catch (error) {
      increment("BudgetAlertFailures");
      logger.error("An alert of a budget could not be made", {
        userId: charged.userId,
        keyId: charged.keyId,
        error: loggableError(error),
      });
    }
  }
  return told;
};

import { toUsd } from "#core/catalog/cost.ts";
import { readAdmission } from "#core/db/admission.ts";
import { budgetAttribute, parseRow, reservedOf, sumOf } from "#core/db/admission-row.ts";
import { findUserKey, type UserKey } from "#core/db/api-keys.ts";
import { noteAlert } from "#core/db/budget-alerts.ts";
import { namedPeriodEndMs } from "#core/db/budget-period.ts";
import { type DeliveryRow, keepDeliveryMs } from "#core/db/deliveries.ts";
import type { KeyBudget } from "#core/db/key-limits.ts";
import type { UsageEvent } from "#core/db/usage-event.ts";
import { newId } from "#core/ids.ts";
import { loggableError, logger } from "#core/observability/logger.ts";
import { increment } from "#core/observability/metrics.ts";

/**
 * Alerts of budgets, made from the usage table's stream: no request waits for them. Each threshold is told once in a period,
 * as a row that the list of keys shows, and as a signed webhook where the key has one.
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
    messageId: `msg_budget_${budget.id}_${period}_${percent}`,
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

const alertOne = async ({ userId, keyId, budget: name, refused }: Charged, nowMs: number): Promise<boolean> => {
  const [key, admission] = await Promise.all([findUserKey(userId, keyId), readAdmission(userId)]);
  const [id, period = ""] = name.split("#");
  const budget = key?.budget;
  // The key was revoked, or has another budget by now.
  if (key === undefined || budget === undefined || budget.id !== id) return false;
  const spentPicoUsd = sumOf(admission, budgetAttribute(name)) - reservedOf(parseRow(admission), name);
  const isSpent = (percent: bigint): boolean => spentPicoUsd * 100n >= budget.picoUsd * percent;
  const isOfNoUse = refused && isSpent(refusalCountsFrom);
  const reached = thresholds.findLast((percent) => (percent === 100 && isOfNoUse) || isSpent(BigInt(percent)));
  if (reached === undefined) return false;
  const alert = { period, percent: reached, spentPicoUsd };
  const row = { budgetId: budget.id, period, percent: reached, at: nowMs };
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

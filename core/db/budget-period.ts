import { utcDay } from "./row-keys.ts";

/** Periods of budgets, all in UTC: a day, a week from Monday on (ISO 8601), a calendar month, or no period at all. */
export const budgetPeriods = ["day", "week", "month", "total"] as const;
export type BudgetPeriod = (typeof budgetPeriods)[number];

const dayMs = 86_400_000;
const weekMs = 7 * dayMs;

const startOfDay = (ms: number): number => ms - (ms % dayMs);

/** Monday 00:00 UTC of the week. 1 January 1970 was a Thursday. */
const startOfWeek = (ms: number): number => startOfDay(ms) - ((Math.floor(ms / dayMs) + 3) % 7) * dayMs;

const startOfMonth = (ms: number, months = 0): number => {
  const date = new Date(ms);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, 1);
};

/** A week belongs to the year of its Thursday. */
const weekName = (ms: number): string => {
  const thursday = startOfWeek(ms) + 3 * dayMs;
  const year = new Date(thursday).getUTCFullYear();
  const week = Math.floor((thursday - Date.UTC(year, 0, 1)) / weekMs) + 1;
  return `${year}-W${String(week).padStart(2, "0")}`;
};

/** The name of the period that an instant is in: `2026-11-29`, `2026-W48`, `2026-11` or `total`. */
export const periodName = (period: BudgetPeriod, ms: number): string => {
  if (period === "total") return period;
  if (period === "week") return weekName(ms);
  return period === "day" ? utcDay(ms) : utcDay(ms).slice(0, 7);
};

/** Unix ms at which the period of an instant ends and the next begins; undefined for a total. */
export const periodEndMs = (period: BudgetPeriod, ms: number): number | undefined => {
  if (period === "total") return undefined;
  if (period === "week") return startOfWeek(ms) + weekMs;
  return period === "day" ? startOfDay(ms) + dayMs : startOfMonth(ms, 1);
};

/** Names a budget in its period, as sums and leases have it: `<id>#<period>`. */
export const budgetNameOf = <Budget extends { readonly id: string; readonly period: BudgetPeriod } | undefined>(
  budget: Budget,
  ms: number,
): string | Extract<Budget, undefined> =>
  budget === undefined ? (undefined as Extract<Budget, undefined>) : `${budget.id}#${periodName(budget.period, ms)}`;

const namedWeek = /^(\d{4})-W(\d\d)$/;

/** The end of the period with this name, Unix ms. Undefined for a total and for an unknown name. */
export const namedPeriodEndMs = (name: string): number | undefined => {
  const [, year, week] = namedWeek.exec(name) ?? [];
  if (year !== undefined) {
    // 4 January is always in week 1.
    return startOfWeek(Date.UTC(Number(year), 0, 4)) + Number(week) * weekMs;
  }
  const startMs = Date.parse(name.length === 7 ? `${name}-01` : name);
  if (Number.isNaN(startMs)) return undefined;
  return periodEndMs(name.length === 7 ? "month" : "day", startMs);
};

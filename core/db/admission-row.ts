import * as z from "zod/mini";
import { namedPeriodEndMs } from "./budget-period.ts";
import { pico } from "./pico.ts";
import { utcDay } from "./row-keys.ts";
import type { PlainItem } from "./table.ts";

/** What an admission row holds, and how its attributes are named. */

const leaseSchema = z.object({
  /** Unix seconds after which the request cannot be running any more. */
  until: z.number(),
  /** Reserved of the user's cap, pico-dollars. */
  reserved: pico,
  /** UTC day that the reservation is booked on. */
  day: z.string(),
  cancelled: z.optional(z.boolean()),
  /** Budget and period that the request is charged to, and what it reserved of it, pico-dollars. */
  budget: z.optional(z.string()),
  budgeted: z.optional(pico),
});

const admissionRowSchema = z.looseObject({
  open: z._default(z.record(z.string(), leaseSchema), {}),
  disabledAt: z.optional(z.number()),
});

export type AdmissionLease = z.infer<typeof leaseSchema>;
export type AdmissionRow = z.infer<typeof admissionRowSchema>;

export const parseRow = (item: PlainItem | undefined): AdmissionRow => admissionRowSchema.parse(item ?? {});

/** Attribute of a day's spend, reservations included, pico-dollars. */
export const spendAttribute = (day: string): string => `spend#${day}`;
/** Attribute of what a budget's period has spent, reservations included, pico-dollars. @param name `<budget id>#<period>` */
export const budgetAttribute = (name: string): string => `budget#${name}`;

/** Attribute of how many provider keys the user ever added (provider-key-absence.ts). */
export const providerKeysAdded = "providerKeysAdded";

/** The budget that an attribute is a sum of; undefined for any other attribute. */
export const budgetIdOf = (attribute: string): string | undefined => {
  const [kind, id] = attribute.split("#");
  return kind === "budget" ? id : undefined;
};

const minuteMs = 60_000;

/** Attribute of the tokens that keys with one set of limits used or reserved in a minute. */
export const tokensAttribute = (limitsId: string, minute: number): string => `tokens#${limitsId}#${minute}`;

export const minuteOf = (ms: number): number => Math.floor(ms / minuteMs);

/** A sum in the row, or zero if it is missing. */
export const sumOf = (item: PlainItem | undefined, attribute: string): bigint => {
  const sum = item?.[attribute];
  return typeof sum === "number" || typeof sum === "bigint" ? BigInt(sum) : 0n;
};

/** What the open requests have reserved of a budget, pico-dollars: part of its sum. */
export const reservedOf = ({ open }: AdmissionRow, budget: string): bigint =>
  Object.values(open).reduce((sum, lease) => (lease.budget === budget ? sum + (lease.budgeted ?? 0n) : sum), 0n);

const dayMs = 86_400_000;
const pastDays = [2, 3, 4, 5, 6, 7, 8];

/** Of the day that was asked for last: each request of a day asks for them. */
let pastNames: readonly string[] = [];
let pastNamesOf = "";

/** The spend of days that no open request can be booked on any more. Kept, it would make the row, and each write, dearer for ever. */
export const pastSpendNames = (day: string): readonly string[] => {
  if (day !== pastNamesOf) {
    pastNames = pastDays.map((days) => spendAttribute(utcDay(Date.parse(day) - days * dayMs)));
    pastNamesOf = day;
  }
  return pastNames;
};

/** Sums are kept this long after their period: a request that began before its end may still be settled on it, ms. */
const keepClosedMs = dayMs;
/** The same for tokens, whose window is two minutes long. */
const keepMinutes = 3;
/** One write removes no more. */
const maxClosed = 30;

const isClosed = (attribute: string, nowMs: number): boolean => {
  const [kind, , period = ""] = attribute.split("#");
  if (kind === "tokens") return Number(period) < minuteOf(nowMs) - keepMinutes;
  if (kind !== "budget") return false;
  const endMs = namedPeriodEndMs(period);
  return endMs !== undefined && endMs + keepClosedMs < nowMs;
};

/** Sums of budgets and of tokens whose time is over: the next write removes them. */
export const closedSums = (item: PlainItem, nowMs: number): readonly string[] =>
  Object.keys(item)
    .filter((attribute) => isClosed(attribute, nowMs))
    .slice(0, maxClosed);

import type { UsageQuery } from "../../api/usage.ts";
import { countDays, firstOf, today } from "./days.ts";

/** The filter of the usage page, kept in the address so that a view can be shared and gone back to. */

const maxDays = 366;
export const presets = [
  { days: 1, name: "Today" },
  { days: 7, name: "7 days" },
  { days: 30, name: "30 days" },
  { days: 90, name: "90 days" },
] as const;

/** Why a range cannot be asked for, or undefined when it can. */
export const rangeFault = (from: string, to: string): string | undefined => {
  const days = countDays(from, to);
  if (Number.isNaN(days)) return "Choose both days.";
  if (days < 1) return "The first day must not be after the last.";
  return days > maxDays ? `At most ${maxDays} days can be shown at once.` : undefined;
};

export const fromQuery = (query: URLSearchParams): UsageQuery => {
  const to = query.get("to") ?? today();
  const from = query.get("from") ?? firstOf(30, to);
  const filter = { keyId: query.get("key") ?? "", tag: query.get("tag") ?? "" };
  return rangeFault(from, to) === undefined
    ? { from, to, ...filter }
    : { from: firstOf(30, today()), to: today(), ...filter };
};

export const toQuery = ({ from, to, keyId, tag = "" }: UsageQuery): URLSearchParams =>
  new URLSearchParams({ from, to, ...(keyId === "" ? {} : { key: keyId }), ...(tag === "" ? {} : { tag }) });

/** As many days, right before. */
export const periodBefore = (query: UsageQuery): UsageQuery => {
  const to = firstOf(2, query.from);
  return { ...query, to, from: firstOf(countDays(query.from, query.to), to), tag: "" };
};

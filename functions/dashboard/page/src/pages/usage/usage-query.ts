import type { UsageQuery } from "../../api/usage.ts";
import { countDays, firstOf, today } from "./days.ts";

/** The filter of the usage page, kept in the address so that a view can be shared and gone back to. */

const maxDays = 366;
export const presets = [7, 30, 90] as const;

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
  const keyId = query.get("key") ?? "";
  return rangeFault(from, to) === undefined ? { from, to, keyId } : { from: firstOf(30, today()), to: today(), keyId };
};

export const toQuery = ({ from, to, keyId }: UsageQuery): URLSearchParams =>
  new URLSearchParams({ from, to, ...(keyId === "" ? {} : { key: keyId }) });

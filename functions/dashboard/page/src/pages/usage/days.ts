import { formatDay } from "../../format.ts";

/** UTC days as YYYY-MM-DD: the unit in which usage is counted. */

const dayMs = 86_400_000;

export const toDay = (timeMs: number): string => new Date(timeMs).toISOString().slice(0, 10);
export const today = (): string => toDay(Date.now());

/** The first of `count` days that end with `last`. */
export const firstOf = (count: number, last: string): string => toDay(Date.parse(last) - (count - 1) * dayMs);

/** How many days, both ends counted; 0 or less when they are the wrong way round. NaN for what is no day. */
export const countDays = (from: string, to: string): number => (Date.parse(to) - Date.parse(from)) / dayMs + 1;

/** Every day from one to the other. */
export const eachDay = (from: string, to: string): readonly string[] =>
  Array.from({ length: Math.max(0, countDays(from, to)) }, (_, index) => toDay(Date.parse(from) + index * dayMs));

/** The hours of a day, `2026-11-29T07`. */
export const eachHour = (day: string): readonly string[] =>
  Array.from({ length: 24 }, (_, hour) => `${day}T${String(hour).padStart(2, "0")}`);

/** A day as `3 Nov`, an hour as `07:00`. */
export const formatSlot = (slot: string): string => (slot.includes("T") ? `${slot.slice(11)}:00` : formatDay(slot));

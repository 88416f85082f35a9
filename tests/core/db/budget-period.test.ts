import { describe, expect, it } from "vitest";
import { budgetPeriods, namedPeriodEndMs, periodEndMs, periodName } from "#core/db/budget-period.ts";
import { fc } from "#tests/support/property.ts";

const at = (text: string): number => Date.parse(text);

describe("a budget's period", () => {
  it.each([
    ["day", "2026-11-29T23:59:59.999Z", "2026-11-29", "2026-11-30T00:00:00.000Z"],
    ["day", "2028-02-28T23:59:59.999Z", "2028-02-28", "2028-02-29T00:00:00.000Z"],
    ["day", "2028-02-29T12:00:00Z", "2028-02-29", "2028-03-01T00:00:00.000Z"],
    ["day", "2026-12-31T23:00:00Z", "2026-12-31", "2027-01-01T00:00:00.000Z"],
    ["month", "2028-02-29T23:59:59.999Z", "2028-02", "2028-03-01T00:00:00.000Z"],
    ["month", "2027-02-28T23:59:59.999Z", "2027-02", "2027-03-01T00:00:00.000Z"],
    ["month", "2026-01-31T12:00:00Z", "2026-01", "2026-02-01T00:00:00.000Z"],
    ["month", "2026-12-31T23:59:59.999Z", "2026-12", "2027-01-01T00:00:00.000Z"],
    // ISO 8601: weeks begin on Monday, and belong to the year of their Thursday.
    ["week", "2026-11-29T23:59:59.999Z", "2026-W48", "2026-11-30T00:00:00.000Z"],
    ["week", "2026-11-30T00:00:00Z", "2026-W49", "2026-12-07T00:00:00.000Z"],
    ["week", "2027-01-01T00:00:00Z", "2026-W53", "2027-01-04T00:00:00.000Z"],
    ["week", "2024-12-30T00:00:00Z", "2025-W01", "2025-01-06T00:00:00.000Z"],
    ["week", "2028-02-29T00:00:00Z", "2028-W09", "2028-03-06T00:00:00.000Z"],
  ] as const)("of a %s at %s is %s, until %s", (period, instant, name, end) => {
    expect(periodName(period, at(instant))).toBe(name);
    expect(new Date(periodEndMs(period, at(instant)) ?? 0).toISOString()).toBe(end);
    expect(namedPeriodEndMs(name)).toBe(at(end));
  });

  it("of a total has no end", () => {
    expect(periodName("total", at("2026-11-29"))).toBe("total");
    expect(periodEndMs("total", at("2026-11-29"))).toBeUndefined();
    expect(namedPeriodEndMs("total")).toBeUndefined();
  });

  it("keeps one name until its end, and gets another at that instant, which its name alone tells, at any time", () => {
    const instants = fc.integer({ min: at("2020-01-01"), max: at("2060-01-01") });
    fc.assert(
      fc.property(instants, fc.constantFrom(...budgetPeriods), (ms, period) => {
        const end = periodEndMs(period, ms);
        if (end === undefined) return;
        expect(end).toBeGreaterThan(ms);
        expect(periodName(period, end - 1)).toBe(periodName(period, ms));
        expect(periodName(period, end)).not.toBe(periodName(period, ms));
        expect(namedPeriodEndMs(periodName(period, ms))).toBe(end);
      }),
    );
  });
});

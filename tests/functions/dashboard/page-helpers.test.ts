import { describe, expect, test } from "vitest";
import type { LoggedRequest } from "#functions/dashboard/page/src/api/requests.ts";
import {
  formatAgo,
  formatBytes,
  formatCost,
  formatMs,
  formatShare,
  plural,
} from "#functions/dashboard/page/src/format.ts";
import { providerHealth } from "#functions/dashboard/page/src/pages/status/provider-health.ts";
import { countDays, eachDay, firstOf } from "#functions/dashboard/page/src/pages/usage/days.ts";
import { spread, ticks } from "#functions/dashboard/page/src/pages/usage/scale.ts";
import { fromQuery, rangeFault } from "#functions/dashboard/page/src/pages/usage/usage-query.ts";

describe("money", () => {
  test.each([
    [0, "$0.00"],
    [0.000_012_345, "$0.0000123"],
    [0.0521, "$0.0521"],
    [19.349, "$19.35"],
    [1_234_567.8, "$1,234,567.80"],
    [null, "unknown"],
    [undefined, "unknown"],
  ])("%s is shown as %s", (usd, shown) => {
    expect(formatCost(usd)).toBe(shown);
  });
});

describe("shares and sizes", () => {
  test.each([
    [0, "0 %"],
    [1, "100 %"],
    [0.999_9, "99.9 %"],
    [0.000_1, "0.1 %"],
    [0.951, "95.1 %"],
  ])("a share of %s is %s", (share, shown) => {
    expect(formatShare(share)).toBe(shown);
  });

  test.each([
    [1_234, "1.2 KB"],
    [12_345_678, "12.3 MB"],
  ])("%s bytes are %s", (bytes, shown) => {
    expect(formatBytes(bytes)).toBe(shown);
  });
});

describe("how providers answer", () => {
  const sums = { requests: 10, tokens: 0, cost: 0 };
  const attempt = (provider: string, result: string) => ({
    provider,
    result,
    model: "m",
    httpStatus: null,
    startedMs: null,
    latencyMs: 1,
  });
  const logged = (startedAt: string, ...attempts: readonly ReturnType<typeof attempt>[]) =>
    ({ startedAt, attempts }) as unknown as LoggedRequest;

  test("joins the days' sums with the newest attempts, and blames no provider for its caller", () => {
    const rows = providerHealth(
      {
        openai: { ...sums, generations: 20, errors: 5, latency: { p50Ms: 100, p95Ms: 900 } },
        google: { ...sums, generations: 30, errors: 0 },
      },
      [
        logged("2026-11-29T12:00:00Z", attempt("openai", "server"), attempt("anthropic", "ok")),
        logged("2026-11-29T11:00:00Z", attempt("openai", "timeout")),
        logged("2026-11-29T10:00:00Z", attempt("openai", "ok"), attempt("openai", "aborted")),
        logged("2026-11-29T09:00:00Z", attempt("google", "request")),
      ],
    );
    expect(rows).toEqual([
      {
        provider: "google",
        answers: 30,
        success: 1,
        p50Ms: null,
        p95Ms: null,
        latest: { answered: 0, attempts: 0 },
        lastFailure: undefined,
      },
      {
        provider: "openai",
        answers: 20,
        success: 0.75,
        p50Ms: 100,
        p95Ms: 900,
        latest: { answered: 1, attempts: 3 },
        lastFailure: { result: "server", at: "2026-11-29T12:00:00Z" },
      },
      {
        provider: "anthropic",
        answers: 0,
        success: undefined,
        p50Ms: null,
        p95Ms: null,
        latest: { answered: 1, attempts: 1 },
        lastFailure: undefined,
      },
    ]);
  });
});

describe("times", () => {
  const now = Date.parse("2026-11-22T12:00:00Z");
  test.each([
    [now - 20_000, "just now"],
    [now - 3 * 60_000, "3 minutes ago"],
    [now - 26 * 3_600_000, "yesterday"],
    [now + 3 * 86_400_000, "in 3 days"],
  ])("%s is %s", (time, shown) => {
    expect(formatAgo(time, now)).toBe(shown);
  });

  test.each([
    [842.4, "842 ms"],
    [4_310, "4.31 s"],
    [64_900, "64.9 s"],
    [null, "–"],
  ])("a latency of %s is %s", (ms, shown) => {
    expect(formatMs(ms)).toBe(shown);
  });

  test("one is not many", () => {
    expect([plural(1, "request"), plural(0, "request"), plural(1_000, "request")]).toEqual([
      "1 request",
      "0 requests",
      "1,000 requests",
    ]);
  });
});

describe("a range of days", () => {
  test("has both its ends, over a month, a leap day and summer time", () => {
    expect(eachDay("2028-02-28", "2028-03-01")).toEqual(["2028-02-28", "2028-02-29", "2028-03-01"]);
    expect(countDays("2026-03-01", "2026-03-31")).toBe(31);
    expect(firstOf(30, "2026-03-30")).toBe("2026-03-01");
  });

  test.each([
    ["2026-03-02", "2026-03-01", "The first day must not be after the last."],
    ["2024-01-01", "2026-01-01", "At most 366 days can be shown at once."],
    ["", "2026-01-01", "Choose both days."],
    ["2026-01-01", "2026-12-31", undefined],
  ])("from %s to %s: %s", (from, to, fault) => {
    expect(rangeFault(from, to)).toBe(fault);
  });

  test("in an address that makes no sense is the last 30 days", () => {
    const { from, to } = fromQuery(new URLSearchParams("from=2026-09-09&to=nonsense"));
    expect(countDays(from, to)).toBe(30);
  });
});

describe("an axis", () => {
  test.each([
    [0, [0, 1]],
    [1, [0, 1]],
    [3, [0, 1, 2, 3]],
    [697, [0, 200, 400, 600, 800]],
    [1_000, [0, 250, 500, 750, 1_000]],
  ])("for counts up to %s has the marks %s", (max, marks) => {
    expect(ticks(max, true)).toEqual(marks);
  });

  test("covers any greatest value in at most six marks", () => {
    for (let max = 0.000_01; max < 1e9; max *= 1.37) {
      const marks = ticks(max, false);
      expect(marks.at(-1)).toBeGreaterThanOrEqual(max * (1 - 1e-9));
      expect(marks.length).toBeLessThanOrEqual(6);
    }
  });

  test("names its first and its last day, and some between", () => {
    expect(spread(30, 4)).toEqual([0, 10, 19, 29]);
    expect(spread(2, 8)).toEqual([0, 1]);
    expect(spread(0, 8)).toEqual([]);
  });
});

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  billOf,
  breakEven,
  compare,
  concurrencyOf,
  type Traffic,
  tiered,
  totalOf,
  unkeyPlan,
} from "#infra/commands/cost/bill.ts";
import { idleBill } from "#infra/commands/cost/idle.ts";
import { prices } from "#infra/commands/cost/prices.ts";
import { readUnits, sumOf, writeUnits } from "#infra/commands/cost/request-units.ts";
import { costReport } from "#infra/commands/cost.ts";

const traffic: Traffic = {
  requests: 1e6,
  inputTokens: 1_000,
  outputTokens: 500,
  seconds: 8,
  memoryMb: 1_024,
  peak: 5,
  openRequests: 0,
  cached: 0,
  cacheHits: 0,
  kmsCalls: 0,
  combinations: 10,
};
const containers = { streamsPerTask: 500, minTasks: 2 };

const usdOf = (service: string, changed: Partial<Traffic> = {}): number =>
  billOf({ ...traffic, ...changed }).find((line) => line.service === service)?.usd ?? Number.NaN;

describe("the bill", () => {
  it("pays each tier at its own price", () => {
    const tiers = [
      { upTo: 10, price: 2 },
      { upTo: 30, price: 1 },
      { upTo: Number.POSITIVE_INFINITY, price: 0.5 },
    ];
    expect([0, 10, 20, 40].map((amount) => tiered(amount, tiers))).toEqual([0, 20, 30, 45]);
  });

  it("pays Lambda for every second of a stream at its memory", () => {
    // 1,000,000 × 8.1 s × 1 GB × $0.0000133334, and $0.20 for a million requests.
    expect(usdOf("Lambda")).toBeCloseTo(8.1e6 * 0.0000133334 + 0.2, 6);
    expect(usdOf("Lambda", { memoryMb: 512 })).toBeCloseTo(4.05e6 * 0.0000133334 + 0.2, 6);
  });

  it("pays API Gateway once for every 10 MB of an answer", () => {
    expect(usdOf("API Gateway")).toBeCloseTo(3.5, 6);
    expect(usdOf("API Gateway", { outputTokens: 40_000 })).toBeCloseTo(7, 6);
  });

  it("counts the units of DynamoDB that the design writes and reads", () => {
    // Admission 2, usage and its index 5, the rollup's transaction 4.
    expect(sumOf(writeUnits(traffic))).toBe(11);
    // The key's mark, the provider keys, and the cancel flag at 2, 4, 6 and 8 s.
    expect(sumOf(readUnits(traffic))).toBe(6);
    expect(usdOf("DynamoDB, requests")).toBeCloseTo(11 * 0.625 + 6 * 0.125, 6);
  });

  it("pays more for the admission row of a user with many open requests: a partition takes about 170 of them a second", () => {
    const busy = writeUnits({ ...traffic, openRequests: 19 });
    expect(sumOf(busy) - sumOf(writeUnits(traffic))).toBe(4);
    const unitsOfPartition = 1_000;
    const [taken, given] = busy.map(({ units }) => units);
    expect(Math.round(unitsOfPartition / ((taken ?? 0) + (given ?? 0)))).toBe(167);
  });

  it("counts the cache only where it is used, and a hit stores nothing", () => {
    const miss = { ...traffic, cached: 1 };
    const hit = { ...miss, cacheHits: 1 };
    expect(sumOf(writeUnits(miss)) - sumOf(writeUnits(traffic))).toBe(1 + 7 + 1);
    expect(sumOf(writeUnits(hit)) - sumOf(writeUnits(traffic))).toBe(1);
  });

  it("takes Unkey's smallest plan that holds the requests, and guesses above the largest", () => {
    expect([0, 150e3, 150_001, 1e6, 100e6].map(unkeyPlan)).toEqual([0, 0, 25, 75, 1_000]);
    expect(unkeyPlan(100e6 + 1)).toBeUndefined();
    expect(usdOf("Unkey", { requests: 1e9 })).toBeCloseTo(10_000, 6);
  });

  it("is sorted by what costs most, and its total is its sum", () => {
    const bill = billOf(traffic);
    expect(bill.map(({ usd }) => usd)).toEqual([...bill.map(({ usd }) => usd)].sort((left, right) => right - left));
    expect(totalOf(bill)).toBeCloseTo(
      bill.reduce((sum, { usd }) => sum + usd, 0),
      6,
    );
    expect(bill[0]?.service).toBe("Lambda");
  });

  it("has fixed parts alone when nobody calls", () => {
    const idle = billOf({ ...traffic, requests: 0, combinations: 0 }).filter(({ usd }) => usd > 0);
    expect(idle.map(({ service }) => service).sort()).toEqual([
      "CloudWatch, dashboards and alarms",
      "CloudWatch, metrics",
      "KMS",
      "Lambda, background",
      "WAF",
    ]);
  });

  it("knows how many requests run at once", () => {
    const { mean, peak } = concurrencyOf(traffic);
    expect(mean).toBeCloseTo((1e6 / 2_628_000) * 8.1, 6);
    expect(peak).toBeCloseTo(mean * 5, 6);
  });
});

describe("containers", () => {
  it("cost their tasks, a balancer and two gateways also when nobody calls", () => {
    const { containerUsd, serverlessUsd, tasks } = compare({ ...traffic, requests: 0 }, containers);
    expect(tasks).toBe(2);
    expect(serverlessUsd).toBe(0);
    expect(containerUsd).toBeCloseTo(730 * (2 * (2 * 0.03238 + 4 * 0.00356) + 0.0225 + 2 * 0.045), 6);
  });

  it("are as many as the busiest moment needs", () => {
    const requests = 1e8;
    const { tasks } = compare({ ...traffic, requests }, containers);
    expect(tasks).toBe(Math.ceil(concurrencyOf({ ...traffic, requests }).peak / 500));
  });

  it("are cheaper on one side of the break-even and dearer on the other", () => {
    const even = breakEven(traffic, containers);
    expect(even).toBeDefined();
    const differs = (requests: number): number => {
      const { serverlessUsd, containerUsd } = compare({ ...traffic, requests }, containers);
      return containerUsd - serverlessUsd;
    };
    expect(differs((even ?? 0) - 2_000)).toBeGreaterThan(0);
    expect(differs((even ?? 0) + 2_000)).toBeLessThan(0);
  });

  it("win later when answers are short: what they save is the waiting", () => {
    const short = breakEven({ ...traffic, seconds: 0.5 }, containers) ?? Number.POSITIVE_INFINITY;
    expect(short).toBeGreaterThan(breakEven(traffic, containers) ?? 0);
  });
});

describe("npm run cost -- --idle", () => {
  const totalIdle = (stage: string): number => idleBill(stage).reduce((sum, { usd }) => sum + usd, 0);

  it("shows a developer's stage as its key and nothing else", () => {
    expect(idleBill("alice").filter(({ usd }) => usd > 0)).toEqual([{ service: "KMS, one key", usd: 1 }]);
  });

  it("shows what a permanent stage costs without traffic, as docs/operations/cost.md does", () => {
    const page = readFileSync(join(import.meta.dirname, "../../../docs/operations/cost.md"), "utf8");
    expect(page).toContain(`| **total** | ${totalIdle("production").toFixed(2)} | ${totalIdle("alice").toFixed(2)} |`);
    expect(costReport(["--idle"])).toContain("developer");
  });
});

describe("npm run cost", () => {
  it("prints the dominant term, the comparison and the date of its prices", () => {
    const report = costReport(["--requests", "1e6", "--tokens-out", "500", "--seconds", "8"]);
    expect(report).toContain("Dominant: Lambda");
    expect(report).toMatch(/containers are cheaper from about [\d,]+ requests a month/);
    expect(report).toMatch(/list prices of \d{4}-\d{2}-\d{2}/);
  });

  it("docs/operations/cost.md tells what the command prints today", () => {
    const page = readFileSync(join(import.meta.dirname, "../../../docs/operations/cost.md"), "utf8");
    const report = costReport([]);
    const [, total] = /^Total +\$([\d.,]+)/m.exec(report) ?? [];
    const [, lambda] = /^Lambda +\$([\d.,]+)/m.exec(report) ?? [];
    expect(page).toContain(`**${total}**`);
    expect(page).toContain(`| Lambda | ${lambda} |`);
    const [, even = ""] = /from about ([\d,]+) requests/.exec(report) ?? [];
    expect(page).toContain(`**${(Number(even.replaceAll(",", "")) / 1e6).toFixed(1)} million**`);
  });

  it("lists where each unit of DynamoDB comes from", () => {
    expect(costReport(["--explain"])).toContain("core/db/admission.ts");
  });

  it("refuses what is no number, and a share above 1", () => {
    expect(() => costReport(["--requests", "many"])).toThrow("--requests");
    expect(() => costReport(["--cached", "2"])).toThrow("--cached");
  });

  it("tiers end open, so that no amount falls out", () => {
    for (const tiers of [prices.apiGatewayRequests, prices.lambdaGbSeconds, prices.logsGb, prices.internetGb]) {
      expect(tiers.at(-1)?.upTo).toBe(Number.POSITIVE_INFINITY);
    }
  });
});

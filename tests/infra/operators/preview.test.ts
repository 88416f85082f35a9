import { describe, expect, it } from "vitest";
import { countLines, evaluate, statisticOf, toBuckets } from "#infra/operators/preview/evaluate.ts";
import { readTelemetry } from "#infra/operators/preview/local-metrics.ts";
import { dashboardPage } from "#infra/operators/preview/page.ts";

const start = Date.UTC(2026, 10, 22, 12);

const blob = (secondsLater: number, values: Readonly<Record<string, number>>, model = "gpt-5.2"): string =>
  `concurred-local-ChatCompletions ${JSON.stringify({
    _aws: { Timestamp: start + secondsLater * 1_000, CloudWatchMetrics: [{ Namespace: "Concurred" }] },
    service: "concurred",
    stage: "local",
    route: "ChatCompletions",
    model,
    provider: "openai",
    ...values,
  })}`;

const line = (fields: Readonly<Record<string, unknown>>): string =>
  `concurred-local-ChatCompletions ${JSON.stringify({ message: "request", route: "ChatCompletions", ...fields })}`;

const log = [
  "START RequestId: 1",
  blob(0, { Requests: 1, TimeToFirstTokenMs: 100, CostMicroUsd: 2_000_000 }),
  blob(1, { Requests: 1, Errors: 1, TimeToFirstTokenMs: 300 }, "claude-sonnet-4-5"),
  blob(20, { Requests: 1, TimeToFirstTokenMs: 200 }),
  `x ${JSON.stringify({ _aws: { Timestamp: start, CloudWatchMetrics: [{ Namespace: "Other" }] }, Requests: 9 })}`,
  line({ "error.type": "PROVIDER_ERROR", "http.response.status_code": 502, attempts: ["openai:server", "google:ok"] }),
  line({ "error.type": "<b>", "http.response.status_code": 400 }),
  'x {"cut',
].join("\n");

describe("local telemetry", () => {
  const telemetry = readTelemetry(log);
  const buckets = { startMs: start, lengthMs: 10_000, count: 3 };

  it("is our metrics and canonical lines, and nothing else that a log holds", () => {
    expect(telemetry.points).toHaveLength(3);
    expect(telemetry.lines).toHaveLength(2);
  });

  it("sums in periods, and has a gap where nothing was written", () => {
    const lines = evaluate(
      { kind: "stage", metric: "Requests", statistic: "Sum", label: "Requests" },
      telemetry,
      buckets,
    );
    expect(lines).toEqual([{ label: "Requests", values: [2, undefined, 1] }]);
  });

  it("changes the unit, and shares count only what was written", () => {
    const cost = { kind: "stage", metric: "CostMicroUsd", statistic: "Sum", label: "", divideBy: 1_000_000 } as const;
    expect(evaluate(cost, telemetry, buckets)?.[0]?.values).toEqual([2, undefined, undefined]);
    const share = { kind: "share", part: "Errors", whole: "Requests", label: "" } as const;
    expect(evaluate(share, telemetry, buckets)?.[0]?.values).toEqual([50, undefined, 0]);
    expect(evaluate({ ...share, atLeast: 3 }, telemetry, buckets)?.[0]?.values).toEqual([0, undefined, 0]);
  });

  it("draws a line for each model, the largest first", () => {
    const lines = evaluate({ kind: "grouped", metric: "Requests", statistic: "Sum", by: "model" }, telemetry, buckets);
    expect(lines?.map(({ label }) => label)).toEqual(["gpt-5.2", "claude-sonnet-4-5"]);
  });

  it("leaves to AWS what only AWS writes", () => {
    const throttles = {
      kind: "search",
      namespace: "AWS/Lambda",
      dimensions: [],
      metric: "Throttles",
      matching: "",
      statistic: "Sum",
    } as const;
    expect(evaluate(throttles, telemetry, buckets)).toBeUndefined();
  });

  it("counts what a query would", () => {
    const attempts = countLines(telemetry.lines, ({ attempts: each }) => (Array.isArray(each) ? each.map(String) : []));
    expect(attempts).toEqual([
      ["openai:server", 1],
      ["google:ok", 1],
    ]);
  });

  it("makes a page with every panel, in which no text of a log becomes markup", () => {
    const page = dashboardPage(telemetry);
    expect(page).toContain("Time to first token by model, p90");
    expect(page).toContain("PROVIDER_ERROR · 502 · ChatCompletions");
    expect(page).toContain("&lt;b&gt;");
    expect(page).not.toContain("<b>");
  });

  it("makes a page of an empty log, too", () => {
    expect(dashboardPage(readTelemetry(""))).toContain("no metrics");
  });
});

describe("statistics", () => {
  it("are CloudWatch's", () => {
    const values = [5, 1, 3, 2, 4];
    expect(
      (["Sum", "Average", "Maximum", "SampleCount", "p50", "p90"] as const).map((each) => statisticOf(values, each)),
    ).toEqual([15, 3, 5, 5, 3, 5]);
    expect(statisticOf([], "Sum")).toBeUndefined();
  });

  it("periods are as long as makes about thirty of them", () => {
    const points = [0, 3_600_000].map((later) => ({
      timeMs: start + later,
      dimensions: { route: "r", model: "m", provider: "p" },
      values: {},
    }));
    expect(toBuckets(points)).toEqual({ startMs: start, lengthMs: 300_000, count: 13 });
  });
});

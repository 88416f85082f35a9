import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, it, vi } from "vitest";
import { type MetricName, metricNames, metricNamespace } from "#core/observability/metric-names.ts";
import { flushMetrics, increment } from "#core/observability/metrics.ts";
import { alarms } from "#infra/operators/alarms.ts";
import { dashboards } from "#infra/operators/panels.ts";
import { allDimensions, type Series, serviceName, stageDimensions } from "#infra/operators/series.ts";

const root = join(import.meta.dirname, "../../..");

const metricsOf = (series: Series): readonly string[] => {
  if (series.kind === "share") return [series.part, series.whole];
  return series.kind === "stage" || series.kind === "grouped" || series.kind === "percentile" ? [series.metric] : [];
};

const shown = dashboards.flatMap(({ sections }) =>
  sections.flatMap(({ panels }) =>
    panels.flatMap((panel) =>
      panel.kind === "graph" ? [...panel.series, ...(panel.right ?? [])].flatMap(metricsOf) : [],
    ),
  ),
);
const watched = alarms.flatMap(({ series }) => metricsOf(series));
const names = Object.keys(metricNames) as MetricName[];

const sourcesIn = (folder: string): string =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => readFileSync(join(root, folder, file), "utf8"))
    .join("\n");

afterEach(() => {
  vi.restoreAllMocks();
});

it("every metric of the vocabulary is shown on a dashboard", () => {
  expect(names.filter((name) => !shown.includes(name))).toEqual([]);
});

it("every metric that is shown or watched is one of the vocabulary", () => {
  expect([...shown, ...watched].filter((name) => !(names as string[]).includes(name))).toEqual([]);
});

it("every metric of the vocabulary is written somewhere: a graph of nothing misleads", () => {
  const source = `${sourcesIn("core")}\n${sourcesIn("functions")}`;
  expect(names.filter((name) => !source.includes(`increment("${name}"`))).toEqual([]);
});

it("a metric that the gateway does not write does not compile", () => {
  // @ts-expect-error the name is none of core/observability/metric-names.ts
  const unknown: Series = { kind: "stage", metric: "LatencyMilliseconds", statistic: "Sum", label: "" };
  expect(unknown.kind).toBe("stage");
});

it("values are written under the dimensions that dashboards and alarms read: the stage's, and all of them", () => {
  const written: string[] = [];
  vi.spyOn(process.stdout, "write").mockImplementation((chunk) => {
    written.push(String(chunk));
    return true;
  });
  increment("Requests");
  increment("LatencyMs", 12);
  flushMetrics({ route: "ChatCompletions", model: "gpt-5.2", provider: "openai" });
  // Twice, since an environment writes many blobs.
  increment("Requests");
  flushMetrics({ route: "Models" });
  const blobs = written.filter((line) => line.includes('"_aws"')).map((line) => JSON.parse(line) as unknown);
  expect(blobs).toHaveLength(2);
  for (const blob of blobs) {
    expect(blob).toMatchObject({
      _aws: {
        CloudWatchMetrics: [{ Namespace: metricNamespace, Dimensions: [[...stageDimensions], [...allDimensions]] }],
      },
      service: serviceName,
      stage: "test",
    });
  }
});

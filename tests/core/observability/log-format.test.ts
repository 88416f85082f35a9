import { Logger } from "@aws-lambda-powertools/logger";
import { Metrics } from "@aws-lambda-powertools/metrics";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { metricNamespace } from "#core/observability/metric-names.ts";
import { flushMetrics, increment } from "#core/observability/metrics.ts";

let logger: typeof import("#core/observability/logger.ts")["logger"];
let written: { readonly stdout: string[]; readonly stderr: string[] };

beforeEach(async () => {
  vi.stubEnv("LOG_LEVEL", "INFO");
  vi.resetModules();
  ({ logger } = await import("#core/observability/logger.ts"));
  vi.useFakeTimers({ now: Date.UTC(2026, 10, 29, 12), toFake: ["Date"] });
  vi.stubEnv("_X_AMZN_TRACE_ID", "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1");
  vi.stubEnv("POWERTOOLS_DEV", "false");
  written = { stdout: [], stderr: [] };
  for (const name of ["stdout", "stderr"] as const) {
    vi.spyOn(process[name], "write").mockImplementation((chunk) => {
      written[name].push(String(chunk));
      return true;
    });
  }
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

const taken = () => {
  const lines = { stdout: written.stdout.splice(0).join(""), stderr: written.stderr.splice(0).join("") };
  for (const text of Object.values(lines)) expect(text === "" || text.endsWith("}\n")).toBe(true);
  return lines;
};

const parsed = (text: string): unknown => (text === "" ? undefined : JSON.parse(text));

describe("a log line", () => {
  const theirs = () => new Logger({ serviceName: "concurred", logLevel: "INFO" });
  const fields = {
    text: "a\nb",
    count: 2,
    big: 2n ** 70n,
    none: null,
    missing: undefined,
    list: ["a"],
    nested: { a: 1 },
  };

  it.each(["info", "warn", "error"] as const)("of %s is Powertools', on the same stream", (level) => {
    theirs()[level]("message", fields);
    const expected = taken();
    logger[level]("message", fields);
    const ours = taken();
    for (const stream of ["stdout", "stderr"] as const) {
      const line = parsed(expected[stream]) as Record<string, unknown> | undefined;
      // Powertools' own sampling, which nothing here uses, and null fields, which it drops.
      if (line !== undefined) {
        delete line.sampling_rate;
        line.none = null;
      }
      expect(parsed(ours[stream])).toEqual(line);
    }
  });

  it("below the stage's level is not written", () => {
    logger.debug("message");
    expect(taken()).toEqual({ stdout: "", stderr: "" });
  });

  it("keeps its own level, message, time and service whatever the fields are", () => {
    logger.warn("message", { level: "x", message: "x", timestamp: "x", service: "x", xray_trace_id: "x" });
    expect(parsed(taken().stderr)).toEqual({
      level: "WARN",
      message: "message",
      timestamp: "2026-11-29T12:00:00.000Z",
      service: "concurred",
      xray_trace_id: "1-5759e988-bd862e3fe1be46a994272793",
    });
  });

  it("of many lines is one line, whatever its texts hold", () => {
    logger.info("a\nb\u2028c", { text: "\r\n{}" });
    expect(taken().stdout.match(/\n/g)).toHaveLength(1);
  });
});

describe("a blob of metrics", () => {
  it("is not written without metrics, as by Powertools", () => {
    flushMetrics({ route: "before" });
    taken();
    // Powertools warns about it, on the other stream.
    new Metrics({ namespace: metricNamespace, serviceName: "concurred" }).publishStoredMetrics();
    flushMetrics({ route: "PollJobs" });
    expect(written.stdout).toEqual([]);
  });

  it("is Powertools'", () => {
    const metrics = new Metrics({
      namespace: metricNamespace,
      serviceName: "concurred",
      defaultDimensions: { stage: "test" },
    });
    metrics.addDimensions({});
    metrics.addDimensions({ route: "ChatCompletions", model: "gpt-5.2", provider: "none" });
    metrics.addMetric("Requests", "Count", 3);
    metrics.addMetric("LatencyMs", "Milliseconds", 12);
    metrics.publishStoredMetrics();
    const expected = parsed(taken().stdout);
    flushMetrics({ route: "before" });
    taken();
    increment("Requests");
    increment("Requests", 2);
    increment("LatencyMs", 12);
    flushMetrics({ route: "ChatCompletions", model: "gpt-5.2" });
    expect(parsed(taken().stdout)).toEqual(expected);
  });
});

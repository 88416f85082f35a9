import {
  accountFunctionSeries,
  apiSeries,
  backgroundSeries,
  deadLetterSeries,
  functionSeries,
  tableSeries,
} from "./aws-series.ts";
import type { AwsSeries, SingleSeries } from "./series.ts";

/** The alarms, as data. Each has a runbook: docs/operations/runbooks.md has a heading of the same name, and a test holds that. */

/** Where runbooks are, seen from the repository's root: alarm descriptions point there. */
export const runbooks = "docs/operations/runbooks.md";

const minute = 60;
const hour = 3_600;

export interface AlarmDefinition {
  /** Anchor of its runbook and end of its name. */
  readonly id: string;
  /** What is wrong when it rings, in one sentence. */
  readonly says: string;
  readonly series: SingleSeries;
  readonly comparison: ">" | "<" | "above-expected";
  /** In the unit of the series; for `above-expected`, the width of the band in standard deviations. */
  readonly threshold: number;
  readonly periodSeconds: number;
  /** Periods that are looked at, and how many of them have to be over the threshold. */
  readonly periods: number;
  readonly periodsToAlarm: number;
  /** Silence is good news except from what has to run anyway. */
  readonly silence: "good" | "bad";
}

type AlarmOptions = Omit<AlarmDefinition, "comparison" | "silence" | "periodsToAlarm"> &
  Partial<Pick<AlarmDefinition, "comparison" | "silence" | "periodsToAlarm">>;

const alarm = (options: AlarmOptions): AlarmDefinition => ({
  comparison: ">",
  silence: "good",
  periodsToAlarm: options.periods,
  ...options,
});

const summed = (label: string, parts: readonly AwsSeries[]): SingleSeries => ({ kind: "aws-sum", parts, label });

export const alarms = [
  alarm({
    id: "error-rate",
    says: "More than 5 % of requests end with a 5xx of ours.",
    series: { kind: "share", part: "Errors", whole: "Requests", label: "5xx %", atLeast: 20 },
    threshold: 5,
    periodSeconds: 5 * minute,
    periods: 2,
  }),
  alarm({
    id: "api-server-errors",
    says: "API Gateway itself answers 5xx: functions that time out, crash or do not start write no line of their own.",
    series: apiSeries("5XXError", "Average", "5xx share"),
    threshold: 0.05,
    periodSeconds: 5 * minute,
    periods: 2,
  }),
  alarm({
    id: "unkey-unavailable",
    says: "Unkey does not answer: known keys go on for ten minutes, all others get 503.",
    series: { kind: "stage", metric: "UnkeyUnavailable", statistic: "Sum", label: "Verifications without Unkey" },
    threshold: 5,
    periodSeconds: minute,
    periods: 3,
    periodsToAlarm: 2,
  }),
  alarm({
    id: "function-throttles",
    says: "Lambda turns invocations away: the account's or a function's concurrency is used up.",
    series: accountFunctionSeries("Throttles", "Sum", "Throttled invocations"),
    threshold: 0,
    periodSeconds: minute,
    periods: 5,
    periodsToAlarm: 2,
  }),
  alarm({
    id: "provider-failures",
    says: "More than 20 % of calls to providers fail.",
    series: { kind: "share", part: "ProviderFailures", whole: "Attempts", label: "Failed calls %", atLeast: 20 },
    threshold: 20,
    periodSeconds: 5 * minute,
    periods: 3,
    periodsToAlarm: 2,
  }),
  alarm({
    id: "slow-first-token",
    says: "One of ten answers takes more than 20 s to its first token.",
    series: { kind: "stage", metric: "TimeToFirstTokenMs", statistic: "p90", label: "Time to first token, p90" },
    threshold: 20_000,
    periodSeconds: 5 * minute,
    periods: 3,
  }),
  alarm({
    id: "gateway-overhead",
    says: "One of twenty requests waits more than 500 ms for the gateway itself.",
    series: { kind: "stage", metric: "GatewayOverheadMs", statistic: "p95", label: "Overhead, p95" },
    threshold: 500,
    periodSeconds: 5 * minute,
    periods: 3,
  }),
  alarm({
    id: "table-write-throttles",
    says: "DynamoDB turns writes away.",
    series: summed("Throttled writes", tableSeries("WriteThrottleEvents", "Sum")),
    threshold: 0,
    periodSeconds: minute,
    periods: 5,
    periodsToAlarm: 3,
  }),
  alarm({
    id: "table-read-throttles",
    says: "DynamoDB turns reads away.",
    series: summed("Throttled reads", tableSeries("ReadThrottleEvents", "Sum")),
    threshold: 0,
    periodSeconds: minute,
    periods: 5,
    periodsToAlarm: 3,
  }),
  alarm({
    id: "rollup-lag",
    says: "Usage is summed up more than 10 minutes late.",
    series: { kind: "stage", metric: "RollupLagMs", statistic: "Maximum", label: "Rollup lag" },
    threshold: 10 * minute * 1_000,
    periodSeconds: 5 * minute,
    periods: 2,
  }),
  alarm({
    id: "rollup-stuck",
    says: "The rollup does not get on with the usage table's stream, which keeps its records for 24 hours.",
    series: functionSeries("UsageRollup", "IteratorAge", "Maximum", "Age of the oldest record"),
    threshold: 30 * minute * 1_000,
    periodSeconds: 5 * minute,
    periods: 2,
  }),
  alarm({
    id: "dead-letters",
    says: "Usage events that the rollup gave up wait in the queue of dead letters.",
    series: deadLetterSeries("ApproximateNumberOfMessagesVisible", "Maximum", "Dead letters"),
    threshold: 0,
    periodSeconds: 5 * minute,
    periods: 1,
  }),
  alarm({
    id: "background-errors",
    says: "The rollup, the sweeper, the poller of jobs or the worker of deliveries fails.",
    series: summed("Failed runs", backgroundSeries("Errors", "Sum")),
    threshold: 2,
    periodSeconds: 5 * minute,
    periods: 2,
  }),
  alarm({
    id: "sweeper-silent",
    says: "The sweeper, due every minute, has not run for 15 minutes.",
    series: functionSeries("SweepUsage", "Invocations", "Sum", "Runs"),
    comparison: "<",
    threshold: 1,
    periodSeconds: 5 * minute,
    periods: 3,
    silence: "bad",
  }),
  alarm({
    id: "poller-silent",
    says: "The poller of jobs, due every minute, has not run for 15 minutes: jobs that nobody asks for are not settled.",
    series: functionSeries("PollJobs", "Invocations", "Sum", "Runs"),
    comparison: "<",
    threshold: 1,
    periodSeconds: 5 * minute,
    periods: 3,
    silence: "bad",
  }),
  alarm({
    id: "deliveries-silent",
    says: "The worker of deliveries, due every minute, has not run for 15 minutes: webhooks wait.",
    series: functionSeries("SendDeliveries", "Invocations", "Sum", "Runs"),
    comparison: "<",
    threshold: 1,
    periodSeconds: 5 * minute,
    periods: 3,
    silence: "bad",
  }),
  alarm({
    id: "abandoned-requests",
    says: "Functions are killed before they settle their usage: the sweeper settles it, estimated.",
    series: { kind: "stage", metric: "AbandonedRequests", statistic: "Sum", label: "Abandoned requests" },
    threshold: 10,
    periodSeconds: 15 * minute,
    periods: 1,
  }),
  alarm({
    id: "orphaned-leases",
    says: "Users run into places that killed requests still hold.",
    series: { kind: "stage", metric: "OrphanedLeases", statistic: "Sum", label: "Orphaned leases" },
    threshold: 10,
    periodSeconds: 15 * minute,
    periods: 1,
  }),
  alarm({
    id: "unpriced-requests",
    says: "Answers of models whose price the catalogue does not know: their cost is null.",
    series: { kind: "stage", metric: "UnpricedRequests", statistic: "Sum", label: "Unpriced requests" },
    threshold: 20,
    periodSeconds: hour,
    periods: 1,
  }),
  alarm({
    id: "cost-anomaly",
    says: "Providers' cost of an hour is far above what the last two weeks lead to expect.",
    series: { kind: "stage", metric: "CostMicroUsd", statistic: "Sum", label: "Cost, micro-dollars" },
    comparison: "above-expected",
    threshold: 4,
    periodSeconds: hour,
    periods: 2,
    periodsToAlarm: 1,
  }),
  alarm({
    id: "cost-ceiling",
    says: "Providers' cost of an hour is over 200 dollars: a limit that does not need two weeks of history.",
    series: { kind: "stage", metric: "CostMicroUsd", statistic: "Sum", label: "Cost, micro-dollars" },
    threshold: 200 * 1_000_000,
    periodSeconds: hour,
    periods: 1,
  }),
] as const satisfies readonly AlarmDefinition[];

export type AlarmId = (typeof alarms)[number]["id"];

/** What people are told: one message for one fault, however many alarms it rings. */
export interface CompositeDefinition {
  readonly id: string;
  readonly says: string;
  readonly anyOf: readonly AlarmId[];
  /** While one of these rings, it keeps still: they say the same louder. */
  readonly unless?: readonly AlarmId[];
}

export const composites = [
  {
    id: "callers-see-errors",
    says: "Callers get errors. Act now.",
    anyOf: ["error-rate", "api-server-errors", "unkey-unavailable", "function-throttles"],
  },
  {
    id: "answers-are-worse",
    says: "Callers are served, but late or by their fallbacks.",
    anyOf: [
      "provider-failures",
      "slow-first-token",
      "gateway-overhead",
      "table-write-throttles",
      "table-read-throttles",
    ],
    unless: ["error-rate", "api-server-errors"],
  },
  {
    id: "usage-is-behind",
    says: "Usage is not summed up or not settled. No caller notices; the stream forgets after 24 hours.",
    anyOf: [
      "rollup-lag",
      "rollup-stuck",
      "dead-letters",
      "background-errors",
      "sweeper-silent",
      "poller-silent",
      "deliveries-silent",
      "abandoned-requests",
      "orphaned-leases",
    ],
  },
  {
    id: "money-is-at-risk",
    says: "Cost is out of the ordinary, or not counted.",
    anyOf: ["cost-anomaly", "cost-ceiling", "unpriced-requests"],
  },
] as const satisfies readonly CompositeDefinition[];

export type CompositeId = (typeof composites)[number]["id"];

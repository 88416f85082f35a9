import {
  accountFunctionSeries,
  apiSeries,
  backgroundSeries,
  deadLetterSeries,
  functionSeries,
  tableSeries,
} from "./aws-series.ts";
import { share, stage } from "./own-series.ts";
import type { AwsSeries, SingleSeries } from "./series.ts";

/** The alarms, as data. Each has a runbook of the same name in docs/operations/runbooks.md; a test checks that. */

/** Path of the runbooks from the repository's root, for the descriptions of alarms. */
export const runbooks = "docs/operations/runbooks.md";

const minute = 60;
const hour = 3_600;

export interface AlarmDefinition {
  /** Anchor of its runbook and end of its name. */
  readonly id: string;
  /** What is wrong while it is active, in one sentence. */
  readonly says: string;
  readonly series: SingleSeries;
  readonly comparison: ">" | "<" | "above-expected";
  /** In the unit of the series; for `above-expected`, the width of the band in standard deviations. */
  readonly threshold: number;
  readonly periodSeconds: number;
  /** How many periods are evaluated, and how many of them must breach the threshold. */
  readonly periods: number;
  readonly periodsToAlarm: number;
  /** How missing data counts: as healthy, except for what must run at all times. */
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
    says: "More than 5 % of requests end with a 5xx from the gateway.",
    series: share("Errors", "Requests", "5xx %", 20),
    threshold: 5,
    periodSeconds: 5 * minute,
    periods: 2,
  }),
  alarm({
    id: "api-server-errors",
    says: "API Gateway answers 5xx: functions time out, crash, do not start or are throttled, and log no request.",
    series: apiSeries("5XXError", "Average", "5xx share"),
    threshold: 0.05,
    periodSeconds: 5 * minute,
    periods: 2,
  }),
  alarm({
    id: "unkey-unavailable",
    says: "Unkey does not answer: keys verified in the last ten minutes still work, all others get 503.",
    series: stage("UnkeyUnavailable", "Sum", "Verifications without Unkey"),
    threshold: 5,
    periodSeconds: minute,
    periods: 3,
    periodsToAlarm: 2,
  }),
  alarm({
    id: "function-throttles",
    says: "Lambda throttles invocations: the account's or a function's concurrency is exhausted.",
    series: accountFunctionSeries("Throttles", "Sum", "Throttled invocations"),
    threshold: 0,
    periodSeconds: minute,
    periods: 5,
    periodsToAlarm: 2,
  }),
  alarm({
    id: "provider-failures",
    says: "More than 20 % of calls to providers fail.",
    series: share("ProviderFailures", "Attempts", "Failed calls %", 20),
    threshold: 20,
    periodSeconds: 5 * minute,
    periods: 3,
    periodsToAlarm: 2,
  }),
  alarm({
    id: "slow-first-token",
    says: "One in ten answers takes more than 20 s to its first token.",
    series: stage("TimeToFirstTokenMs", "p90", "Time to first token, p90"),
    threshold: 20_000,
    periodSeconds: 5 * minute,
    periods: 3,
  }),
  alarm({
    id: "gateway-overhead",
    says: "One in twenty requests spends more than 500 ms in the gateway itself.",
    series: stage("GatewayOverheadMs", "p95", "Overhead, p95"),
    threshold: 500,
    periodSeconds: 5 * minute,
    periods: 3,
  }),
  alarm({
    id: "table-write-throttles",
    says: "DynamoDB throttles writes.",
    series: summed("Throttled writes", tableSeries("WriteThrottleEvents", "Sum")),
    threshold: 0,
    periodSeconds: minute,
    periods: 5,
    periodsToAlarm: 3,
  }),
  alarm({
    id: "table-read-throttles",
    says: "DynamoDB throttles reads.",
    series: summed("Throttled reads", tableSeries("ReadThrottleEvents", "Sum")),
    threshold: 0,
    periodSeconds: minute,
    periods: 5,
    periodsToAlarm: 3,
  }),
  alarm({
    id: "rollup-lag",
    says: "Usage is added to the daily sums more than 10 minutes late.",
    series: stage("RollupLagMs", "Maximum", "Rollup lag"),
    threshold: 10 * minute * 1_000,
    periodSeconds: 5 * minute,
    periods: 2,
  }),
  alarm({
    id: "rollup-stuck",
    says: "The rollup makes no progress on the usage table's stream, which keeps records for 24 hours.",
    series: functionSeries("UsageRollup", "IteratorAge", "Maximum", "Age of the oldest record"),
    threshold: 30 * minute * 1_000,
    periodSeconds: 5 * minute,
    periods: 2,
  }),
  alarm({
    id: "dead-letters",
    says: "Usage events that the rollup could not process are in the dead-letter queue.",
    series: deadLetterSeries("UsageRollup", "ApproximateNumberOfMessagesVisible", "Maximum", "Dead letters"),
    threshold: 0,
    periodSeconds: 5 * minute,
    periods: 1,
  }),
  alarm({
    id: "exports-stuck",
    says: "Exports make no progress on the usage table's stream; after six hours requests are left out.",
    series: functionSeries("ExportUsage", "IteratorAge", "Maximum", "Age of the oldest record"),
    threshold: 30 * minute * 1_000,
    periodSeconds: 5 * minute,
    periods: 2,
  }),
  alarm({
    id: "export-dead-letters",
    says: "Requests that could not be exported within six hours are in the dead-letter queue.",
    series: deadLetterSeries("ExportUsage", "ApproximateNumberOfMessagesVisible", "Maximum", "Dead letters of exports"),
    threshold: 0,
    periodSeconds: 5 * minute,
    periods: 1,
  }),
  alarm({
    id: "export-failures",
    says: "Batches of requests could not be exported for a fault that no retry changes, or could not be read.",
    series: stage("ExportFailures", "Sum", "Failed batches"),
    threshold: 0,
    periodSeconds: 15 * minute,
    periods: 1,
  }),
  alarm({
    id: "dead-deliveries",
    says: "Webhooks or exports were given up after a day of attempts.",
    series: stage("DeadDeliveries", "Sum", "Deliveries given up"),
    threshold: 50,
    periodSeconds: hour,
    periods: 1,
  }),
  alarm({
    id: "content-failures",
    says: "Prompts and answers of keys that record them could not be kept or exported. Requests are not affected.",
    series: stage("ContentFailures", "Sum", "Records that are missing"),
    threshold: 5,
    periodSeconds: 15 * minute,
    periods: 1,
  }),
  alarm({
    id: "delivery-backlog",
    says: "Webhooks and exports are begun more than ten minutes after they are due.",
    series: stage("DeliveryLagMs", "Maximum", "Lag of deliveries"),
    threshold: 10 * minute * 1_000,
    periodSeconds: 5 * minute,
    periods: 2,
  }),
  alarm({
    id: "background-errors",
    says: "The rollup, the sweeper, the poller of jobs, exports, deliveries or the deletion of accounts fails.",
    series: summed("Failed runs", backgroundSeries("Errors", "Sum")),
    threshold: 2,
    periodSeconds: 5 * minute,
    periods: 2,
  }),
  alarm({
    id: "sweeper-silent",
    says: "The sweeper should run every minute and has not run for 15 minutes.",
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
    id: "deletions-silent",
    says: "The deletion of accounts, due every minute, has not run for 15 minutes.",
    series: functionSeries("DeleteAccounts", "Invocations", "Sum", "Runs"),
    comparison: "<",
    threshold: 1,
    periodSeconds: 5 * minute,
    periods: 3,
    silence: "bad",
  }),
  alarm({
    id: "abandoned-requests",
    says: "Functions are killed before they settle their usage; the sweeper settles it with an estimate.",
    series: stage("AbandonedRequests", "Sum", "Abandoned requests"),
    threshold: 10,
    periodSeconds: 15 * minute,
    periods: 1,
  }),
  alarm({
    id: "orphaned-leases",
    says: "Users reach their limit of open requests because killed requests still hold leases.",
    series: stage("OrphanedLeases", "Sum", "Orphaned leases"),
    threshold: 10,
    periodSeconds: 15 * minute,
    periods: 1,
  }),
  alarm({
    id: "budget-alerts",
    says: "Budget alerts are not delivered. Budgets are still enforced.",
    series: stage("BudgetAlertFailures", "Sum", "Failed alerts"),
    threshold: 1,
    periodSeconds: 15 * minute,
    periods: 1,
  }),
  alarm({
    id: "unpriced-requests",
    says: "Models without a price in the catalogue answer requests; their cost is null.",
    series: stage("UnpricedRequests", "Sum", "Unpriced requests"),
    threshold: 20,
    periodSeconds: hour,
    periods: 1,
  }),
  alarm({
    id: "cost-anomaly",
    says: "The providers' cost of an hour is far above the expectation from the last two weeks.",
    series: stage("CostMicroUsd", "Sum", "Cost, micro-dollars"),
    comparison: "above-expected",
    threshold: 4,
    periodSeconds: hour,
    periods: 2,
    periodsToAlarm: 1,
  }),
  alarm({
    id: "cost-ceiling",
    says: "The providers' cost of an hour exceeds 200 dollars.",
    series: stage("CostMicroUsd", "Sum", "Cost, micro-dollars"),
    threshold: 200 * 1_000_000,
    periodSeconds: hour,
    periods: 1,
  }),
] as const satisfies readonly AlarmDefinition[];

export type AlarmId = (typeof alarms)[number]["id"];

/** What sends messages: one message per fault, however many alarms it triggers. */
export interface CompositeDefinition {
  readonly id: string;
  readonly says: string;
  readonly anyOf: readonly AlarmId[];
  /** While one of these is active, it is suppressed: they report the same fault as more severe. */
  readonly unless?: readonly AlarmId[];
}

export const composites = [
  {
    id: "callers-see-errors",
    says: "Callers get errors.",
    anyOf: ["error-rate", "api-server-errors", "unkey-unavailable", "function-throttles"],
  },
  {
    id: "answers-are-worse",
    says: "Callers are served late or by fallbacks.",
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
    says: "Usage is not settled, added to the daily sums or exported, or webhooks wait or are given up. API responses are not affected.",
    anyOf: [
      "rollup-lag",
      "rollup-stuck",
      "dead-letters",
      "exports-stuck",
      "export-dead-letters",
      "export-failures",
      "dead-deliveries",
      "content-failures",
      "delivery-backlog",
      "background-errors",
      "sweeper-silent",
      "poller-silent",
      "deliveries-silent",
      "deletions-silent",
      "abandoned-requests",
      "orphaned-leases",
      "budget-alerts",
    ],
  },
  {
    id: "money-is-at-risk",
    says: "Cost is unusual or not counted.",
    anyOf: ["cost-anomaly", "cost-ceiling", "unpriced-requests"],
  },
] as const satisfies readonly CompositeDefinition[];

export type CompositeId = (typeof composites)[number]["id"];

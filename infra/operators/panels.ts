import {
  accountFunctionSeries,
  apiSeries,
  backgroundSeries,
  deadLetterSeries,
  everyFunction,
  everyTable,
  firewallSeries,
  functionSeries,
  kmsCalls,
} from "./aws-series.ts";
import { by, each, share, stage } from "./own-series.ts";
import type { LogSource, QueryId } from "./queries.ts";
import type { Series } from "./series.ts";

/** The two dashboards, as data: what callers get, and the AWS services behind it. */

export interface GraphPanel {
  readonly kind: "graph";
  readonly title: string;
  /** Unit of the left axis. */
  readonly unit: string;
  readonly periodSeconds: number;
  readonly series: readonly Series[];
  /** Lines against a second axis. */
  readonly right?: readonly Series[];
}

/** A table with the result of a saved query. */
export interface LogPanel {
  readonly kind: "log";
  readonly title: string;
  readonly query: QueryId;
  /** Instead of the query's own. */
  readonly source?: LogSource;
}

export interface Section {
  readonly title: string;
  readonly panels: readonly (GraphPanel | LogPanel)[];
}

export interface DashboardDefinition {
  /** End of its name: `concurred-<stage>-<id>`. */
  readonly id: string;
  readonly title: string;
  readonly sections: readonly Section[];
}

const fiveMinutes = 300;
const hour = 3_600;
const micro = 1_000_000;

const graph = (
  title: string,
  unit: string,
  series: readonly Series[],
  options: { readonly periodSeconds?: number; readonly right?: readonly Series[] } = {},
): GraphPanel => ({ kind: "graph", title, unit, periodSeconds: fiveMinutes, series, ...options });

const requests: DashboardDefinition = {
  id: "requests",
  title: "What callers get",
  sections: [
    {
      title: "Traffic",
      panels: [
        graph("Requests", "requests", [stage("Requests", "Sum", "Requests"), stage("Errors", "Sum", "5xx")], {
          right: [share("Errors", "Requests", "5xx %")],
        }),
        graph("Requests by route", "requests", [by("route", "Requests")]),
        graph("Requests by model", "requests", [by("model", "Requests")]),
      ],
    },
    {
      title: "Latency",
      panels: [
        graph("Time to first token", "ms", [
          stage("TimeToFirstTokenMs", "p50", "p50"),
          stage("TimeToFirstTokenMs", "p90", "p90"),
          stage("TimeToFirstTokenMs", "p99", "p99"),
        ]),
        graph("Time to first token by model, p90", "ms", [each("TimeToFirstTokenMs", "p90")]),
        graph("Whole requests by model, p90", "ms", [each("LatencyMs", "p90")]),
        graph("Overhead of the gateway", "ms", [
          stage("GatewayOverheadMs", "p50", "p50"),
          stage("GatewayOverheadMs", "p95", "p95"),
          stage("GatewayOverheadMs", "p99", "p99"),
        ]),
        graph("Time to the first byte at API Gateway", "ms", [
          apiSeries("IntegrationLatency", "p50", "Integration, p50"),
          apiSeries("Latency", "p99", "Whole, p99"),
        ]),
      ],
    },
    {
      title: "Errors and providers",
      panels: [
        { kind: "log", title: "Errors of generating routes by code", query: "ErrorsByCode", source: "generating" },
        { kind: "log", title: "Calls to providers by result", query: "AttemptsByProvider" },
        graph("Failed calls by the provider that finally served", "calls", [by("provider", "ProviderFailures")]),
        graph(
          "Fallbacks and retries",
          "calls",
          [stage("Fallbacks", "Sum", "Fallbacks"), stage("ProviderFailures", "Sum", "Failed calls")],
          { right: [stage("Attempts", "Average", "Calls a generation")] },
        ),
        graph("Unkey unavailable", "requests", [stage("UnkeyUnavailable", "Sum", "Verified without Unkey")]),
      ],
    },
    {
      title: "Tokens and cost",
      panels: [
        graph(
          "Tokens an hour",
          "tokens",
          [stage("InputTokens", "Sum", "Input"), stage("OutputTokens", "Sum", "Output")],
          { periodSeconds: hour },
        ),
        graph("Cost an hour", "USD", [stage("CostMicroUsd", "Sum", "Cost", micro)], { periodSeconds: hour }),
        graph("Cost an hour by model", "USD", [by("model", "CostMicroUsd", "Sum", micro)], { periodSeconds: hour }),
        graph("Answers without a price", "requests", [by("model", "UnpricedRequests")]),
        graph("Cache hits", "requests", [stage("CacheHits", "Sum", "Hits")], {
          right: [share("CacheHits", "Requests", "Hits %")],
        }),
      ],
    },
  ],
};

const platform: DashboardDefinition = {
  id: "platform",
  title: "AWS services",
  sections: [
    {
      title: "API Gateway and firewall",
      panels: [
        graph("Answers", "requests", [
          apiSeries("Count", "Sum", "All"),
          apiSeries("4XXError", "Sum", "4xx"),
          apiSeries("5XXError", "Sum", "5xx"),
        ]),
        graph("Firewall", "requests", [
          firewallSeries("BlockedRequests", "Blocked"),
          firewallSeries("CountedRequests", "Counted"),
        ]),
        { kind: "log", title: "Errors of API Gateway and the firewall", query: "EdgeErrors" },
      ],
    },
    {
      title: "Lambda",
      panels: [
        graph("Throttles", "invocations", [everyFunction("Throttles", "Sum")]),
        graph("Failed invocations", "invocations", [everyFunction("Errors", "Sum")]),
        graph("Concurrency of the account", "executions", [
          accountFunctionSeries("ConcurrentExecutions", "Maximum", "Running"),
          accountFunctionSeries("ClaimedAccountConcurrency", "Maximum", "Running or reserved"),
        ]),
        graph("Cold starts by route", "starts", [by("route", "ColdStarts")]),
        graph("Cold starts", "starts", [stage("ColdStarts", "Sum", "Cold starts")], {
          right: [share("ColdStarts", "Requests", "Of requests %")],
        }),
      ],
    },
    {
      title: "DynamoDB and KMS",
      panels: [
        graph("Written", "units", [everyTable("ConsumedWriteCapacityUnits", "Sum")]),
        graph("Read", "units", [everyTable("ConsumedReadCapacityUnits", "Sum")]),
        graph("Throttled", "events", [
          everyTable("WriteThrottleEvents", "Sum"),
          everyTable("ReadThrottleEvents", "Sum"),
        ]),
        graph("Calls of KMS, whole account", "calls", [kmsCalls]),
      ],
    },
    {
      title: "Usage",
      panels: [
        graph("Rollup lag", "ms", [
          stage("RollupLagMs", "Maximum", "Lag"),
          functionSeries("UsageRollup", "IteratorAge", "Maximum", "Age of the stream"),
        ]),
        graph("Runs", "runs", [
          ...backgroundSeries("Invocations", "Sum"),
          ...backgroundSeries("Errors", "Sum", ", failed"),
        ]),
        graph("Dead letters", "messages", [
          deadLetterSeries("UsageRollup", "ApproximateNumberOfMessagesVisible", "Maximum", "Of the sums"),
          deadLetterSeries("ExportUsage", "ApproximateNumberOfMessagesVisible", "Maximum", "Of exports"),
        ]),
        graph("Killed requests", "requests", [
          stage("AbandonedRequests", "Sum", "Settled by the sweeper"),
          stage("OrphanedLeases", "Sum", "Leases cleared"),
        ]),
        graph("Budgets of API keys", "requests", [
          stage("BudgetRefusals", "Sum", "Refused with 402"),
          stage("BudgetAlertFailures", "Sum", "Alerts that failed"),
        ]),
        graph("Lag of exports and deliveries", "ms", [
          functionSeries("ExportUsage", "IteratorAge", "Maximum", "Age of the stream"),
          stage("DeliveryLagMs", "Maximum", "Deliveries overdue"),
        ]),
        graph("Exports and deliveries that failed", "deliveries", [
          stage("DeadDeliveries", "Sum", "Given up"),
          stage("ExportFailures", "Sum", "Batches not exported"),
          stage("ContentFailures", "Sum", "Prompts not recorded or exported"),
        ]),
      ],
    },
  ],
};

export const dashboards: readonly DashboardDefinition[] = [requests, platform];

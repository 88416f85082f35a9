import type { MetricName } from "#core/observability/metric-names.ts";
import type { BackgroundId, RouteId } from "#core/routes.ts";
import type { TableId } from "#core/tables.ts";

/**
 * What dashboards and alarms display, as data without the CDK: `stack.ts` turns it into CloudWatch resources, and the preview
 * evaluates the gateway's metrics locally. A metric that core/observability does not define is a type error.
 */

/** A name known only to the deployment. infra/deploy.ts passes each of them to the stack. */
export type DeployedName =
  | "StageName"
  | "ApiName"
  | "AccessLogGroupName"
  | "FirewallName"
  | `${RouteId | "NotFound" | BackgroundId}FunctionName`
  | `${BackgroundId}DeadLettersName`
  | `${Capitalize<TableId>}TableName`;

/** The value of a dimension: a fixed text, or a name from the deployment. */
export type DimensionValue = string | { readonly deployed: DeployedName | "Region" };

export type Aggregate = "Sum" | "Average" | "Maximum";
export type Percentile = `p${number}`;

/** One of our metrics over the whole stage. */
export interface StageSeries {
  readonly kind: "stage";
  readonly metric: MetricName;
  readonly statistic: Aggregate | Percentile | "SampleCount";
  readonly label: string;
  /** Divides each value, for another unit: 1,000,000 turns micro-dollars into dollars. */
  readonly divideBy?: number;
}

/** One of our metrics, a line for each model, provider or route: the ten largest. */
export interface GroupedSeries {
  readonly kind: "grouped";
  readonly metric: MetricName;
  readonly statistic: Aggregate;
  readonly by: GroupDimension;
  readonly divideBy?: number;
}

/** A percentile of one of our metrics, a line for each route, model and provider: percentiles cannot be added up. */
export interface PercentileSeries {
  readonly kind: "percentile";
  readonly metric: MetricName;
  readonly statistic: Percentile;
}

/** One of our metrics in percent of another. */
export interface ShareSeries {
  readonly kind: "share";
  readonly part: MetricName;
  readonly whole: MetricName;
  readonly label: string;
  /** With fewer of the whole, the share is 0, so that one failure of two requests at night triggers nothing. */
  readonly atLeast?: number;
}

/** A metric that AWS publishes. */
export interface AwsSeries {
  readonly kind: "aws";
  readonly namespace: `AWS/${string}`;
  readonly metric: string;
  readonly dimensions: Readonly<Record<string, DimensionValue>>;
  readonly statistic: Aggregate | Percentile;
  readonly label: string;
}

/** The sum of metrics that AWS publishes: at most ten, the limit of an alarm. */
export interface AwsSumSeries {
  readonly kind: "aws-sum";
  readonly parts: readonly AwsSeries[];
  readonly label: string;
}

/** Every AWS metric that a search finds, such as one for each function of the stage. */
export interface SearchSeries {
  readonly kind: "search";
  readonly namespace: `AWS/${string}`;
  readonly dimensions: readonly string[];
  readonly metric: string;
  /** What else has to match; `<stage>` becomes the stage's name. */
  readonly matching: string;
  readonly statistic: Aggregate;
}

/** What an alarm can watch: one line. */
export type SingleSeries = StageSeries | ShareSeries | AwsSeries | AwsSumSeries;
export type Series = SingleSeries | GroupedSeries | PercentileSeries | SearchSeries;

export const groupDimensions = ["route", "model", "provider"] as const;
export type GroupDimension = (typeof groupDimensions)[number];

/** Written as `service` with each metric (core/observability/logger.ts). */
export const serviceName = "concurred";

/** Dimensions of the sums over a whole stage, and of each route, model and provider: core/observability writes both. */
export const stageDimensions = ["service", "stage"] as const;
export const allDimensions = [...stageDimensions, ...groupDimensions] as const;

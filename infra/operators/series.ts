import type { MetricName } from "#core/observability/metric-names.ts";
import type { BackgroundId, RouteId } from "#core/routes.ts";
import type { TableId } from "#core/tables.ts";

/**
 * What the operators' dashboards and alarms look at, as data without the CDK: `stack.ts` makes CloudWatch resources of it,
 * and the preview evaluates the gateway's own part of it over local metrics. A metric that core/observability does not
 * have is a type error here.
 */

/** A name that only the deployment knows. infra/deploy.ts gives the stack each of them. */
export type DeployedName =
  | "StageName"
  | "ApiName"
  | "AccessLogGroupName"
  | "FirewallName"
  | `${RouteId | "NotFound" | BackgroundId}FunctionName`
  | `${BackgroundId}DeadLettersName`
  | `${Capitalize<TableId>}TableName`;

/** A dimension's value: a fixed text, or a name that the deployment fills in. */
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
  /** Below so many of the whole the share is 0: one failure of two requests in the night wakes nobody. */
  readonly atLeast?: number;
}

/** A metric that AWS writes. */
export interface AwsSeries {
  readonly kind: "aws";
  readonly namespace: `AWS/${string}`;
  readonly metric: string;
  readonly dimensions: Readonly<Record<string, DimensionValue>>;
  readonly statistic: Aggregate | Percentile;
  readonly label: string;
}

/** The sum of metrics that AWS writes: at most ten, as an alarm allows. */
export interface AwsSumSeries {
  readonly kind: "aws-sum";
  readonly parts: readonly AwsSeries[];
  readonly label: string;
}

/** Every metric of AWS that a search finds, such as one for each function whose name begins alike. */
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

/** What Powertools writes as `service`. */
export const serviceName = "concurred";

/** Dimensions of the sums over a whole stage, and of each route, model and provider: core/observability writes both. */
export const stageDimensions = ["service", "stage"] as const;
export const allDimensions = [...stageDimensions, ...groupDimensions] as const;

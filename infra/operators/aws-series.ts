import { type BackgroundId, backgroundFunctions, type RouteId } from "#core/routes.ts";
import { type TableId, tables } from "#core/tables.ts";
import type { Aggregate, AwsSeries, DeployedName, Percentile, SearchSeries } from "./series.ts";

/** Metrics that AWS publishes, under the documented names and dimensions. */

type Statistic = Aggregate | Percentile;

const aws = (
  namespace: AwsSeries["namespace"],
  dimensions: AwsSeries["dimensions"],
  metric: string,
  statistic: Statistic,
  label: string,
): AwsSeries => ({ kind: "aws", namespace, metric, dimensions, statistic, label });

/** API Gateway, over the whole stage. Source: API Gateway developer guide, "Metrics and dimensions". */
export const apiSeries = (metric: string, statistic: Statistic, label: string): AwsSeries =>
  aws(
    "AWS/ApiGateway",
    { ApiName: { deployed: "ApiName" }, Stage: { deployed: "StageName" } },
    metric,
    statistic,
    label,
  );

/** One function. Source: Lambda developer guide, "Types of metrics for Lambda functions". */
export const functionSeries = (
  id: RouteId | BackgroundId,
  metric: string,
  statistic: Statistic,
  label: string,
): AwsSeries => aws("AWS/Lambda", { FunctionName: { deployed: `${id}FunctionName` } }, metric, statistic, label);

/** One metric of each function that no path reaches. */
export const backgroundSeries = (metric: string, statistic: Statistic, suffix = ""): readonly AwsSeries[] =>
  backgroundFunctions.map(({ id }) => functionSeries(id, metric, statistic, `${id}${suffix}`));

/** All functions of the account in this region: concurrency is the account's. */
export const accountFunctionSeries = (metric: string, statistic: Statistic, label: string): AwsSeries =>
  aws("AWS/Lambda", {}, metric, statistic, label);

const tableIds = Object.keys(tables) as TableId[];
/** The parameter of a table's name: infra/deploy.ts builds it from the same list. */
const tableParameter = (id: TableId): DeployedName =>
  `${tables[id].resource}Name` satisfies `${Capitalize<TableId>}TableName`;

/** One metric of every table. Source: DynamoDB developer guide, "DynamoDB metrics and dimensions". */
export const tableSeries = (metric: string, statistic: Aggregate): readonly AwsSeries[] =>
  tableIds.map((id) =>
    aws("AWS/DynamoDB", { TableName: { deployed: tableParameter(id) } }, metric, statistic, tables[id].resource),
  );

/** The dead-letter queue of a function that a stream feeds. */
export const deadLetterSeries = (
  id: "UsageRollup" | "ExportUsage",
  metric: string,
  statistic: Aggregate,
  label: string,
): AwsSeries => aws("AWS/SQS", { QueueName: { deployed: `${id}DeadLettersName` } }, metric, statistic, label);

/** The firewall, all its rules. Source: WAF developer guide, "Metrics and dimensions". */
export const firewallSeries = (metric: string, label: string): AwsSeries =>
  aws(
    "AWS/WAFV2",
    { WebACL: { deployed: "FirewallName" }, Region: { deployed: "Region" }, Rule: "ALL" },
    metric,
    "Sum",
    label,
  );

// Words, not an exact name: a search matches the parts of `concurred-<stage>-…`, as SST and we name things.
const ofThisStage = "concurred <stage>";

/** One metric of every function of the stage. */
export const everyFunction = (metric: string, statistic: Aggregate): SearchSeries => ({
  kind: "search",
  namespace: "AWS/Lambda",
  dimensions: ["FunctionName"],
  metric,
  matching: ofThisStage,
  statistic,
});

/** One metric of every table of the stage. */
export const everyTable = (metric: string, statistic: Aggregate): SearchSeries => ({
  kind: "search",
  namespace: "AWS/DynamoDB",
  dimensions: ["TableName"],
  metric,
  matching: ofThisStage,
  statistic,
});

/** Calls of KMS by operation, over the account: KMS has no metrics of a single key's use. */
export const kmsCalls: SearchSeries = {
  kind: "search",
  namespace: "AWS/Usage",
  dimensions: ["Class", "Resource", "Service", "Type"],
  metric: "CallCount",
  matching: 'Service="KMS"',
  statistic: "Sum",
};

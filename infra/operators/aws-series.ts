import { type BackgroundId, backgroundFunctions, type RouteId } from "#core/routes.ts";
import { type TableId, tables } from "#core/tables.ts";
import type { Aggregate, AwsSeries, DeployedName, Percentile, SearchSeries } from "./series.ts";

/** Metrics that AWS writes by itself, under the names and dimensions of its documentation. */

type Statistic = Aggregate | Percentile;

/** API Gateway, over the whole stage. Source: API Gateway developer guide, "Metrics and dimensions". */
export const apiSeries = (metric: string, statistic: Statistic, label: string): AwsSeries => ({
  kind: "aws",
  namespace: "AWS/ApiGateway",
  metric,
  dimensions: { ApiName: { deployed: "ApiName" }, Stage: { deployed: "StageName" } },
  statistic,
  label,
});

/** One function. Source: Lambda developer guide, "Types of metrics for Lambda functions". */
export const functionSeries = (
  id: RouteId | BackgroundId,
  metric: string,
  statistic: Statistic,
  label: string,
): AwsSeries => ({
  kind: "aws",
  namespace: "AWS/Lambda",
  metric,
  dimensions: { FunctionName: { deployed: `${id}FunctionName` } },
  statistic,
  label,
});

/** One metric of each function that no path reaches. */
export const backgroundSeries = (metric: string, statistic: Statistic, suffix = ""): readonly AwsSeries[] =>
  backgroundFunctions.map(({ id }) => functionSeries(id, metric, statistic, `${id}${suffix}`));

/** All functions of the account in this region: concurrency is the account's. */
export const accountFunctionSeries = (metric: string, statistic: Statistic, label: string): AwsSeries => ({
  kind: "aws",
  namespace: "AWS/Lambda",
  metric,
  dimensions: {},
  statistic,
  label,
});

const tableIds = Object.keys(tables) as TableId[];
/** The parameter of a table's name: infra/deploy.ts builds it from the same list. */
const tableParameter = (id: TableId): DeployedName =>
  `${tables[id].resource}Name` satisfies `${Capitalize<TableId>}TableName`;

/** One metric of every table. Source: DynamoDB developer guide, "DynamoDB metrics and dimensions". */
export const tableSeries = (metric: string, statistic: Aggregate): readonly AwsSeries[] =>
  tableIds.map((id) => ({
    kind: "aws",
    namespace: "AWS/DynamoDB",
    metric,
    dimensions: { TableName: { deployed: tableParameter(id) } },
    statistic,
    label: tables[id].resource,
  }));

/** The queue of what the rollup could not read. */
export const deadLetterSeries = (metric: string, statistic: Aggregate, label: string): AwsSeries => ({
  kind: "aws",
  namespace: "AWS/SQS",
  metric,
  dimensions: { QueueName: { deployed: "UsageRollupDeadLettersName" } },
  statistic,
  label,
});

/** The firewall, all its rules. Source: WAF developer guide, "Metrics and dimensions". */
export const firewallSeries = (metric: string, label: string): AwsSeries => ({
  kind: "aws",
  namespace: "AWS/WAFV2",
  metric,
  dimensions: { WebACL: { deployed: "FirewallName" }, Region: { deployed: "Region" }, Rule: "ALL" },
  statistic: "Sum",
  label,
});

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

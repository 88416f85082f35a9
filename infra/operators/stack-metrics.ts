import { Duration } from "aws-cdk-lib";
import { type IMetric, MathExpression, Metric } from "aws-cdk-lib/aws-cloudwatch";
import { metricNamespace } from "#core/observability/metric-names.ts";
import {
  type AwsSeries,
  allDimensions,
  type GroupedSeries,
  type Series,
  type ShareSeries,
  type SingleSeries,
  type StageSeries,
  serviceName,
} from "./series.ts";
import type { StackNames } from "./stack-names.ts";

/** The lines that a group shows at most. */
const largest = 10;

/** Turns series into metrics of the CDK. */
export class StackMetrics {
  readonly #names: StackNames;
  readonly #labelled: boolean;
  /** Every expression and its parts need ids of their own within a graph. */
  #ids = 0;

  /** Alarms need no labels, and are written shorter without. */
  constructor(names: StackNames, { labelled = true } = {}) {
    this.#names = names;
    this.#labelled = labelled;
  }

  #label(label: string | undefined): { readonly label?: string } {
    return label === undefined || !this.#labelled ? {} : { label };
  }

  of(series: Series, periodSeconds: number): IMetric {
    switch (series.kind) {
      case "grouped":
        return this.#grouped(series, periodSeconds);
      case "percentile":
        return this.#search(
          `{${metricNamespace},${allDimensions.join(",")}} MetricName="${series.metric}" stage="${this.#names.stage}"`,
          series.statistic,
          periodSeconds,
        );
      case "search": {
        const matching = series.matching.replace("<stage>", this.#names.stage);
        return this.#search(
          `{${[series.namespace, ...series.dimensions].join(",")}} MetricName="${series.metric}" ${matching}`,
          series.statistic,
          periodSeconds,
        );
      }
      default:
        return this.single(series, periodSeconds);
    }
  }

  /** What an alarm watches. */
  single(series: SingleSeries, periodSeconds: number): Metric | MathExpression {
    switch (series.kind) {
      case "stage":
        return this.#stage(series, periodSeconds);
      case "share":
        return this.#share(series, periodSeconds);
      case "aws":
        return this.#aws(series, periodSeconds);
      case "aws-sum":
        return this.#sum(series.parts, series.label, periodSeconds);
    }
  }

  #id(): string {
    return `m${this.#ids++}`;
  }

  #math(expression: string, parts: Readonly<Record<string, IMetric>>, label: string, periodSeconds: number) {
    return new MathExpression({
      expression,
      usingMetrics: { ...parts },
      ...this.#label(label),
      period: Duration.seconds(periodSeconds),
    });
  }

  #ofStage(metric: string, statistic: string, periodSeconds: number, label?: string): Metric {
    return new Metric({
      namespace: metricNamespace,
      metricName: metric,
      dimensionsMap: { service: serviceName, stage: this.#names.stage },
      statistic,
      period: Duration.seconds(periodSeconds),
      ...this.#label(label),
    });
  }

  #stage({ metric, statistic, label, divideBy }: StageSeries, periodSeconds: number): Metric | MathExpression {
    if (divideBy === undefined) return this.#ofStage(metric, statistic, periodSeconds, label);
    const id = this.#id();
    return this.#math(
      `${id}/${divideBy}`,
      { [id]: this.#ofStage(metric, statistic, periodSeconds) },
      label,
      periodSeconds,
    );
  }

  #share({ part, whole, label, atLeast = 1 }: ShareSeries, periodSeconds: number): MathExpression {
    const [few, all] = [this.#id(), this.#id()];
    return this.#math(
      // A part that nobody wrote in a period counts as 0 of the whole.
      `IF(${all}>=${atLeast},100*FILL(${few},0)/${all},0)`,
      { [few]: this.#ofStage(part, "Sum", periodSeconds), [all]: this.#ofStage(whole, "Sum", periodSeconds) },
      label,
      periodSeconds,
    );
  }

  #aws({ namespace, metric, dimensions, statistic, label }: AwsSeries, periodSeconds: number): Metric {
    const values = Object.entries(dimensions).map(([name, value]) => [name, this.#names.valueOf(value)] as const);
    return new Metric({
      namespace,
      metricName: metric,
      dimensionsMap: Object.fromEntries(values),
      statistic,
      period: Duration.seconds(periodSeconds),
      ...this.#label(label),
    });
  }

  #sum(parts: readonly AwsSeries[], label: string, periodSeconds: number): MathExpression {
    const metrics = Object.fromEntries(parts.map((part) => [this.#id(), this.#aws(part, periodSeconds)]));
    const filled = Object.keys(metrics).map((id) => `FILL(${id},0)`);
    // Not a chain of `+`: where one side has no point, that has none either.
    return this.#math(`SUM([${filled.join(",")}])`, metrics, label, periodSeconds);
  }

  #grouped({ metric, statistic, by, divideBy }: GroupedSeries, periodSeconds: number): MathExpression {
    const aggregate = { Sum: "SUM", Average: "AVG", Maximum: "MAX" }[statistic];
    const query =
      `SELECT ${aggregate}(${metric}) FROM SCHEMA(${metricNamespace}, ${allDimensions.join(", ")}) ` +
      `WHERE stage = '${this.#names.stage}' GROUP BY ${by} ORDER BY ${aggregate}() DESC LIMIT ${largest}`;
    const selected = this.#math(query, {}, divideBy === undefined ? "" : "selected", periodSeconds);
    if (divideBy === undefined) return selected;
    const id = this.#id();
    return this.#math(`${id}/${divideBy}`, { [id]: selected }, "", periodSeconds);
  }

  #search(what: string, statistic: string, periodSeconds: number): MathExpression {
    return this.#math(`SEARCH('${what}', '${statistic}', ${periodSeconds})`, {}, "", periodSeconds);
  }
}

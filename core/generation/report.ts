import { toUsd } from "#core/catalog/cost.ts";
import type { RequestContext } from "#core/context.ts";
import type { AttemptRecord, UsageStatus } from "#core/db/usage-events.ts";
import { loggableError, logger } from "#core/observability/logger.ts";
import { increment } from "#core/observability/metrics.ts";
import type { ProviderOutcome } from "#core/providers/provider.ts";
import type { GenerationCost } from "./unanswered-cost.ts";
import type { MeteredModel } from "./usage-row.ts";

/** The facts of a finished generation that go into the request's log line and metrics. */
export interface GenerationReport {
  readonly operation: "chat" | "embeddings" | "media";
  readonly asked: MeteredModel;
  readonly served: MeteredModel;
  /** The catalogue's name of the served model, or undefined: a free-form name must never be a metric's dimension. */
  readonly listedModel: string | undefined;
  readonly outcome: Pick<ProviderOutcome, "responseModel" | "finishReason"> | undefined;
  /** Undefined while a job has not ended. */
  readonly cost: GenerationCost | undefined;
  readonly units: { readonly unit: string; readonly units: number } | undefined;
  readonly status: UsageStatus | "open";
  readonly streamed: boolean;
  readonly cache: "HIT" | "MISS" | "BYPASS";
  readonly byok: boolean;
  readonly attempts: readonly AttemptRecord[];
  readonly timeToFirstTokenMs: number | undefined;
}

const rounded = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : Math.round(ms));

const countMetrics = ({ cost, cache, attempts, timeToFirstTokenMs, units }: GenerationReport): void => {
  increment("Attempts", attempts.length);
  if (cache === "HIT") increment("CacheHits");
  if (timeToFirstTokenMs !== undefined) increment("TimeToFirstTokenMs", Math.round(timeToFirstTokenMs));
  if (cost === undefined) return;
  if (units === undefined) {
    increment("InputTokens", cost.usage.inputTokens);
    increment("OutputTokens", cost.usage.outputTokens);
  }
  if (cost.costPicoUsd === undefined) increment("UnpricedRequests");
  else increment("CostMicroUsd", Number(cost.costPicoUsd / 1_000_000n));
};

const tokenFields = ({ cost, units, outcome }: GenerationReport) =>
  units !== undefined || cost === undefined
    ? { usage_unit: units?.unit, usage_units: units?.units }
    : {
        "gen_ai.response.model": outcome?.responseModel?.slice(0, 200),
        "gen_ai.response.finish_reasons": outcome?.finishReason === undefined ? undefined : [outcome.finishReason],
        "gen_ai.usage.input_tokens": cost.usage.inputTokens,
        "gen_ai.usage.output_tokens": cost.usage.outputTokens,
        "gen_ai.usage.cache_read.input_tokens": cost.usage.cachedInputTokens,
        "gen_ai.usage.reasoning.output_tokens": cost.usage.reasoningTokens,
        usage_estimated: cost.usage.estimated,
      };

/** Puts a generation's facts on the request's log line and metrics. */
export const reportGeneration = (context: RequestContext, report: GenerationReport): void => {
  const { asked, served, status, cost, attempts, timeToFirstTokenMs } = report;
  context.metricModel = report.listedModel ?? "other";
  context.metricProvider = served.provider;
  countMetrics(report);
  Object.assign(context.log, {
    "gen_ai.operation.name": report.operation,
    "gen_ai.provider.name": served.provider,
    "gen_ai.request.model": asked.id,
    ...tokenFields(report),
    usage_status: status,
    cost_usd: cost?.costPicoUsd === undefined ? null : toUsd(cost.costPicoUsd),
    streamed: report.streamed,
    byok: report.byok,
    cache: report.cache,
    attempts: attempts.map(({ provider, result }) => `${provider}:${result}`),
    time_to_first_token_ms: rounded(timeToFirstTokenMs),
  });
};

/** Logs the cause of an error after the status line: it is sent in the stream, and nobody else would log it. */
export const reportLateError = ({ requestId, route }: RequestContext, error: unknown): void =>
  logger.error("Unexpected error in a stream", { requestId, route: route.id, error: loggableError(error) });

/** Content that could not be recorded, of a request that is not to fail for it. */
export const reportContentFailure =
  ({ requestId }: RequestContext) =>
  (error: unknown): void => {
    increment("ContentFailures");
    logger.warn("Content could not be recorded", { requestId, error: loggableError(error) });
  };

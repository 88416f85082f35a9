import { toUsd } from "#core/catalog/cost.ts";
import type { ResolvedModel } from "#core/catalog/resolve.ts";
import type { TokenUsage } from "#core/catalog/token-usage.ts";
import type { RequestContext } from "#core/context.ts";
import type { AttemptRecord, UsageStatus } from "#core/db/usage-events.ts";
import { loggableError, logger } from "#core/observability/logger.ts";
import { increment } from "#core/observability/metrics.ts";
import type { ProviderOutcome } from "#core/providers/provider.ts";

/** What a finished generation tells its log line and its metrics. */
export interface GenerationReport {
  readonly operation: "chat" | "embeddings";
  readonly asked: ResolvedModel;
  readonly served: ResolvedModel;
  readonly outcome: Pick<ProviderOutcome, "responseModel" | "finishReason"> | undefined;
  readonly usage: TokenUsage;
  readonly status: UsageStatus;
  readonly costPicoUsd: bigint | undefined;
  readonly streamed: boolean;
  readonly cache: "HIT" | "MISS" | "BYPASS";
  readonly byok: boolean;
  readonly attempts: readonly AttemptRecord[];
  readonly timeToFirstTokenMs: number | undefined;
}

const rounded = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : Math.round(ms));

/** Puts a generation's facts on the request's log line and metrics. A model's name is a dimension only when the catalogue has it. */
export const reportGeneration = (context: RequestContext, report: GenerationReport): void => {
  const { asked, served, outcome, usage, status, costPicoUsd, attempts, timeToFirstTokenMs } = report;
  context.metricModel = served.catalog?.id ?? "other";
  context.metricProvider = served.provider;
  increment("Attempts", attempts.length);
  increment("InputTokens", usage.inputTokens);
  increment("OutputTokens", usage.outputTokens);
  if (report.cache === "HIT") increment("CacheHits");
  if (timeToFirstTokenMs !== undefined) increment("TimeToFirstTokenMs", Math.round(timeToFirstTokenMs));
  if (costPicoUsd === undefined) increment("UnpricedRequests");
  else increment("CostMicroUsd", Number(costPicoUsd / 1_000_000n));
  Object.assign(context.log, {
    "gen_ai.operation.name": report.operation,
    "gen_ai.provider.name": served.provider,
    "gen_ai.request.model": asked.id,
    "gen_ai.response.model": outcome?.responseModel?.slice(0, 200),
    "gen_ai.response.finish_reasons": outcome?.finishReason === undefined ? undefined : [outcome.finishReason],
    "gen_ai.usage.input_tokens": usage.inputTokens,
    "gen_ai.usage.output_tokens": usage.outputTokens,
    "gen_ai.usage.cache_read.input_tokens": usage.cachedInputTokens,
    "gen_ai.usage.reasoning.output_tokens": usage.reasoningTokens,
    usage_status: status,
    usage_estimated: usage.estimated,
    cost_usd: costPicoUsd === undefined ? null : toUsd(costPicoUsd),
    streamed: report.streamed,
    byok: report.byok,
    cache: report.cache,
    attempts: attempts.map(({ provider, result }) => `${provider}:${result}`),
    time_to_first_token_ms: rounded(timeToFirstTokenMs),
  });
};

/** Logs what broke a stream after its status line: it is told in the stream, so that nobody else would log it. */
export const reportLateError = ({ requestId, route }: RequestContext, error: unknown): void =>
  logger.error("Unexpected error in a stream", { requestId, route: route.id, error: loggableError(error) });

import { increment } from "#core/observability/metrics.ts";

export interface AnswerFacts {
  /** `performance.now()` at which the request began. */
  readonly startedAt: number;
  /** How long of that the provider took, ms. */
  readonly providerMs: number;
  readonly model: string;
  readonly provider: string;
  readonly simulated: boolean;
  readonly cache: "HIT" | "MISS" | "BYPASS";
  readonly attempts: number;
  /** What was clamped or dropped of the request. */
  readonly warnings: readonly string[];
}

/** The headers of an answer: who served it, and what that took. The gateway's own time is a metric, too. */
export const answerHeaders = (facts: AnswerFacts): Record<string, string> => {
  const { startedAt, providerMs, model, provider, simulated, cache, attempts, warnings } = facts;
  const overheadMs = performance.now() - startedAt - providerMs;
  increment("GatewayOverheadMs", Math.round(overheadMs));
  return {
    "x-model-used": model,
    "x-provider-used": simulated ? `${provider} (simulated)` : provider,
    "x-cache": cache,
    "x-gateway-overhead-ms": overheadMs.toFixed(1),
    "x-attempts": String(attempts),
    ...(warnings.length === 0 ? {} : { "x-warnings": warnings.join(", ") }),
  };
};

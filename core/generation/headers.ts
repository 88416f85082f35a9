import { increment } from "#core/observability/metrics.ts";

export interface ServedFacts {
  /** `performance.now()` at which the request began. */
  readonly startedAt: number;
  /** The provider's part of the time since then, ms. */
  readonly providerMs: number;
  readonly model: string;
  readonly provider: string;
  readonly simulated: boolean;
  readonly attempts: number;
  /** Fields of the request that were clamped or dropped. */
  readonly warnings?: readonly string[];
  readonly cache?: "HIT" | "MISS" | "BYPASS";
}

/** `X-Provider-Used`: a stand-in says that it is one. */
export const providerUsed = (provider: string, simulated: boolean): string =>
  simulated ? `${provider} (simulated)` : provider;

/** The headers that name what served a request and how long it took. The gateway's own time is also a metric. */
export const servedHeaders = (facts: ServedFacts): Record<string, string> => {
  const { warnings = [], cache } = facts;
  const overheadMs = Math.max(0, performance.now() - facts.startedAt - facts.providerMs);
  increment("GatewayOverheadMs", Math.round(overheadMs));
  return {
    "x-model-used": facts.model,
    "x-provider-used": providerUsed(facts.provider, facts.simulated),
    ...(cache === undefined ? {} : { "x-cache": cache }),
    "x-gateway-overhead-ms": overheadMs.toFixed(1),
    "x-attempts": String(facts.attempts),
    ...(warnings.length === 0 ? {} : { "x-warnings": warnings.join(", ") }),
  };
};

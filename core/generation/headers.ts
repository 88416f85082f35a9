import { shutdownWarning } from "#core/catalog/shutdown.ts";
import { increment } from "#core/observability/metrics.ts";
import type { MeteredModel } from "./usage-row.ts";

export interface ServedFacts {
  /** `performance.now()` at which the request began. */
  readonly startedAt: number;
  /** The provider's part of the time since then, ms. */
  readonly providerMs: number;
  readonly model: MeteredModel;
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
  const { model, cache } = facts;
  const ending = shutdownWarning(model.catalog ?? model);
  const warnings = [...(facts.warnings ?? []), ...(ending === undefined ? [] : [ending])];
  const overheadMs = Math.max(0, performance.now() - facts.startedAt - facts.providerMs);
  increment("GatewayOverheadMs", Math.round(overheadMs));
  return {
    "x-model-used": model.id,
    "x-provider-used": providerUsed(model.provider, facts.simulated),
    ...(cache === undefined ? {} : { "x-cache": cache }),
    "x-gateway-overhead-ms": overheadMs.toFixed(1),
    "x-attempts": String(facts.attempts),
    ...(warnings.length === 0 ? {} : { "x-warnings": warnings.join(", ") }),
  };
};

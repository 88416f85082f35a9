import { join } from "node:path";
import type { DependenciesReady } from "./dependencies.ts";
import type { GatewayInput, GatewayReady } from "./gateway.ts";
import { BenchProcess } from "./process.ts";
import type { ProviderReady } from "./provider.ts";

/** No limit and no cap of ours may be what is measured. */
const settings = {
  RATE_LIMIT_SCALE: "1000000",
  MAX_OPEN_REQUESTS: "10000",
  DAILY_SPEND_CAP_USD: "1000000000",
  OPENAI_API_KEY: "bench-key",
  ANTHROPIC_API_KEY: "bench-key",
} as const;

const idleMs = 600_000;

/** The gateway's process in front of the fake provider, with its limits out of the way. */
export const startGateway = (
  provider: ProviderReady,
  dependencies: DependenciesReady,
  {
    env,
    ...options
  }: Pick<GatewayInput, "maxWorkers" | "minify"> & {
    readonly idleMs?: number;
    readonly env?: Readonly<Record<string, string>>;
  },
  /** Root of another checkout whose gateway is measured. */
  checkout?: string,
): Promise<BenchProcess<GatewayReady>> =>
  BenchProcess.start<GatewayReady>(
    "gateway",
    { dependencies, idleMs, ...options } satisfies GatewayInput,
    { ...settings, OPENAI_BASE_URL: provider.url, ANTHROPIC_BASE_URL: provider.url.replace(/\/v1$/, ""), ...env },
    [],
    checkout === undefined ? undefined : join(checkout, "tests/bench/processes"),
  );

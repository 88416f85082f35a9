import { ApiError, exchange, toApiError } from "./request.ts";

/** The gateway's deep health check. */

export const dependencies = ["dynamodb", "kms", "unkey", "supabase"] as const;
export type Dependency = (typeof dependencies)[number];

export interface Check {
  readonly status: "ok" | "down";
  readonly latencyMs: number;
}

export interface Health {
  readonly status: "ok" | "degraded";
  readonly version: string;
  readonly checks: Readonly<Record<Dependency, Check>>;
}

const parse = (text: string): Partial<Health> => {
  try {
    return JSON.parse(text) as Partial<Health>;
  } catch {
    return {};
  }
};

/** Degraded is an answer too, with status 503. */
export const readHealth = async (signal: AbortSignal): Promise<Health> => {
  const { response, text } = await exchange("health?deep=1", { signal });
  const health = parse(text);
  if (health.checks !== undefined) return health as Health;
  throw response.ok ? new ApiError("The health check has no result.") : toApiError(response, text);
};

import type { RequestContext } from "#core/context.ts";
import type { GatewayError } from "#core/errors.ts";
import type { ProviderOutcome } from "#core/providers/provider.ts";
import type { TargetModel } from "#core/routing/target.ts";
import type { TargetTries } from "#core/routing/try-targets.ts";
import type { Caller } from "./caller.ts";
import type { CallMoney, PaidAttempt } from "./paid-call.ts";
import type { RequestScope } from "./request-scope.ts";
import type { Charge } from "./settlement.ts";
import type { MeteredModel } from "./usage-row.ts";

/** What a generation is given: how it starts, what it tries, and how it ended. */

export interface GenerationOptions {
  readonly call: RequestContext;
  readonly caller: Caller;
  readonly scope: RequestScope;
  readonly operation: "chat" | "embeddings" | "media";
  /** How the client asked, where it could have asked otherwise. */
  readonly dialect?: string | undefined;
  /** The first model that may serve. */
  readonly asked: MeteredModel;
  /** As the caller named it. */
  readonly askedModel?: string | undefined;
  readonly streamed: boolean;
  readonly reservePicoUsd: bigint;
  /** UTC day on which the request is booked. */
  readonly day: string;
  /** Position among the generations of a run, from 0. Absent for a request of one. */
  readonly numberInRun?: number;
  /** Unix ms and `performance.now()` at which it began, unless with its request. */
  readonly startedAtMs?: number;
  readonly startedAt?: number;
  /** Whether the caller's own key will pay, as far as it is known before round 2. */
  readonly byok?: boolean;
  /** How long the usage row may stay open, ms: a job's row outlives the request that started it. */
  readonly openForMs?: number;
}

/** Keeps what was asked and answered. `wasSent`: a provider was asked. */
export type KeepContent = (wasSent: boolean) => Promise<void>;

/** What is tried, and how. The generation adds its time and keeps the records. */
export interface AttemptPlan<Model extends TargetModel, Reply>
  extends Pick<TargetTries<Model, Reply>, "targets" | "retries" | "mayRetry"> {
  /** Makes one call to the provider. @throws ProviderFailure, or GatewayError 400 when this model cannot take the request */
  readonly call: (attempt: PaidAttempt<Model>) => Promise<Reply>;
  /** What its calls may cost. Absent where the request's own reservation is for its only call. */
  readonly money?: CallMoney<Model>;
  /** How many of the targets are fallbacks that the caller named. */
  readonly namedFallbacks?: number;
  readonly hasTools?: boolean;
  readonly until?: EarlierEnd | undefined;
}

/** Ends a generation before its request ends. */
export interface EarlierEnd {
  readonly signal: AbortSignal;
  /** Why the signal fired, as the caller sees it. */
  readonly reason: () => GatewayError;
}

/** How a generation ended, as far as only its endpoint knows. */
export interface GenerationEnd extends Pick<Charge, "usage" | "unitCost"> {
  /** The result is complete. */
  readonly whole: boolean;
  readonly cache?: "HIT" | "MISS" | "BYPASS";
  /** The model of a stored answer. */
  readonly servedFromCache?: MeteredModel | undefined;
  readonly outcome?:
    | (Pick<ProviderOutcome, "responseModel" | "finishReason"> & Partial<Pick<ProviderOutcome, "reportedUsage">>)
    | undefined;
}

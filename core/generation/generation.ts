import { isOwnKeyOnly } from "#core/catalog/provider-ids.ts";
import { reportedCostPicoUsd } from "#core/catalog/token-usage.ts";
import { budgetNameOf } from "#core/db/budget-period.ts";
import type { AttemptRecord, UsageStatus } from "#core/db/usage-events.ts";
import { type GatewayError, toGatewayError } from "#core/errors.ts";
import { increment } from "#core/observability/metrics.ts";
import { ProviderFailure } from "#core/providers/provider.ts";
import type { Target, TargetModel } from "#core/routing/target.ts";
import { failureToError } from "./failure-to-error.ts";
import { GenerationMoney } from "./generation-money.ts";
import type { AttemptPlan, EarlierEnd, GenerationEnd, GenerationOptions, KeepContent } from "./generation-parts.ts";
import { servedHeaders } from "./headers.ts";
import { reportContentFailure, reportGeneration, reportLateError } from "./report.ts";
import { type AttemptsResult, runAttempts } from "./run-attempts.ts";
import { totalCost } from "./settlement.ts";
import type { GenerationCost } from "./unanswered-cost.ts";
import { type MeteredModel, UsageRow } from "./usage-row.ts";

/**
 * One piece of work that a provider is paid for: its usage row, its attempts, the target that served, the error that it
 * ended in, and its cost.
 * Fields: the facts of one generation, each of which is known at another time.
 */
export class Generation {
  readonly attempts: AttemptRecord[] = [];
  readonly #options: GenerationOptions;
  readonly #row: UsageRow;
  #served: Target<TargetModel> | undefined;
  readonly #money = new GenerationMoney();
  #providerMs = 0;
  #firstResultAt: number | undefined;
  #error: GatewayError | undefined;
  #headers: Record<string, string> | undefined;
  #keep: KeepContent | undefined;

  constructor(options: GenerationOptions) {
    this.#options = options;
    const { call, caller, numberInRun, openForMs = 0 } = options;
    const startedAtMs = options.startedAtMs ?? call.startedAtMs;
    this.#row = new UsageRow({
      userId: caller.principal.userId,
      keyId: caller.principal.keyId,
      requestId: call.requestId,
      day: options.day,
      generation: numberInRun ?? 0,
      runId: numberInRun === undefined ? undefined : call.requestId,
      route: call.route.id,
      tags: call.tags,
      keyTags: caller.principal.limits?.keyTags,
      budget: budgetNameOf(caller.principal.limits?.budget, call.startedAtMs),
      contentDays: caller.principal.limits?.contentDays,
      dialect: options.dialect,
      model: options.asked,
      askedModel: options.askedModel,
      byok: this.#paidByCaller,
      streamed: options.streamed,
      reservePicoUsd: options.reservePicoUsd,
      startedAtMs,
      untilMs: Math.max(call.lambdaDeadlineMs, startedAtMs + openForMs),
    });
  }

  get error(): GatewayError | undefined {
    return this.#error;
  }

  /** The model that served, or the one that was asked for. */
  get servedModel(): MeteredModel {
    return this.#servedModel(undefined);
  }

  /** The caller's own key pays, or would have paid. */
  get byok(): boolean {
    return this.#served?.byok ?? this.#paidByCaller;
  }

  /** Writes the open usage row. @throws AwsError */
  openRow(): Promise<void> {
    return this.#row.open();
  }

  /** Deletes the open row, of a request that never was one. @throws AwsError */
  discardRow(): Promise<void> {
    return this.#row.discard();
  }

  /** Notes how what is asked and answered is kept, of a key that records it. */
  record(keep: KeepContent): void {
    this.#keep = keep;
  }

  /** Keeps what was asked and answered, if it is to be. A request does not fail because it could not be recorded. */
  keepContent(): Promise<void> | undefined {
    return this.#keep?.(this.attempts.length > 0).catch(reportContentFailure(this.#options.call));
  }

  /** Notes who will serve before anything is attempted: the key that pays is known after round 2. */
  serveWith(target: Target<TargetModel>): void {
    this.#served = target;
  }

  /** Tries targets until one replies. @throws GatewayError */
  async attempt<Model extends TargetModel, Reply>(
    plan: AttemptPlan<Model, Reply>,
  ): Promise<AttemptsResult<Model, Reply>> {
    const { scope, streamed } = this.#options;
    const { until, namedFallbacks = 0, hasTools = false, ...tries } = plan;
    this.#money.payFrom(plan.money?.purse);
    const result = await runAttempts({
      ...tries,
      namedFallbacks,
      hasTools,
      streamed,
      signal: until?.signal ?? scope.signal,
      abortReason: until?.reason ?? (() => scope.reason),
      remainingMs: () => scope.remainingMs(),
      onAttempt: (attempt, spent) => {
        const startedMs = Math.round(performance.now() - this.#startedAt) - attempt.latencyMs;
        this.attempts.push({ ...attempt, startedMs: Math.max(0, startedMs) });
        this.#money.noteFailed(spent);
      },
    });
    this.#served = result.target;
    this.#money.noteAnswered(result.grantedPicoUsd, result.target.byok);
    this.#providerMs += result.providerMs;
    this.#firstResultAt ??= performance.now();
    return result;
  }

  /** Notes a failure for the usage event and turns it into what the caller sees. The first one counts. */
  fail(thrown: unknown, until?: EarlierEnd): GatewayError {
    this.#error ??= this.#toError(thrown, until);
    return this.#error;
  }

  /** The same for a failure after the status line, which nobody else would log. */
  readonly failLate = (thrown: unknown): GatewayError => {
    const error = this.fail(thrown);
    if (error.code === "INTERNAL_ERROR") reportLateError(this.#options.call, error.cause ?? thrown);
    return error;
  };

  /** Headers that name what served. */
  headers(served: {
    readonly simulated: boolean;
    readonly warnings?: readonly string[];
    readonly cache?: "HIT" | "MISS" | "BYPASS";
    /** The model of a stored answer. */
    readonly fromCache?: MeteredModel;
  }): Record<string, string> {
    const { fromCache, ...facts } = served;
    this.#headers = servedHeaders({
      ...facts,
      startedAt: this.#startedAt,
      providerMs: this.#providerMs,
      model: this.#servedModel(fromCache),
      attempts: this.attempts.length,
    });
    return this.#headers;
  }

  /** What the generation costs if it ends like this. */
  costOf({ usage, unitCost, servedFromCache, outcome }: GenerationEnd): GenerationCost {
    const { catalog } = this.#servedModel(servedFromCache);
    const cacheHit = servedFromCache !== undefined;
    const charge = {
      usage,
      unitCost,
      catalog,
      byok: this.byok && !cacheHit,
      cacheHit,
      grantedPicoUsd: this.#money.grantedPicoUsd,
      spentBefore: this.#money.spentBefore,
      reportedCostPicoUsd: reportedCostPicoUsd(outcome?.reportedUsage),
    };
    return totalCost(charge, this.attempts);
  }

  /** Settles the usage row exactly once. Resolves to the cost. @throws AwsError */
  async settle(end: GenerationEnd): Promise<GenerationCost> {
    const cost = this.costOf(end);
    const { unitCost, servedFromCache } = end;
    this.#money.settle(cost);
    // Before the row is settled: an export of the row finds its content.
    await this.keepContent();
    await this.#row.settle({
      status: this.#status(end),
      code: this.#error?.code,
      served: this.#servedModel(servedFromCache),
      byok: this.byok && servedFromCache === undefined,
      cacheHit: servedFromCache !== undefined,
      // Its owner sees when a key was last used. One whose turn never came was not.
      providerKeyId: this.attempts.length === 0 ? undefined : this.#served?.providerKeyId,
      cost,
      units: unitCost,
      providerCostPicoUsd: reportedCostPicoUsd(end.outcome?.reportedUsage),
      cache: end.cache,
      finishReason: end.outcome?.finishReason,
      findings: this.#options.call.guardrailFindings,
      headers: this.#headers,
      attempts: this.attempts,
      latencyMs: performance.now() - this.#startedAt,
      timeToFirstTokenMs: this.#timeToFirstTokenMs,
    });
    return cost;
  }

  /** Puts the generation on its request's log line and metrics. Without a cost its row is still open. */
  report(end: GenerationEnd, cost: GenerationCost | undefined): void {
    const { call, operation, asked, streamed } = this.#options;
    const served = this.#servedModel(end.servedFromCache);
    if (this.#error !== undefined) call.errorCode = this.#error.code;
    reportGeneration(call, {
      operation,
      asked,
      served,
      // A name that a caller's own key serves may be free-form, and so is never a metric's dimension.
      listedModel: operation === "media" ? served.id : isOwnKeyOnly(served) ? undefined : served.catalog?.id,
      outcome: end.outcome,
      cost,
      units: end.unitCost,
      status: cost === undefined ? "open" : this.#status(end),
      streamed,
      cache: end.cache ?? "BYPASS",
      byok: this.byok && end.servedFromCache === undefined,
      attempts: this.attempts,
      timeToFirstTokenMs: this.#timeToFirstTokenMs,
    });
  }

  get #paidByCaller(): boolean {
    const { byok, caller } = this.#options;
    return byok ?? caller.providerKeySlug !== undefined;
  }

  get #startedAt(): number {
    return this.#options.startedAt ?? this.#options.call.startedAt;
  }

  /** Media and embeddings have no first token. */
  get #timeToFirstTokenMs(): number | undefined {
    if (this.#options.operation !== "chat" || this.#firstResultAt === undefined) return undefined;
    return this.#firstResultAt - this.#startedAt;
  }

  #servedModel(fromCache: MeteredModel | undefined): MeteredModel {
    return fromCache ?? this.#served?.model ?? this.#options.asked;
  }

  #status({ whole }: GenerationEnd): UsageStatus {
    if (whole && this.#error === undefined) return "ok";
    return this.#options.scope.wasCancelled ? "cancelled" : "error";
  }

  #toError(thrown: unknown, until: EarlierEnd | undefined): GatewayError {
    const { scope } = this.#options;
    if (until?.signal.aborted === true) return until.reason();
    if (scope.signal.aborted) return scope.reason;
    if (!(thrown instanceof ProviderFailure)) return toGatewayError(thrown);
    // The answer broke after it began: nothing else is tried.
    increment("ProviderFailures");
    const attempts = this.attempts.slice(-1);
    return failureToError(thrown, { byok: this.byok, attempts, fellBack: false, hasTools: false });
  }
}

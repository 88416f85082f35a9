import type { KeyPrincipal } from "#core/auth/principal.ts";
import { toUsd } from "#core/catalog/cost.ts";
import type { MediaModel } from "#core/catalog/media-models.ts";
import { noTokens } from "#core/catalog/token-usage.ts";
import { RequestScope } from "#core/chat/request-scope.ts";
import type { RequestContext } from "#core/context.ts";
import { readProviderKeys } from "#core/db/provider-key-rows.ts";
import type { AttemptRecord } from "#core/db/usage-events.ts";
import { GatewayError, toGatewayError } from "#core/errors.ts";
import { increment } from "#core/observability/metrics.ts";
import { ProviderFailure } from "#core/providers/provider.ts";
import { failureToError } from "#core/routing/failure-to-error.ts";
import { allEnded } from "#core/usage/end-of-request.ts";
import { GenerationRow, type UnitCost } from "#core/usage/meter.ts";
import { Place } from "#core/usage/place.ts";
import { choosePayingKey, type MediaCredential, openCredential } from "./credential.ts";
import { ProviderTries } from "./provider-tries.ts";
import { nothingMade, type Quote, spendOf, toUnitCost } from "./quote.ts";

export interface MediaRunOptions {
  readonly context: RequestContext;
  readonly principal: KeyPrincipal;
  /** `X-Provider-Key`: pays with this key, never with the platform's. */
  readonly providerKeySlug: string | undefined;
  readonly model: MediaModel;
  readonly quote: Quote;
  /** Ms for the whole request. */
  readonly timeoutMs: number;
  readonly streamed?: boolean;
  /** How long the usage row may stay open, ms: a job's row outlives the request that started it. */
  readonly openForMs?: number;
}

/**
 * One request for media from its admission to its settled usage: the place among the user's open requests, the usage row,
 * whose key pays, the deadline, retries and what it came to. One is made for each request and used once.
 */
export class MediaRun {
  readonly #options: MediaRunOptions;
  readonly #scope: RequestScope;
  readonly #place: Place;
  readonly #row: GenerationRow;
  readonly #tries: ProviderTries;
  #credential: MediaCredential | undefined;
  #byok = false;
  #error: GatewayError | undefined;
  #made: Quote | undefined;
  #mayHaveMade = false;
  #handedOver = false;

  constructor(options: MediaRunOptions) {
    this.#options = options;
    const { context, principal, model, quote, timeoutMs, providerKeySlug } = options;
    const { requestId, startedAtMs, lambdaDeadlineMs } = context;
    const { userId, keyId } = principal;
    const reservePicoUsd = providerKeySlug === undefined ? spendOf(quote) : 0n;
    this.#byok = providerKeySlug !== undefined;
    this.#scope = new RequestScope({ userId, requestId, timeoutMs, startedAtMs, lambdaDeadlineMs });
    this.#tries = new ProviderTries({
      model,
      signal: this.#scope.signal,
      remainingMs: () => this.#scope.remainingMs(),
    });
    this.#place = new Place({ userId, requestId, reservePicoUsd, startedAtMs, untilMs: lambdaDeadlineMs });
    this.#row = new GenerationRow(
      {
        userId,
        keyId,
        requestId,
        generation: 0,
        route: context.route.id,
        model: { ...model, catalog: undefined },
        byok: this.#byok,
        streamed: options.streamed ?? false,
        reservePicoUsd,
        startedAtMs,
        untilMs: Math.max(lambdaDeadlineMs, startedAtMs + (options.openForMs ?? 0)),
      },
      this.#place.day,
    );
    // Runs after the answer has ended, however it ended, and is awaited before the function returns.
    context.afterwards.push(() => this.#settle());
  }

  get signal(): AbortSignal {
    return this.#scope.signal;
  }

  get userId(): string {
    return this.#options.principal.userId;
  }

  get byok(): boolean {
    return this.#byok;
  }

  get quote(): Quote {
    return this.#options.quote;
  }

  get model(): MediaModel {
    return this.#options.model;
  }

  /** The tries at the provider so far. */
  get attempts(): readonly AttemptRecord[] {
    return this.#tries.attempts;
  }

  /** UTC day that the usage and its money are booked on. */
  get day(): string {
    return this.#place.day;
  }

  remainingMs(): number {
    return this.#scope.remainingMs();
  }

  /** Round 2: admission and the open row beside the caller's provider keys; then the key that pays. @throws GatewayError */
  async open(): Promise<MediaCredential> {
    const { principal, model, providerKeySlug } = this.#options;
    return this.guard(async () => {
      const [refusal, rows] = await Promise.all([
        Promise.all([this.#place.take(), this.#row.open()]).then(
          () => undefined,
          (error: unknown) => error,
        ),
        readProviderKeys(principal.userId),
      ]);
      const paying = choosePayingKey(model.provider, rows, providerKeySlug);
      this.#byok = paying !== undefined;
      if (refusal !== undefined) {
        // Today's cap on platform money is reached: what the caller's own key pays for goes on.
        const overCap = refusal instanceof GatewayError && refusal.code === "SPEND_LIMIT_EXCEEDED";
        if (!overCap || paying === undefined) throw refusal;
        await this.#place.takeUnpaid();
      }
      this.#credential = await openCredential(model.provider, paying);
      return this.#credential;
    });
  }

  /** Runs a part of the request; what it throws becomes the request's error. @throws GatewayError */
  async guard<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (thrown) {
      throw this.fail(thrown);
    }
  }

  /** One call that makes the provider work (core/media/provider-tries.ts). @throws ProviderFailure */
  attempt<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#tries.attempt(work);
  }

  /** A question to the provider that costs nothing. @throws ProviderFailure */
  ask<Result>(question: () => Promise<Result>): Promise<Result> {
    return this.#tries.ask(question);
  }

  /** From here on the provider works, and charges also for what we do not wait for. */
  underWay(): void {
    this.#mayHaveMade = true;
  }

  /** The provider itself ended the work without a result: it charges nothing. */
  madeNothing(): void {
    this.#mayHaveMade = false;
  }

  /** The request's result is whole. */
  succeed(made: Partial<Quote> = {}): void {
    this.#made = { ...this.#options.quote, ...made };
  }

  /** At list price; undefined for an unknown one. */
  get costPicoUsd(): bigint | undefined {
    return (this.#made ?? this.#options.quote).costPicoUsd;
  }

  /** The same in USD, for answers. */
  get costUsd(): number | null {
    const cost = this.costPicoUsd;
    return cost === undefined ? null : toUsd(cost);
  }

  /** The usage row stays open: whoever sees the job's end settles it. The reservation stays booked. */
  handOver(): void {
    this.#handedOver = true;
  }

  /** What was thrown as the caller sees it; the request ends in it. */
  fail(thrown: unknown): GatewayError {
    this.#error = this.#toError(thrown);
    return this.#error;
  }

  /** Headers that tell what served. */
  headers(simulated: boolean): Record<string, string> {
    const { model, context } = this.#options;
    const overheadMs = performance.now() - context.startedAt - this.#tries.providerMs;
    increment("GatewayOverheadMs", Math.round(overheadMs));
    return {
      "x-model-used": model.id,
      "x-provider-used": simulated ? `${model.provider} (simulated)` : model.provider,
      "x-attempts": String(Math.max(1, this.attempts.length)),
      "x-gateway-overhead-ms": Math.max(0, overheadMs).toFixed(1),
    };
  }

  #toError(thrown: unknown): GatewayError {
    // Whatever waits throws the signal's own reason.
    if (thrown === this.signal.reason && this.signal.aborted) return this.#scope.reason;
    if (thrown instanceof GatewayError) return thrown;
    if (this.signal.aborted) return this.#scope.reason;
    if (!(thrown instanceof ProviderFailure)) return toGatewayError(thrown);
    // Several images are several calls: those that went well are no failures of the model.
    const attempts = this.attempts.filter(({ result }) => result !== "ok");
    return failureToError(thrown, { byok: this.#byok, attempts, fellBack: false, hasTools: false });
  }

  #unitCost(): UnitCost {
    const { quote } = this.#options;
    if (this.#made !== undefined) return toUnitCost(this.#made);
    return this.#mayHaveMade ? toUnitCost(quote) : nothingMade(quote);
  }

  async #settle(): Promise<void> {
    this.#scope.close();
    const { context, model, quote } = this.#options;
    const byok = this.#byok;
    if (this.#handedOver) {
      await this.#place.giveBack(byok ? 0n : spendOf(quote));
      this.#report("ok", undefined);
      return;
    }
    const failed = this.#error !== undefined || this.#made === undefined;
    const status = !failed ? "ok" : this.#scope.wasCancelled ? "cancelled" : "error";
    const unitCost = this.#unitCost();
    const [{ costPicoUsd }] = await allEnded([
      this.#row.settle({
        status,
        code: this.#error?.code,
        usage: { ...noTokens, estimated: failed && this.#mayHaveMade },
        served: { ...model, catalog: undefined },
        unitCost,
        byok,
        attempts: this.attempts,
        latencyMs: performance.now() - context.startedAt,
        timeToFirstTokenMs: undefined,
      }),
      this.#place.giveBack(byok ? 0n : unitCost.spendPicoUsd),
    ]);
    if (this.#error !== undefined) context.errorCode = this.#error.code;
    this.#report(status, costPicoUsd);
  }

  #report(status: string, costPicoUsd: bigint | undefined): void {
    const { context, model } = this.#options;
    context.metricModel = model.id;
    context.metricProvider = model.provider;
    increment("Attempts", this.attempts.length);
    if (costPicoUsd !== undefined) increment("CostMicroUsd", Number(costPicoUsd / 1_000_000n));
    else if (!this.#handedOver) increment("UnpricedRequests");
    const { unit, units } = this.#made ?? this.#options.quote;
    Object.assign(context.log, {
      "gen_ai.operation.name": "media",
      "gen_ai.provider.name": model.provider,
      "gen_ai.request.model": model.id,
      usage_status: this.#handedOver ? "open" : status,
      usage_unit: unit,
      usage_units: units,
      cost_usd: costPicoUsd === undefined ? null : toUsd(costPicoUsd),
      byok: this.#byok,
      attempts: this.attempts.map(({ provider, result }) => `${provider}:${result}`),
    });
  }
}

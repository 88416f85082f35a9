import { toUsd } from "#core/catalog/cost.ts";
import type { MediaModel } from "#core/catalog/media-models.ts";
import { noTokens } from "#core/catalog/token-usage.ts";
import type { RequestContext } from "#core/context.ts";
import type { AttemptRecord } from "#core/db/usage-events.ts";
import type { GatewayError } from "#core/errors.ts";
import type { Caller } from "#core/generation/caller.ts";
import { requireCredential } from "#core/generation/credential.ts";
import type { GenerationEnd } from "#core/generation/generation-parts.ts";
import { type MeteredRequest, meteredRequest, openRequest, settleRequest } from "#core/generation/metered-request.ts";
import { requirePrice } from "#core/generation/paid-call.ts";
import { wholeReserve } from "#core/generation/reservation.ts";
import type { UnitCost } from "#core/generation/settlement.ts";
import type { StartingRequest } from "#core/jobs/job-request.ts";
import { keyOf } from "#core/providers/key-of.ts";
import type { MediaCalls } from "#core/providers/media/media-calls.ts";
import { afterAcceptance, type KeyCredential, mayBeBilled, ProviderFailure } from "#core/providers/provider.ts";
import { askAgain } from "#core/routing/ask-again.ts";
import type { Target } from "#core/routing/target.ts";
import { nothingMade, type Quote, spendOf, toUnitCost } from "./quote.ts";

export interface MediaRunOptions extends Caller {
  readonly context: RequestContext;
  readonly model: MediaModel;
  readonly quote: Quote;
  /** For the whole request, ms. */
  readonly timeoutMs: number;
  /** Texts that are asked with, for keys that record content. */
  readonly prompt?: readonly (string | null | undefined)[];
  readonly streamed?: boolean;
  /** How long the usage row may stay open, ms: a job's row outlives the request that started it. */
  readonly openForMs?: number;
}

const retries = 2;

/** The provider has a request for paid work and has not refused it, so it may be working, even if nobody waits. */
const mayBeWorking = (thrown: unknown): boolean => thrown instanceof ProviderFailure && mayBeBilled(thrown);

/** Whether the provider certainly did nothing. Otherwise the work may be running, and a retry would be paid for twice. */
const didNothing = (failure: ProviderFailure): boolean =>
  failure.kind === "rate-limit" || (failure.kind === "server" && failure.status === 503);

/** A media request on top of a generation: its quote, and its result. Used once. */
export class MediaRun implements MediaCalls, StartingRequest {
  readonly #options: MediaRunOptions;
  readonly #metered: MeteredRequest;
  #target: Target<MediaModel> | undefined;
  #made: Quote | undefined;
  #mayHaveMade = false;
  #handedOver = false;
  #estimated = false;
  #handOverNoted: Promise<void> | undefined;

  constructor(options: MediaRunOptions) {
    this.#options = options;
    const { context, principal, providerKeySlug, model, quote, timeoutMs, openForMs } = options;
    this.#metered = meteredRequest({
      call: context,
      caller: { principal, providerKeySlug },
      operation: "media",
      asked: model,
      streamed: options.streamed ?? false,
      reserve: wholeReserve(spendOf(quote)),
      timeoutMs,
      ...(openForMs === undefined ? {} : { openForMs }),
    });
    if (this.contentDays !== undefined) this.#metered.generation.record((wasSent) => this.#keep(wasSent));
    // Runs after the answer has ended, in success or failure, and before the function returns.
    context.deferred.push(() => this.#settle());
  }

  get signal(): AbortSignal {
    return this.#metered.scope.signal;
  }

  get userId(): string {
    return this.#options.principal.userId;
  }

  /** Of a key that records content: how long that is kept. */
  get contentDays(): number | undefined {
    const { prompt, principal } = this.#options;
    return prompt?.some(Boolean) === true ? principal.limits?.contentDays : undefined;
  }

  /** The API key that asks. */
  get keyId(): string {
    return this.#options.principal.keyId;
  }

  get byok(): boolean {
    return this.#metered.generation.byok;
  }

  get quote(): Quote {
    return this.#options.quote;
  }

  get model(): MediaModel {
    return this.#options.model;
  }

  get attempts(): readonly AttemptRecord[] {
    return this.#metered.generation.attempts;
  }

  /** UTC day on which the usage and its money are booked. */
  get day(): string {
    return this.#metered.admission.day;
  }

  remainingMs(): number {
    return this.#metered.scope.remainingMs();
  }

  /** Booked against the daily cap; nothing when the caller's own key pays. */
  get bookedPicoUsd(): bigint {
    return this.byok ? 0n : spendOf(this.quote);
  }

  /** The budget of the calling key that counts the request, and what is booked of it. */
  get bookedBudget(): { readonly name: string; readonly bookedPicoUsd: bigint } | undefined {
    const name = this.#metered.admission.budgetOf(this.byok);
    return name === undefined ? undefined : { name, bookedPicoUsd: spendOf(this.quote) };
  }

  /** Round 2, then the key that pays. @throws GatewayError */
  async open(): Promise<KeyCredential> {
    const { principal, providerKeySlug, model } = this.#options;
    return this.guard(async () => {
      const { targets } = await openRequest(this.#metered, { principal, providerKeySlug }, [{ model }]);
      const [target] = targets;
      this.#target = target;
      this.#metered.generation.serveWith(target);
      if (!target.byok) requirePrice(model, this.quote.costPicoUsd !== undefined);
      return keyOf(requireCredential(model.provider, await target.credential()));
    });
  }

  /** Runs a part of the request. An error that it throws becomes the request's error. @throws GatewayError */
  async guard<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (thrown) {
      throw this.fail(thrown);
    }
  }

  /** One call that starts paid work. It is repeated only when the provider certainly did nothing. @throws GatewayError */
  async attempt<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#target === undefined) throw new Error("The request was not opened");
    await this.#noteHandOver();
    const call = (): Promise<Result> =>
      work().catch((thrown: unknown) => {
        if (mayBeWorking(thrown)) this.underWay();
        throw thrown;
      });
    const plan = { targets: [this.#target], retries, mayRetry: didNothing, call };
    const { reply } = await this.#metered.generation.attempt(plan);
    // Whatever the answer turns out to be, it is one.
    this.underWay();
    return reply;
  }

  /** A question about accepted work: repeated after transient failures, without an attempt record. @throws ProviderFailure */
  async ask<Result>(question: () => Promise<Result>): Promise<Result> {
    try {
      return await askAgain(question, { signal: this.signal, remainingMs: () => this.remainingMs() });
    } catch (thrown) {
      // A refused question is no refusal of the work.
      throw afterAcceptance(thrown);
    }
  }

  /** The provider has started, and charges even if nobody waits for the result. */
  underWay(): void {
    this.#mayHaveMade = true;
    this.#options.context.handedOver = true;
  }

  /** The provider ended the work without a result, and charges nothing. */
  madeNothing(): void {
    this.#mayHaveMade = false;
    this.#options.context.handedOver = false;
  }

  /** There is no result, but the provider may charge this much. */
  mayHaveMade(made: Partial<Quote>): void {
    this.underWay();
    this.succeed(made, true);
  }

  /** The request's result is complete. `estimated`: some of what it may have cost was not seen. */
  succeed(made: Partial<Quote> = {}, estimated = false): void {
    this.#made = { ...this.#options.quote, ...made };
    this.#estimated = estimated;
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

  /** Leaves the usage row open for the job's end to settle. The reservation stays booked. */
  handOver(): void {
    this.#handedOver = true;
  }

  /** Ends the request in an error, and returns the error that the caller sees. */
  fail(thrown: unknown): GatewayError {
    return this.#metered.generation.fail(thrown);
  }

  /** Headers that name the model, provider and attempts. */
  headers(simulated: boolean): Record<string, string> {
    return this.#metered.generation.headers({ simulated });
  }

  async #keep(wasSent: boolean): Promise<void> {
    const { context: call, principal, providerKeySlug, prompt: texts = [] } = this.#options;
    const { keepContent } = await import("#core/generation/keep-content.ts");
    await keepContent({ call, caller: { principal, providerKeySlug } }, { prompt: { texts } }, wasSent);
  }

  /** Once, however many images are made at the same time. What costs nothing may be made again. */
  #noteHandOver(): Promise<void> {
    const note = spendOf(this.quote) === 0n ? undefined : this.#options.context.beforeHandOver;
    this.#handOverNoted ??= note?.() ?? Promise.resolve();
    return this.#handOverNoted;
  }

  get #unitCost(): UnitCost {
    const { quote } = this.#options;
    if (this.#made !== undefined) return toUnitCost(this.#made);
    return this.#mayHaveMade || this.#handedOver ? toUnitCost(quote) : nothingMade(quote);
  }

  async #settle(): Promise<void> {
    const failed = this.#metered.generation.error !== undefined || this.#made === undefined;
    const end: GenerationEnd = {
      whole: !failed,
      usage: { ...noTokens, estimated: this.#estimated || (failed && this.#mayHaveMade) },
      unitCost: this.#unitCost,
    };
    await settleRequest(this.#metered, end, { rowStaysOpen: this.#handedOver });
  }
}

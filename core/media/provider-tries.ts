import type { MediaModel } from "#core/catalog/media-models.ts";
import type { AttemptRecord } from "#core/db/usage-events.ts";
import { increment } from "#core/observability/metrics.ts";
import { ProviderFailure } from "#core/providers/provider.ts";
import { isPassing, pause, retryDelayMs } from "#core/routing/retry.ts";

const retries = 2;
/** Questions about work that is paid already are worth more patience. */
const maxQuestions = 4;

const didNothing = (failure: ProviderFailure): boolean =>
  failure.kind === "rate-limit" || (failure.kind === "server" && failure.status === 503);

export interface TriesOptions {
  readonly model: Pick<MediaModel, "id" | "provider">;
  readonly signal: AbortSignal;
  /** Of the whole request. */
  readonly remainingMs: () => number;
}

/** A request's calls to the provider of its media, with their tries on record. */
export class ProviderTries {
  readonly #options: TriesOptions;
  readonly #attempts: AttemptRecord[] = [];
  #providerMs = 0;

  constructor(options: TriesOptions) {
    this.#options = options;
  }

  /** The tries of work so far; questions are none. */
  get attempts(): readonly AttemptRecord[] {
    return this.#attempts;
  }

  /** What these took together, ms. */
  get providerMs(): number {
    return this.#providerMs;
  }

  /**
   * One call that makes the provider work. It is made again only where the provider surely did nothing: work that is lost
   * from sight may be under way, and would be paid twice. @throws ProviderFailure
   */
  async attempt<Result>(work: () => Promise<Result>): Promise<Result> {
    const { signal, remainingMs } = this.#options;
    for (let tryNumber = 0; ; tryNumber++) {
      const startedAt = performance.now();
      try {
        const result = await work();
        this.#record(startedAt, undefined);
        return result;
      } catch (error) {
        if (!(error instanceof ProviderFailure) || signal.aborted) throw error;
        this.#record(startedAt, error);
        increment("ProviderFailures");
        const delayMs = retryDelayMs(error, tryNumber, remainingMs());
        if (!didNothing(error) || tryNumber >= retries || delayMs === undefined) throw error;
        await pause(delayMs, signal);
      }
    }
  }

  /** A question that costs nothing: asked again after passing failures, without a record. @throws ProviderFailure */
  async ask<Result>(question: () => Promise<Result>): Promise<Result> {
    const { signal, remainingMs } = this.#options;
    for (let tryNumber = 0; ; tryNumber++) {
      try {
        return await question();
      } catch (error) {
        if (!(error instanceof ProviderFailure) || signal.aborted || !isPassing(error)) throw error;
        const delayMs = retryDelayMs(error, tryNumber, remainingMs());
        if (tryNumber >= maxQuestions || delayMs === undefined) throw error;
        await pause(delayMs, signal);
      }
    }
  }

  #record(startedAt: number, failure: ProviderFailure | undefined): void {
    const latencyMs = performance.now() - startedAt;
    this.#providerMs += latencyMs;
    const { id, provider } = this.#options.model;
    this.#attempts.push({
      model: id,
      provider,
      result: failure?.kind ?? "ok",
      status: failure === undefined ? 200 : (failure.status ?? null),
      latencyMs: Math.round(latencyMs),
    });
  }
}

import { fromUsd } from "#core/catalog/cost.ts";
import type { TokenUsage } from "#core/catalog/token-usage.ts";
import { GatewayError } from "#core/errors.ts";
import type { Admission } from "#core/generation/admission.ts";
import { costForReserve } from "#core/generation/reservation.ts";
import type { GenerationCost } from "#core/generation/unused.ts";
import { increment } from "#core/observability/metrics.ts";

/** Tokens and cost of everything that a run has done. */
export interface RunTotals {
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Unknown when one model's price is. */
  readonly costPicoUsd: bigint | undefined;
}

/** The money of a run: what its calls reserve from the daily cap, what they have used, and the caller's own limit. */
export class RunBudget {
  readonly #admission: Admission;
  readonly #maxCostUsd: number | undefined;
  #spent = 0n;
  /** Counted against the caller's limit: an unknown price as the highest one. */
  #limited = 0n;
  #totals: RunTotals = { inputTokens: 0, outputTokens: 0, costPicoUsd: 0n };
  /** Reserved by running calls that have not settled yet. */
  #underWay = 0n;
  #reserving: Promise<void> = Promise.resolve();

  constructor(admission: Admission, maxCostUsd: number | undefined) {
    this.#admission = admission;
    this.#maxCostUsd = maxCostUsd;
  }

  get totals(): RunTotals {
    return this.#totals;
  }

  /** Whether the run has used up the cost that its caller allows. */
  get overCost(): boolean {
    return this.#maxCostUsd !== undefined && this.#limited >= fromUsd(this.#maxCostUsd);
  }

  /** Ends the run's admission. */
  close(): Promise<void> {
    return this.#admission.close(this.#spent);
  }

  /**
   * Makes sure that the reservation covers this much more. One call at a time: each looks at what the one before it left.
   * @throws GatewayError SPEND_LIMIT_EXCEEDED
   */
  reserve(picoUsd: bigint): Promise<void> {
    const mine = this.#reserving.then(() => this.#cover(picoUsd));
    this.#reserving = mine.catch(() => undefined);
    return mine;
  }

  /** The same for an answer that outgrows its reservation. False when the daily cap forbids it. */
  async mayReserve(picoUsd: bigint): Promise<boolean> {
    try {
      await this.reserve(picoUsd);
      return true;
    } catch (error) {
      if (error instanceof GatewayError && error.code === "SPEND_LIMIT_EXCEEDED") return false;
      throw error;
    }
  }

  /** Books what a call has used in place of what it had reserved. */
  settle(reservedPicoUsd: bigint, usage: TokenUsage, { costPicoUsd: cost, spentPicoUsd }: GenerationCost): void {
    this.#underWay -= reservedPicoUsd;
    this.#spent += spentPicoUsd;
    this.#limited += cost ?? costForReserve(undefined, usage);
    const { inputTokens, outputTokens, costPicoUsd } = this.#totals;
    this.#totals = {
      inputTokens: inputTokens + usage.inputTokens,
      outputTokens: outputTokens + usage.outputTokens,
      costPicoUsd: costPicoUsd === undefined || cost === undefined ? undefined : costPicoUsd + cost,
    };
    increment("InputTokens", usage.inputTokens);
    increment("OutputTokens", usage.outputTokens);
    if (cost !== undefined) increment("CostMicroUsd", Number(cost / 1_000_000n));
  }

  async #cover(picoUsd: bigint): Promise<void> {
    if (picoUsd === 0n) return;
    const missing = this.#spent + this.#underWay + picoUsd - this.#admission.reservedPicoUsd;
    if (missing > 0n && !(await this.#admission.extendBy(missing))) {
      throw new GatewayError("SPEND_LIMIT_EXCEEDED", "Today's cap on platform-paid use is reached.", {
        shouldRetry: false,
      });
    }
    this.#underWay += picoUsd;
  }
}

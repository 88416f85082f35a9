import { fromUsd } from "#core/catalog/cost.ts";
import type { Admission, Purse } from "#core/generation/admission.ts";
import { costForReserve } from "#core/generation/reservation.ts";
import { addSpend, noSpend, type Spend } from "#core/generation/spend.ts";
import type { GenerationCost } from "#core/generation/unanswered-cost.ts";
import { increment } from "#core/observability/metrics.ts";

/** Tokens and cost of everything that a run has done. */
export interface RunTotals {
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Unknown when one model's price is. */
  readonly costPicoUsd: bigint | undefined;
}

/**
 * The money of a run: what its calls reserve from the daily cap and the key's budget, what they have used, and the caller's own
 * limit.
 */
export class RunBudget {
  readonly #admission: Admission;
  readonly #maxCostUsd: number | undefined;
  #spent: Spend = noSpend;
  /** Counted against the caller's limit: an unknown price as the highest one. */
  #limited = 0n;
  #totals: RunTotals = { inputTokens: 0, outputTokens: 0, costPicoUsd: 0n };
  /** Calls that are not booked yet. */
  readonly #underWay = new Set<Promise<unknown>>();

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

  /** What its calls are paid from. */
  get purse(): Purse {
    return this.#admission;
  }

  /** Whether a call is not booked yet. */
  get isBusy(): boolean {
    return this.#underWay.size > 0;
  }

  /** Keeps the run's admission until a call has been booked. */
  async during<Result>(call: Promise<Result>): Promise<Result> {
    this.#underWay.add(call);
    try {
      return await call;
    } finally {
      this.#underWay.delete(call);
    }
  }

  /** Ends the run's admission, once every call is booked: one that is still under way costs, too. */
  async close(): Promise<void> {
    while (this.isBusy) await Promise.allSettled(this.#underWay);
    const { inputTokens, outputTokens } = this.#totals;
    await this.#admission.close({ ...this.#spent, tokens: inputTokens + outputTokens });
  }

  /** Books what a call has used. */
  settle({ usage, costPicoUsd: cost, spent }: GenerationCost): void {
    this.#spent = addSpend(this.#spent, spent);
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
}

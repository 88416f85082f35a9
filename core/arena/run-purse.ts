import { fromUsd } from "#core/catalog/cost.ts";
import type { TokenUsage } from "#core/catalog/token-usage.ts";
import { GatewayError } from "#core/errors.ts";
import { increment } from "#core/observability/metrics.ts";
import type { GenerationCost } from "#core/usage/meter.ts";
import { Place } from "#core/usage/place.ts";
import { costForReserve } from "#core/usage/settlement.ts";

/** The money of a run: what its calls reserve of the daily cap, what they have used, and the caller's own limit. */
export class RunPurse {
  readonly #place: Place;
  readonly #maxCostUsd: number | undefined;
  #spent = 0n;
  #cost = 0n;
  #unpriced = false;
  /** What counts against the caller's limit: an unknown price as the dearest one. */
  #limited = 0n;
  #inputTokens = 0;
  #outputTokens = 0;
  /** What calls under way have reserved and not settled yet. */
  #underWay = 0n;
  #reserving: Promise<void> = Promise.resolve();

  constructor(place: ConstructorParameters<typeof Place>[0], maxCostUsd: number | undefined) {
    this.#place = new Place(place);
    this.#maxCostUsd = maxCostUsd;
  }

  /** UTC day that everything is booked on. */
  get day(): string {
    return this.#place.day;
  }

  /** Tokens and cost of everything so far; the cost is unknown when one model's price is. */
  get totals(): {
    readonly inputTokens: number;
    readonly outputTokens: number;
    readonly costPicoUsd: bigint | undefined;
  } {
    return {
      inputTokens: this.#inputTokens,
      outputTokens: this.#outputTokens,
      costPicoUsd: this.#unpriced ? undefined : this.#cost,
    };
  }

  /** Whether the run has used up the cost that its caller allows. */
  get overCost(): boolean {
    return this.#maxCostUsd !== undefined && this.#limited >= fromUsd(this.#maxCostUsd);
  }

  /** Takes the place with its first reservation. @throws GatewayError */
  take(): Promise<void> {
    return this.#place.take();
  }

  /** After a refusal for money: the place once more, where the caller's own keys pay. @throws GatewayError */
  takeUnpaid(): Promise<void> {
    return this.#place.takeUnpaid();
  }

  giveBack(): Promise<void> {
    return this.#place.giveBack(this.#spent);
  }

  /** Makes sure that the reservation covers so much more. One at a time: each looks at what the last one left. @throws GatewayError SPEND_LIMIT_EXCEEDED */
  reserve(picoUsd: bigint): Promise<void> {
    const mine = this.#reserving.then(() => this.#cover(picoUsd));
    this.#reserving = mine.catch(() => undefined);
    return mine;
  }

  /** The same for an answer that outgrows its reservation; false when the daily cap forbids it. */
  async mayReserve(picoUsd: bigint): Promise<boolean> {
    try {
      await this.reserve(picoUsd);
      return true;
    } catch (error) {
      if (error instanceof GatewayError && error.code === "SPEND_LIMIT_EXCEEDED") return false;
      throw error;
    }
  }

  /** Books what a call has used, in the place of what it had reserved. */
  settle(reservedPicoUsd: bigint, usage: TokenUsage, { costPicoUsd: cost, spentPicoUsd }: GenerationCost): void {
    this.#underWay -= reservedPicoUsd;
    this.#inputTokens += usage.inputTokens;
    this.#outputTokens += usage.outputTokens;
    this.#spent += spentPicoUsd;
    this.#limited += cost ?? costForReserve(undefined, usage);
    if (cost === undefined) this.#unpriced = true;
    else this.#cost += cost;
    increment("InputTokens", usage.inputTokens);
    increment("OutputTokens", usage.outputTokens);
    if (cost !== undefined) increment("CostMicroUsd", Number(cost / 1_000_000n));
  }

  async #cover(picoUsd: bigint): Promise<void> {
    if (picoUsd === 0n) return;
    const missing = this.#spent + this.#underWay + picoUsd - this.#place.reservedPicoUsd;
    if (missing > 0n && !(await this.#place.extendBy(missing))) {
      throw new GatewayError("SPEND_LIMIT_EXCEEDED", "Today's cap on platform-paid use is reached.", {
        shouldRetry: false,
      });
    }
    this.#underWay += picoUsd;
  }
}

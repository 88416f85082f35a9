import type { Purse } from "./admission.ts";
import type { GenerationCost } from "./unused.ts";

/** What a generation's calls were given of the platform's money, and what they took of it. */
export class GenerationMoney {
  #purse: Purse | undefined;
  #grantedPicoUsd: bigint | undefined;
  #spentBeforePicoUsd = 0n;

  /** Set aside for the call that answered. Undefined where nothing was. */
  get grantedPicoUsd(): bigint | undefined {
    return this.#grantedPicoUsd;
  }

  /** What the attempts before it count against the daily cap. */
  get spentBeforePicoUsd(): bigint {
    return this.#spentBeforePicoUsd;
  }

  payFrom(purse: Purse | undefined): void {
    this.#purse = purse;
  }

  noteFailed(spentPicoUsd: bigint): void {
    this.#spentBeforePicoUsd += spentPicoUsd;
  }

  noteAnswered(grantedPicoUsd: bigint | undefined): void {
    this.#grantedPicoUsd = grantedPicoUsd;
  }

  /** What the answer left of its money is free for the other calls of a run. */
  settle({ spentPicoUsd }: GenerationCost): void {
    const left = (this.#grantedPicoUsd ?? 0n) + this.#spentBeforePicoUsd - spentPicoUsd;
    if (left > 0n) this.#purse?.giveBack(left);
  }
}

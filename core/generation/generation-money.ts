import type { Purse } from "./admission.ts";
import { addSpend, noSpend, type Spend } from "./spend.ts";
import type { GenerationCost } from "./unanswered-cost.ts";

/** What was set aside for a generation's calls, and what they took of it. */
export class GenerationMoney {
  #purse: Purse | undefined;
  #grantedPicoUsd: bigint | undefined;
  #byok = false;
  #spentBefore = noSpend;

  /** Set aside for the call that answered. Undefined where nothing was. */
  get grantedPicoUsd(): bigint | undefined {
    return this.#grantedPicoUsd;
  }

  /** What the attempts before it count. */
  get spentBefore(): Spend {
    return this.#spentBefore;
  }

  payFrom(purse: Purse | undefined): void {
    this.#purse = purse;
  }

  noteFailed(spent: Spend): void {
    this.#spentBefore = addSpend(this.#spentBefore, spent);
  }

  /** @param byok whether the caller's own key pays for it */
  noteAnswered(grantedPicoUsd: bigint | undefined, byok: boolean): void {
    this.#grantedPicoUsd = grantedPicoUsd;
    this.#byok = byok;
  }

  /** What the answer left of its money is free for the other calls of a run. */
  settle({ spent }: GenerationCost): void {
    const part = this.#byok ? "callerPicoUsd" : "platformPicoUsd";
    const left = (this.#grantedPicoUsd ?? 0n) + this.#spentBefore[part] - spent[part];
    if (left > 0n) this.#purse?.giveBack(left, this.#byok);
  }
}

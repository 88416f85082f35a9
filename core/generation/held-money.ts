/** What a request holds of one sum of its user: of the daily cap, or of its key's budget. Pico-dollars. */
export class HeldMoney {
  #reserved = 0n;
  #free = 0n;

  get reserved(): bigint {
    return this.#reserved;
  }

  /** Reserved, and not set aside for a call. */
  get free(): bigint {
    return this.#free;
  }

  add(picoUsd: bigint): void {
    this.#reserved += picoUsd;
    this.#free += picoUsd;
  }

  /** Sets an amount aside for a call. */
  take(picoUsd: bigint): void {
    this.#free -= picoUsd;
  }

  giveBack(picoUsd: bigint): void {
    this.#free += picoUsd;
  }
}

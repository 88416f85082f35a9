/** What counts against limits, by who pays. Pico-dollars. */
export interface Spend {
  /** Against the daily cap and the key's budget. */
  readonly platformPicoUsd: bigint;
  /** On the caller's own provider keys: against a budget that includes them. */
  readonly callerPicoUsd: bigint;
}

export const noSpend: Spend = { platformPicoUsd: 0n, callerPicoUsd: 0n };

export const addSpend = (left: Spend, right: Spend): Spend => ({
  platformPicoUsd: left.platformPicoUsd + right.platformPicoUsd,
  callerPicoUsd: left.callerPicoUsd + right.callerPicoUsd,
});

/** An amount under the one who pays it. */
export const spendBy = (byok: boolean, picoUsd: bigint): Spend =>
  byok ? { platformPicoUsd: 0n, callerPicoUsd: picoUsd } : { platformPicoUsd: picoUsd, callerPicoUsd: 0n };

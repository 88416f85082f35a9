import { budgetAttribute, spendAttribute } from "#core/db/admission-row.ts";
import { settleAndRefund } from "#core/db/settle-and-refund.ts";
import { type SettledUsage, settleUsage } from "#core/db/usage-events.ts";

/** How a job's generation ended, seen by another function than the one that started it. */
export interface JobSettlement {
  readonly usage: SettledUsage & { readonly costPicoUsd: bigint | undefined };
  /** Booked against the daily cap when the job began. */
  readonly bookedPicoUsd: bigint;
  /** The budget that counts the job, and what was booked of it. */
  readonly budget?: { readonly name: string; readonly bookedPicoUsd: bigint } | undefined;
  /** The caller's own key pays: nothing was booked against the cap. */
  readonly byok: boolean;
}

/**
 * Settles a job's usage row and returns the money that was booked for nothing. A second call, or one after a crash half way,
 * changes nothing that is done. @throws AwsError
 */
export const settleJob = async ({ usage, bookedPicoUsd, budget, byok }: JobSettlement): Promise<void> => {
  const unspentOf = (booked: bigint): bigint => booked - (usage.costPicoUsd ?? booked);
  const refunds = [
    { attribute: spendAttribute(usage.day), picoUsd: byok ? 0n : unspentOf(bookedPicoUsd) },
    ...(budget === undefined
      ? []
      : [{ attribute: budgetAttribute(budget.name), picoUsd: unspentOf(budget.bookedPicoUsd) }]),
  ].filter(({ picoUsd }) => picoUsd !== 0n);
  await (refunds.length === 0 ? settleUsage(usage) : settleAndRefund(usage, refunds));
};
